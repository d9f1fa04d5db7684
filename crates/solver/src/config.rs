use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::primitives::Address;
use ayumi_chain::{Network, ProfileError};
use ayumi_http::Pem;
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
    /// Where payloads are kept: a folder, or the URL of an object store (`s3://bucket/folder`).
    #[serde(default = "default_assets")]
    pub assets: String,
    /// Tasks in one transaction, at most. A hundred take some 4.5 million gas.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Milliseconds to wait for more receipts before keys are sent.
    #[serde(default = "default_linger")]
    pub linger_ms: u64,
    /// Seconds between two comparisons of the store with what the chain has open.
    #[serde(default = "default_compare")]
    pub compare_s: u64,
    /// What the solver takes upon itself.
    #[serde(default)]
    pub limits: Limits,
    /// The certificate to serve HTTPS with; without it, the solver serves HTTP, and leaves TLS to a proxy.
    #[serde(default)]
    pub tls: Option<Pem>,
    /// Profile of the network: a table, or the path of a file with one.
    #[serde(default)]
    pub network: Network,
    /// Whether to go on where the chain took back what was final; for a person to say, once.
    #[serde(skip)]
    pub accept_rewrite: bool,
    /// Whether to wait while another process has the key at work.
    #[serde(skip)]
    pub standby: bool,
    /// Whether to make the store where there is none.
    #[serde(skip)]
    pub make_store: bool,
}

/// What the solver takes upon itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// MiB of payloads in memory: a third each for those that arrive, are worked on, and are sent.
    pub memory_mb: u32,
    /// MiB of payloads that one producer may have here.
    pub producer_mb: u64,
    /// Requests that are under way at once.
    pub requests: usize,
    /// Connections that are open at once; who comes then waits.
    pub connections: usize,
    /// Of one client: requests that are under way at once, and connections that are open.
    pub client_requests: usize,
    /// Requests of one client in a second, on average; 0 for as many as it likes.
    pub client_rate: u32,
    /// Requests of one client at once, after a pause.
    pub client_burst: u32,
    /// Whether a proxy stands before the solver, and its `X-Forwarded-For` says who the client is.
    pub trusted_proxy: bool,
    /// Seconds until the headers of a request must be there; a connection on which nothing is asked lasts as long.
    pub header_s: u64,
    /// Seconds in which something of a request's body must come, and of an answer be taken.
    pub stall_s: u64,
    /// Seconds until a request must be answered, the time that its body takes included.
    pub request_s: u64,
}

impl Limits {
    /// Those of connections and clients.
    pub fn of_clients(&self) -> ayumi_http::Limits {
        ayumi_http::Limits {
            connections: self.connections,
            client_requests: self.client_requests,
            client_rate: self.client_rate,
            client_burst: self.client_burst,
            trusted_proxy: self.trusted_proxy,
            header: Duration::from_secs(self.header_s.max(1)),
            stall: self.stall(),
        }
    }

    /// Until something must come or go.
    pub fn stall(&self) -> Duration {
        Duration::from_secs(self.stall_s.max(1))
    }

    /// Until a request must be answered.
    pub fn request(&self) -> Duration {
        Duration::from_secs(self.request_s.max(1))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mb: 64,
            producer_mb: 10_240,
            requests: 4_096,
            connections: 8_192,
            client_requests: 1_024,
            client_rate: 1_000,
            client_burst: 5_000,
            trusted_proxy: false,
            header_s: 30,
            stall_s: 30,
            request_s: 150,
        }
    }
}

fn default_assets() -> String {
    "assets".to_owned()
}

fn default_batch() -> usize {
    100
}

fn default_compare() -> u64 {
    60
}

fn default_linger() -> u64 {
    20
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
    /// The network's profile, in a file of its own, cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl Config {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let malformed = |cause| ConfigError::Malformed {
            path: path.to_owned(),
            cause,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut config = match naming_a_profile(&text) {
            Some((table, profile)) => Self {
                network: Network::read(&folder.join(profile))?,
                ..Self::deserialize(table).map_err(malformed)?
            },
            None => toml::from_str(&text).map_err(malformed)?,
        };
        config.network = config.network.within(folder);
        for file in [
            &mut config.keystore,
            &mut config.password_file,
            &mut config.store,
        ] {
            *file = place(folder, file);
        }
        if !config.assets.contains("://") {
            config.assets = folder.join(&config.assets).to_string_lossy().into_owned();
        }
        for file in config
            .tls
            .iter_mut()
            .flat_map(|pem| [&mut pem.certificate, &mut pem.key])
        {
            *file = place(folder, file);
        }
        Ok(config)
    }
}

/// Where a file is that a configuration names: from the configuration's folder, or among what systemd hands over.
fn place(folder: &Path, file: &Path) -> PathBuf {
    let handed_over = file.strip_prefix("$CREDENTIALS_DIRECTORY").ok();
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    match handed_over.zip(credentials) {
        Some((file, credentials)) => credentials.join(file),
        None => folder.join(file),
    }
}

/// What is in a configuration that names the file of its network's profile, and that file.
fn naming_a_profile(text: &str) -> Option<(toml::Table, String)> {
    let mut table = toml::from_str::<toml::Table>(text).ok()?;
    match table.remove("network")? {
        toml::Value::String(profile) => Some((table, profile)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ayumi_chain::Fees;

    use super::*;

    const SETTINGS: &str = r#"
        rpc = "http://127.0.0.1:8545"
        operator = "0x0000000000000000000000000000000000000001"
        keystore = "key"
        password_file = "password"
        listen = "127.0.0.1:0"
        store = "solver.db"
    "#;

    fn read(folder: &Path, network: &str) -> Result<Config, ConfigError> {
        let file = folder.join("solver.toml");
        std::fs::write(&file, format!("{SETTINGS}\n{network}")).unwrap();
        Config::read(&file)
    }

    #[test]
    fn the_profile_is_a_table_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("networks")).unwrap();
        let profile = "fees = \"zero\"\nbearer_token_file = \"token\"";
        std::fs::write(folder.join("networks/ours.toml"), profile).unwrap();
        for (network, token) in [
            ("network = \"networks/ours.toml\"", "networks/token"),
            (&format!("[network]\n{profile}"), "token"),
        ] {
            let config = read(folder, network).unwrap();
            assert_eq!(config.network.fees, Fees::Zero);
            let file = config.network.bearer_token_file;
            assert_eq!(file, Some(folder.join(token)));
            assert_eq!(config.store, folder.join("solver.db"));
        }
        assert_eq!(read(folder, "").unwrap().network, Network::default());
    }

    #[test]
    fn what_is_wrong_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = |network: &str| read(folder.path(), network).unwrap_err().to_string();
        assert!(error("network = \"nowhere.toml\"").contains("nowhere.toml"));
        assert!(error("[network]\nfee = 1").contains("unknown field `fee`"));
        assert!(error("network = 3").contains("invalid type"));
    }
}
