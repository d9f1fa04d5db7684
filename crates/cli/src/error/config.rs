use std::path::PathBuf;

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No operator was named.
    #[error("no operator is set")]
    NoOperator,
    /// No account was named.
    #[error("no account is set")]
    NoAccount,
    /// The profile of the network cannot be read.
    #[error("{path} is no network profile: {cause}")]
    BadNetwork {
        /// Of the profile.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// There is neither a password file nor a terminal to ask at.
    #[error("the keystore needs a password, and there is no terminal to ask at")]
    NoPassword,
    /// Two passwords that should be the same are not.
    #[error("the two passwords differ")]
    PasswordsDiffer,
    /// No MISP server was named.
    #[error("no MISP server is set")]
    NoMisp,
    /// The key of the MISP server is nowhere.
    #[error("the key of the MISP server is not set")]
    NoMispKey,
    /// No folder for the state or the keystores is known.
    #[error("there is no home folder to keep the state in")]
    NoHome,
}

impl ConfigError {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::NoOperator => "no-operator-set",
            Self::NoAccount => "no-account-set",
            Self::BadNetwork { .. } => "bad-network",
            Self::NoPassword => "no-password",
            Self::PasswordsDiffer => "passwords-differ",
            Self::NoMisp => "no-misp-set",
            Self::NoMispKey => "no-misp-key",
            Self::NoHome => "no-home",
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NoOperator => {
                "set AYUMI_OPERATOR or --operator to the address that your consortium's governor announced"
            }
            Self::NoAccount => {
                "name a keystore with --account or --keystore, or make one: ayumi account new NAME"
            }
            Self::BadNetwork { .. } => "see `ayumi config` for the settings that a profile has",
            Self::NoPassword => "name the file that holds it with --password-file or ETH_PASSWORD",
            Self::PasswordsDiffer => "type the same password twice",
            Self::NoMisp => "set AYUMI_MISP_URL or --misp-url to the server's base URL",
            Self::NoMispKey => {
                "put the key that MISP shows under your profile into a file for --misp-key-file, or into AYUMI_MISP_KEY"
            }
            Self::NoHome => "set HOME, or AYUMI_STATE and FOUNDRY_DIR",
        }
    }
}
