//! The network's profile for `ayumi --network`, and for the `[network]` of a solver.

use ayumi_chain::{Fees, Finality, Network};

use super::config::POOL_SHARE;
use super::token;

/// The file of the profile.
pub(super) const FILE: &str = "besu-qbft.toml";

/// Blocks that one `eth_getLogs` asks for.
const LOG_RANGE: u64 = 2_000;

/// Transactions in flight of one sender: far more than a block holds, far fewer than the nodes' pools take.
const NONCE_WINDOW: u32 = 64;

/// Seconds for which a node that does not answer is asked again: enough to restart one.
const PATIENCE_S: u64 = 30;

const _: () = assert!(NONCE_WINDOW <= POOL_SHARE);

/// The profile of a chain with this block time. Its token is beside it.
pub(super) fn of(chain_id: u64, block_time: u64) -> Network {
    Network {
        chain_id: Some(chain_id),
        fees: Fees::Zero,
        finality: Finality::Latest,
        poll_ms: block_time * 200,
        log_range: LOG_RANGE,
        nonce_window: NONCE_WINDOW.into(),
        patience_s: PATIENCE_S,
        bearer_token_file: Some(token::FILE.into()),
        ..Network::default()
    }
}

/// The profile as a file.
pub(super) fn toml(profile: &Network) -> String {
    toml::to_string(profile).expect("the profile is of plain values")
}
