use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use ayumi_chain::Network;
use serde::Deserialize;

/// What `ayumi-solver` is told, in a TOML file. Relative paths start from that file's folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Of the node, `http://…`.
    pub rpc: String,
    /// The address of the `CTIOperator`.
    pub operator: Address,
    /// The solver's keystore.
    pub keystore: PathBuf,
    /// A file with the keystore's password.
    pub password_file: PathBuf,
    /// Where to serve; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database.
    pub store: PathBuf,
    /// Tasks in one transaction, at most. A hundred take some 4.5 million gas.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Profile of the network.
    #[serde(default)]
    pub network: Network,
}

fn default_batch() -> usize {
    100
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {cause}")]
    Unreadable {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is not of its form.
    #[error("the configuration {path} is wrong: {cause}")]
    Malformed {
        /// Of the file.
        path: PathBuf,
        /// Where, and what is expected there.
        cause: toml::de::Error,
    },
}

impl Config {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|cause| ConfigError::Malformed {
            path: path.to_owned(),
            cause,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in [
            &mut config.keystore,
            &mut config.password_file,
            &mut config.store,
        ] {
            *file = folder.join(&*file);
        }
        Ok(config)
    }
}
