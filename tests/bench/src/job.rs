use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};

/// The line by which the generator says that what comes now counts.
pub const WINDOW_OPENS: &str = "window opens";

/// The line by which it says that no more counts.
pub const WINDOW_CLOSES: &str = "window closes";

/// What the generator is to do, as JSON on its standard input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Of the node.
    pub rpc: String,
    /// Of the chain.
    pub chain_id: u64,
    /// The `CTIToken`.
    pub token: Address,
    /// The `CTIOperator`.
    pub operator: Address,
    /// The solver's account.
    pub solver: Address,
    /// Where the solver is.
    pub endpoint: String,
    /// Whose tickets each consumer has enough of.
    pub product: u64,
    /// Of the product.
    pub content_root: B256,
    /// What every opened delivery must be.
    pub payload: PathBuf,
    /// Stands for the consumers' keys.
    pub seed: B256,
    /// Transactions that each sent so far.
    pub nonces: Vec<u64>,
    /// Milliseconds between two looks at the chain.
    pub poll_ms: u64,
    /// Redemptions a second, evenly (an open loop); without it every consumer redeems again as soon as it has its file (a
    /// closed loop).
    pub per_second: Option<f64>,
    /// Seconds until it counts.
    pub warm_up_s: u64,
    /// Seconds for which it counts.
    pub window_s: u64,
}

/// What came of it, as JSON on the generator's standard output.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Of the window.
    pub seconds: f64,
    /// Files that were opened in it, each compared with what was published.
    pub deliveries: u64,
    /// Redemptions of an open loop that no consumer was free for.
    pub crowded: u64,
    /// Requests that the solver had asked again.
    pub again: u64,
    /// From signing the redemption to the compared file.
    pub milliseconds: Spread,
    /// From the newest block when the redemption was sent to the block with the key.
    pub blocks: Spread,
    /// The first block of the window, and the last.
    pub range: (u64, u64),
}

/// Half of all are no more than `p50`, and so on.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Spread {
    /// The median.
    pub p50: u64,
    /// 95 %.
    pub p95: u64,
    /// 99 %.
    pub p99: u64,
}

impl Outcome {
    /// Deliveries.
    pub fn per_second(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // a count of deliveries
        let count = self.deliveries as f64;
        count / self.seconds
    }
}

impl Spread {
    /// Of these.
    pub fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        let at = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100).max(1) - 1;
            values.get(place).copied().unwrap_or_default()
        };
        Self {
            p50: at(50),
            p95: at(95),
            p99: at(99),
        }
    }
}
