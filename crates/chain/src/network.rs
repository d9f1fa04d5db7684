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
        }
    }
}

impl Network {
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
