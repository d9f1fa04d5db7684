use std::env;
use std::path::PathBuf;

use crate::fault::{Besu, Rule};
use crate::programs::root;

/// Which kind of network the worlds of this process are on: `AYUMI_E2E_NETWORK` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// An anvil as it comes: a block for each transaction, and gas costs money.
    Anvil,
    /// An anvil that behaves like a Besu node of a consortium: a block every two seconds, gas is free, and none but
    /// consumers have money.
    Besu,
}

impl Setting {
    /// The one that was chosen.
    pub fn chosen() -> Self {
        match env::var("AYUMI_E2E_NETWORK").as_deref() {
            Err(_) | Ok("" | "anvil") => Self::Anvil,
            Ok("besu") => Self::Besu,
            Ok(other) => panic!("AYUMI_E2E_NETWORK={other} is neither anvil nor besu"),
        }
    }

    /// The profile that the programs are given, if they need one.
    pub fn profile(self) -> Option<PathBuf> {
        match self {
            Self::Anvil => None,
            Self::Besu => Some(root().join("networks/besu-qbft.toml")),
        }
    }

    /// Seconds between two blocks, where they do not come with transactions.
    pub fn block_time(self) -> Option<u64> {
        match self {
            Self::Anvil => None,
            Self::Besu => Some(2),
        }
    }

    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Anvil => &[],
            Self::Besu => &[
                "--base-fee",
                "0",
                "--gas-price",
                "0",
                "--no-priority-fee",
                "--gas-limit",
                "30000000",
                "--slots-in-an-epoch",
                "0",
                "--balance",
                "0",
            ],
        }
    }

    pub(crate) fn rules(self) -> Vec<Rule> {
        match self {
            Self::Anvil => Vec::new(),
            Self::Besu => Besu::default().rules(),
        }
    }
}
