use std::env;
use std::path::PathBuf;
use std::time::Duration;

use ayumi_misp_client::{Access, Client, Key};

use crate::error::{ConfigError, Result};

/// The variable with the key, where no file has it.
const KEY_VARIABLE: &str = "AYUMI_MISP_KEY";

/// How a MISP server is entered. The key comes from a file or the environment, never from an argument.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "MISP server")]
pub struct MispArgs {
    /// Base URL of the MISP server
    #[arg(
        long,
        value_name = "URL",
        env = "AYUMI_MISP_URL",
        hide_env_values = true
    )]
    pub misp_url: Option<String>,
    /// File that holds the user's key; without it, `AYUMI_MISP_KEY` does
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_MISP_KEY_FILE",
        hide_env_values = true
    )]
    pub misp_key_file: Option<PathBuf>,
    /// PEM file with the authority of the server's certificate
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_MISP_CA",
        hide_env_values = true
    )]
    pub misp_ca: Option<PathBuf>,
    /// PEM file with a client certificate and its private key
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_MISP_CERT",
        hide_env_values = true
    )]
    pub misp_cert: Option<PathBuf>,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    pub misp_timeout: u64,
}

impl MispArgs {
    /// The server; nothing is asked yet.
    pub(crate) fn client(&self) -> Result<Client> {
        let url = self.misp_url.as_ref().ok_or(ConfigError::NoMisp)?;
        let access = self.entered(Access::new(url, self.key()?)?)?;
        Ok(Client::new(&access)?)
    }

    /// A place that is entered without a key.
    pub(crate) fn open(&self, url: &str) -> Result<Access> {
        self.entered(Access::open(url)?)
    }

    fn entered(&self, access: Access) -> Result<Access> {
        let mut access = access.within(Duration::from_secs(self.misp_timeout));
        if let Some(path) = &self.misp_ca {
            access = access.trusting(path)?;
        }
        if let Some(path) = &self.misp_cert {
            access = access.identified_by(path)?;
        }
        Ok(access)
    }

    fn key(&self) -> Result<Key> {
        if let Some(path) = &self.misp_key_file {
            return Ok(Key::read(path)?);
        }
        let key = env::var(KEY_VARIABLE).map_err(|_| ConfigError::NoMispKey)?;
        Ok(Key::new(&key)?)
    }
}
