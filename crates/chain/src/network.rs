use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is known of a network before it is called. The default is anvil's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// The chain id that the node must report; without it, whichever it reports is taken.
    pub chain_id: Option<u64>,
    /// What transactions offer to pay.
    pub fees: Fees,
    /// From when a block counts.
    pub finality: Finality,
    /// Milliseconds between two looks at the head: about a fifth of the block period.
    pub poll_ms: u64,
    /// The most blocks that one `eth_getLogs` asks for. Besu refuses more than 5,000.
    pub log_range: u64,
    /// Seconds until a request to the node is given up.
    pub timeout_s: u64,
    /// Seconds for which a node that does not answer is asked again.
    pub patience_s: u64,
    /// The most transactions of one sender that are on their way at once. Besu takes a few
    /// of each sender, and refuses the rest.
    pub nonce_window: u64,
    /// Gwei for a unit of gas, above which no transaction is made dearer to have it mined.
    pub max_fee_gwei: u64,
    /// Seconds after which the newest block is too old to go by, where blocks are made all the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_head_age_s: Option<u64>,
    /// A file with the token that the node asks for. It is read for each request, so that it can be renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("cannot read the network profile {path}: {cause}")]
    Unreadable {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is not of its form.
    #[error("the network profile {path} is wrong: {cause}")]
    Malformed {
        /// Of the file.
        path: PathBuf,
        /// Where, and what is expected there.
        cause: toml::de::Error,
    },
}

impl Default for Network {
    fn default() -> Self {
        Self {
            chain_id: None,
            fees: Fees::Market,
            finality: Finality::Latest,
            poll_ms: 100,
            log_range: 2_000,
            timeout_s: 10,
            patience_s: 0,
            nonce_window: 16,
            max_fee_gwei: 500,
            max_head_age_s: None,
            bearer_token_file: None,
        }
    }
}

impl Network {
    /// Reads the profile at `path`. Relative paths in it start from its folder.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ProfileError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let network: Self = toml::from_str(&text).map_err(|cause| ProfileError::Malformed {
            path: path.to_owned(),
            cause,
        })?;
        Ok(network.within(path.parent().unwrap_or(Path::new(""))))
    }

    /// The same, with relative paths starting from `folder`.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        // Absolute, so that a copy of the profile elsewhere means the same file.
        let place = |file: PathBuf| {
            let file = folder.join(file);
            std::path::absolute(&file).unwrap_or(file)
        };
        self.bearer_token_file = self.bearer_token_file.map(place);
        self
    }

    /// The time between two looks at the head.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(1))
    }

    /// The time until a request to the node is given up.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s.max(1))
    }
}

/// What transactions offer to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fees {
    /// Twice the base fee of the last block, and a tip of one gwei.
    Market,
    /// Nothing at all, so that accounts without money can send. `eth_maxPriorityFeePerGas` and the usual tip of one wei
    /// would shut them out.
    Zero,
}

/// From when a block counts for what cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finality {
    /// At once: QBFT, and anvil. Besu does not know the tag `finalized`.
    Latest,
    /// When this many blocks came after it.
    Blocks(u64),
}

impl Finality {
    /// The newest block that counts when `head` is the newest of all.
    pub fn of(self, head: u64) -> Option<u64> {
        match self {
            Self::Latest => Some(head),
            Self::Blocks(depth) => head.checked_sub(depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str) -> Network {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../networks"));
        Network::read(&folder.join(name)).unwrap()
    }

    #[test]
    fn the_profile_of_anvil_is_the_default() {
        let expected = Network {
            chain_id: Some(31_337),
            ..Network::default()
        };
        assert_eq!(profile("anvil.toml"), expected);
    }

    #[test]
    fn the_profile_of_besu_is_free_and_careful() {
        let network = profile("besu-qbft.toml");
        assert_eq!((network.fees, network.nonce_window), (Fees::Zero, 4));
        assert_eq!(network.finality, Finality::Latest);
        assert!(network.log_range <= 5_000 && network.poll_ms >= 200);
        assert!(network.patience_s > 0 && network.bearer_token_file.is_none());
    }

    #[test]
    fn paths_start_from_the_folder_of_the_profile() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.toml");
        for (given, found) in [
            ("token", folder.path().join("token")),
            ("/run/token", "/run/token".into()),
        ] {
            std::fs::write(&file, format!("bearer_token_file = {given:?}")).unwrap();
            let network = Network::read(&file).unwrap();
            assert_eq!(network.bearer_token_file, Some(found));
        }
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.toml");
        let read = || Network::read(&file).unwrap_err();
        assert!(matches!(read(), ProfileError::Unreadable { .. }));
        for text in ["windows = 3", "fees = \"none\"", "nonce_window = -1"] {
            std::fs::write(&file, text).unwrap();
            assert!(matches!(read(), ProfileError::Malformed { .. }), "{text}");
        }
    }
}
