use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use ayumi_chain::{Chain, Network, ProfileError, Wallet};

use crate::args::Global;
use crate::error::{ConfigError, InputError, Result};
use crate::progress::Spinner;
use crate::session::Session;

/// Seconds for which a node that does not answer is asked again, where the network's profile does not say.
const PATIENCE_S: u64 = 30;

/// What a command works with: the shared arguments, and what is made of them when it is asked for.
pub(crate) struct Cx {
    pub(crate) global: Global,
    /// The parsed arguments, to tell where a value came from.
    pub(crate) matches: clap::ArgMatches,
}

impl Cx {
    /// The account's session.
    pub(crate) async fn session(&self) -> Result<Session> {
        let chain = self.chain().await?;
        let session = Session::open(chain, self.wallet()?, &self.state_folder()?).await?;
        Ok(session.observed(Arc::new(Spinner::new())))
    }

    /// A session that only reads.
    pub(crate) async fn reader(&self) -> Result<Session> {
        Ok(Session::reading(self.chain().await?).observed(Arc::new(Spinner::new())))
    }

    /// The chain with the contracts on it.
    pub(crate) async fn chain(&self) -> Result<Chain> {
        let operator = self
            .global
            .network
            .operator
            .ok_or(ConfigError::NoOperator)?;
        self.bare_chain().await?; // fails fast; from here on the node is waited for
        let url = self.global.network.rpc_url.clone();
        Ok(Chain::connect(url, self.patient_network()?, operator).await?)
    }

    /// The chain before there are contracts on it.
    pub(crate) async fn bare_chain(&self) -> Result<Chain> {
        let impatient = Network {
            patience_s: 0,
            ..self.network()?
        };
        Ok(Chain::without_contracts(self.global.network.rpc_url.clone(), impatient).await?)
    }

    /// The network's profile.
    pub(crate) fn network(&self) -> Result<Network> {
        let Some(path) = &self.global.network.network else {
            return Ok(Network::default());
        };
        let network = Network::read(path).map_err(|error| ConfigError::BadNetwork {
            path: path.clone(),
            cause: match error {
                ProfileError::Unreadable { cause, .. } => cause.to_string(),
                ProfileError::Malformed { cause, .. } => cause.to_string().trim_end().to_owned(),
            },
        })?;
        Ok(network)
    }

    /// The profile with the patience of a person.
    pub(crate) fn patient_network(&self) -> Result<Network> {
        let network = self.network()?;
        let patience_s = if network.patience_s == 0 {
            PATIENCE_S
        } else {
            network.patience_s
        };
        Ok(Network {
            patience_s,
            ..network
        })
    }

    /// The account's key, after asking for the password where no file has it.
    pub(crate) fn wallet(&self) -> Result<Wallet> {
        let path = self.keystore()?.ok_or(ConfigError::NoAccount)?;
        if !path.is_file() {
            return Err(ayumi_chain::WalletError::Missing(path).into());
        }
        let password = self.password(&format!("Password of {}: ", path.display()))?;
        Ok(Wallet::open(&path, &password)?)
    }

    /// The keystore's path. What is on the command line counts before the environment.
    pub(crate) fn keystore(&self) -> Result<Option<PathBuf>> {
        let wallet = &self.global.wallet;
        let named = |name: &String| keystores().map(|folder| folder.join(name));
        match (&wallet.keystore, &wallet.account) {
            (Some(_), Some(name)) if self.is_given("account") && !self.is_given("keystore") => {
                named(name).map(Some)
            }
            (Some(path), _) => Ok(Some(path.clone())),
            (None, Some(name)) => named(name).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The password out of its file, or from the terminal.
    pub(crate) fn password(&self, prompt: &str) -> Result<String> {
        let Some(path) = &self.global.wallet.password_file else {
            return ask(prompt);
        };
        let text = fs::read_to_string(path).map_err(|cause| InputError::File {
            path: path.clone(),
            cause,
        })?;
        Ok(text
            .strip_suffix('\n')
            .map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text))
            .to_owned())
    }

    /// Where the state is.
    pub(crate) fn state_folder(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.global.network.state {
            return Ok(folder.clone());
        }
        let data = env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let data = data.or_else(|| Some(env::home_dir()?.join(".local/share")));
        Ok(data.ok_or(ConfigError::NoHome)?.join("ayumi"))
    }

    fn is_given(&self, argument: &str) -> bool {
        source(&self.matches, argument) == Some(clap::parser::ValueSource::CommandLine)
    }
}

/// Where the value of a shared argument came from; it is named as on the command line.
pub(crate) fn source(
    matches: &clap::ArgMatches,
    argument: &str,
) -> Option<clap::parser::ValueSource> {
    let mut deepest = matches;
    while let Some((_, inner)) = deepest.subcommand() {
        deepest = inner;
    }
    deepest.value_source(&format!("global-{argument}"))
}

/// Where Foundry keeps its keystores.
pub(crate) fn keystores() -> Result<PathBuf> {
    let foundry = env::var_os("FOUNDRY_DIR").map(PathBuf::from);
    let foundry = foundry.or_else(|| Some(env::home_dir()?.join(".foundry")));
    Ok(foundry.ok_or(ConfigError::NoHome)?.join("keystores"))
}

/// Asks at the terminal, without showing what is typed.
pub(crate) fn ask(prompt: &str) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(ConfigError::NoPassword.into());
    }
    rpassword::prompt_password(prompt).map_err(|cause| {
        InputError::File {
            path: Path::new("terminal").to_owned(),
            cause,
        }
        .into()
    })
}
