use std::path::PathBuf;

/// Whose account it is. Secrets come from files or a prompt, never from arguments.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Wallet")]
pub struct WalletArgs {
    /// Keystore file of the account
    #[arg(
        id = "global-keystore",
        long = "keystore",
        global = true,
        value_name = "FILE",
        env = "ETH_KEYSTORE",
        hide_env_values = true
    )]
    pub keystore: Option<PathBuf>,
    /// Name of the account among Foundry's keystores
    #[arg(
        id = "global-account",
        long = "account",
        global = true,
        value_name = "NAME",
        env = "ETH_KEYSTORE_ACCOUNT",
        hide_env_values = true
    )]
    pub account: Option<String>,
    /// File that holds the keystore's password; without it, you are asked
    #[arg(
        id = "global-password-file",
        long = "password-file",
        global = true,
        value_name = "FILE",
        env = "ETH_PASSWORD",
        hide_env_values = true
    )]
    pub password_file: Option<PathBuf>,
}
