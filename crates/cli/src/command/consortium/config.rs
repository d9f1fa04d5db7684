//! The settings of each node, and the lists of who may connect and send. Names are those of Besu's command line.

use std::fmt::Write as _;
use std::net::SocketAddrV4;

use alloy::primitives::Address;
use serde::Serialize;
use toml::Value;

use super::node::{Enode, Node};
use super::token::ALGORITHM;

/// The settings of a node, in its folder.
pub(super) const FILE: &str = "config.toml";

/// The lists, in the node's data: where Besu looks for them by default, in a container as well.
pub(super) const PERMISSIONS_FILE: &str = "data/permissions_config.toml";

/// The key, in the node's folder.
pub(super) const KEY_FILE: &str = "key";

/// Transactions that a node's pool holds: Besu's default, written down because the share below is of it.
pub(super) const POOL_SIZE: u32 = 4_096;

/// The part of the pool that one sender may have. The default of 0.001 would be five transactions in flight.
const POOL_PART: f64 = 0.15;

/// The same in transactions, rounded down.
pub(super) const POOL_SHARE: u32 = POOL_SIZE * 15 / 100;

/// Blocks that a node lets one `eth_getLogs` span.
pub(super) const LOGS_RANGE: u32 = 5_000;

/// The first port for metrics; each node on a host has its own.
const METRICS_PORT: u16 = 9_545;

/// Where a container finds what is outside of it.
pub(super) mod inside {
    pub(in super::super) const DATA: &str = "/data";
    pub(in super::super) const KEY: &str = "/node/key";
    pub(in super::super) const CONFIG: &str = "/node/config.toml";
    pub(in super::super) const GENESIS: &str = "/network/genesis.json";
    pub(in super::super) const STATIC_NODES: &str = "/network/static-nodes.json";
    pub(in super::super) const TOKEN_KEY: &str = "/network/jwt.pem";
}

/// How the nodes are run.
pub(super) struct Setting {
    /// Whether each node is on a host of its own, instead of all in one network of containers.
    pub(super) apart: bool,
    /// Whether only listed accounts may send.
    pub(super) accounts_limited: bool,
    /// Where requests are answered.
    pub(super) rpc_port: u16,
}

/// The settings of a node; `place` is its place among all.
pub(super) fn node(node: &Node, place: u16, setting: &Setting) -> String {
    let mut text = String::from(
        "# Made by `ayumi consortium init`; `ayumi consortium check` says whether it still fits.\n",
    );
    write(&mut text, everywhere());
    write(&mut text, of_its_own(node, place, setting));
    if node.is_rpc() {
        write(&mut text, rpc(setting.rpc_port));
    }
    text
}

fn write<const N: usize>(text: &mut String, settings: [(&str, Value); N]) {
    for (name, value) in settings {
        let _ = writeln!(text, "{name} = {value}");
    }
}

/// What is the same on every node.
fn everywhere() -> [(&'static str, Value); 18] {
    [
        ("data-path", inside::DATA.into()),
        ("genesis-file", inside::GENESIS.into()),
        ("node-private-key-file", inside::KEY.into()),
        ("logging", "INFO".into()),
        ("nat-method", "NONE".into()),
        ("discovery-enabled", false.into()),
        ("static-nodes-file", inside::STATIC_NODES.into()),
        ("remote-connections-limit-enabled", false.into()),
        ("sync-mode", "FULL".into()),
        ("sync-min-peers", 1.into()),
        ("data-storage-format", "FOREST".into()),
        ("permissions-nodes-config-file-enabled", true.into()),
        ("min-gas-price", 0.into()),
        ("tx-pool", "sequenced".into()),
        ("tx-pool-max-size", POOL_SIZE.into()),
        ("tx-pool-limit-by-account-percentage", POOL_PART.into()),
        ("tx-pool-no-local-priority", true.into()),
        ("revert-reason-enabled", true.into()),
    ]
}

/// What differs from node to node.
fn of_its_own(node: &Node, place: u16, setting: &Setting) -> [(&'static str, Value); 9] {
    let listed = "permissions-accounts-config-file-enabled";
    let (host, port) = if setting.apart {
        ("127.0.0.1", METRICS_PORT + place)
    } else {
        ("0.0.0.0", METRICS_PORT)
    };
    [
        ("identity", node.name.as_str().into()),
        ("p2p-host", node.at.ip().to_string().into()),
        ("p2p-port", i64::from(node.at.port()).into()),
        (listed, setting.accounts_limited.into()),
        ("host-allowlist", host_allowlist(&node.name, node.at).into()),
        ("metrics-enabled", true.into()),
        ("metrics-host", host.into()),
        ("metrics-port", i64::from(port).into()),
        ("rpc-http-enabled", node.is_rpc().into()),
    ]
}

/// What only the node has that answers requests.
fn rpc(port: u16) -> [(&'static str, Value); 6] {
    let token_key = "rpc-http-authentication-jwt-public-key-file";
    [
        ("rpc-http-port", i64::from(port).into()),
        ("rpc-http-api", vec!["ETH", "NET", "WEB3"].into()),
        ("rpc-http-authentication-enabled", true.into()),
        ("rpc-http-authentication-jwt-algorithm", ALGORITHM.into()),
        (token_key, inside::TOKEN_KEY.into()),
        ("rpc-max-logs-range", LOGS_RANGE.into()),
    ]
}

/// The names by which a node lets itself be called.
fn host_allowlist(name: &str, at: SocketAddrV4) -> Vec<String> {
    ["localhost", "127.0.0.1", name]
        .into_iter()
        .map(str::to_owned)
        .chain([at.ip().to_string()])
        .collect()
}

/// The lists, the same for every node.
pub(super) fn permissions(accounts: &[Address], nodes: &[Enode]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Permissions {
        accounts_allowlist: Vec<String>,
        nodes_allowlist: Vec<String>,
    }
    let permissions = Permissions {
        accounts_allowlist: accounts
            .iter()
            .map(|account| format!("{account:#x}"))
            .collect(),
        nodes_allowlist: nodes.iter().map(Enode::to_string).collect(),
    };
    let text = toml::to_string_pretty(&permissions).expect("the lists are of strings");
    format!("# The same on every node; `ayumi consortium check` compares.\n{text}")
}
