//! The nodes: their keys, whom they know and let, and their settings.

use std::collections::BTreeSet;
use std::fs;

use alloy::signers::local::PrivateKeySigner;
use toml::{Table, Value};

use super::super::config::{self, KEY_FILE, PERMISSIONS_FILE, POOL_SIZE};
use super::super::genesis::FILE as GENESIS_FILE;
use super::super::node::{Enode, FOLDER, read_key};
use super::super::token::ALGORITHM;
use super::Examination;
use super::genesis::Genesis;

/// The file with the URLs of all nodes.
const STATIC_NODES: &str = "static-nodes.json";

/// The part of a pool that one sender may have, where the settings do not say: Besu's default.
const DEFAULT_PART: f64 = 0.001;

/// A folder of a node, as far as it can be read.
pub(super) struct Found {
    /// Inside the folder of all.
    folder: String,
    key: Option<PrivateKeySigner>,
    pub(super) config: Table,
    permissions: Option<Table>,
}

impl Found {
    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    pub(super) fn config_file(&self) -> String {
        self.file(config::FILE)
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.config.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn is_rpc(&self) -> bool {
        self.is_on("rpc-http-enabled")
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let number = self.config.get(name).and_then(Value::as_integer)?;
        u64::try_from(number).ok()
    }

    pub(super) fn string(&self, name: &str) -> &str {
        let value = self.config.get(name).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// Transactions in flight that one sender may have.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss
    )] // thousands
    pub(super) fn share(&self) -> u64 {
        let part = self.config.get("tx-pool-limit-by-account-percentage");
        let part = part.and_then(|part| {
            part.as_float()
                .or(part.as_integer().map(|part| part as f64))
        });
        let size = self.number("tx-pool-max-size").unwrap_or(POOL_SIZE.into());
        (size as f64 * part.unwrap_or(DEFAULT_PART)) as u64
    }

    fn strings(&self, name: &str) -> Vec<&str> {
        strings(&self.config, name)
    }
}

fn strings<'a>(table: &'a Table, name: &str) -> Vec<&'a str> {
    let array = table.get(name).and_then(Value::as_array);
    array
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

impl Examination {
    pub(super) fn nodes(&mut self) -> Vec<Found> {
        let entries = fs::read_dir(self.folder.join(FOLDER))
            .into_iter()
            .flatten()
            .flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut names = folders
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect::<Vec<_>>();
        names.sort_unstable();
        if names.is_empty() {
            self.wrong(FOLDER, "has no node");
        }
        names.iter().map(|name| self.node(name)).collect()
    }

    fn node(&mut self, name: &str) -> Found {
        let folder = format!("{FOLDER}/{name}");
        let file = format!("{folder}/{KEY_FILE}");
        let text = self.secret(&file);
        let key = text.as_deref().and_then(read_key);
        if text.is_some() && key.is_none() {
            self.wrong(&file, "is no secp256k1 key in hex");
        }
        let config = self.toml(&format!("{folder}/{}", config::FILE));
        Found {
            key,
            config: config.unwrap_or_default(),
            permissions: self.toml(&format!("{folder}/{PERMISSIONS_FILE}")),
            folder,
        }
    }

    /// Each validator has a key here, and each node that does not answer requests is a validator.
    pub(super) fn validators(&mut self, genesis: &Genesis, nodes: &[Found]) {
        let mut keys = BTreeSet::new();
        for node in nodes {
            let Some(key) = &node.key else { continue };
            let address = key.address();
            if !keys.insert(address) {
                self.wrong(
                    &node.file(KEY_FILE),
                    format!("is the key of another node, too: {address}"),
                );
            }
            let validates = genesis.validators.contains(&address);
            if !validates && !node.is_rpc() {
                self.wrong(
                    &node.file(KEY_FILE),
                    format!(
                        "is of {address}, which is no validator in extraData of {GENESIS_FILE}"
                    ),
                );
            }
        }
        for validator in &genesis.validators {
            if !keys.contains(validator) {
                self.wrong(
                    GENESIS_FILE,
                    format!(
                        "extraData has validator {validator}, whose key is in no folder of {FOLDER}"
                    ),
                );
            }
        }
        if !nodes.iter().any(Found::is_rpc) {
            self.wrong(
                FOLDER,
                "has no node that answers requests: rpc-http-enabled",
            );
        }
    }

    /// The URLs by which the nodes find each other, which fit their keys and settings.
    pub(super) fn static_nodes(&mut self, nodes: &[Found]) -> BTreeSet<Enode> {
        let json = self.json(STATIC_NODES).unwrap_or_default();
        let urls = json.as_array().into_iter().flatten();
        let mut enodes = BTreeSet::new();
        for url in urls {
            match url.as_str().unwrap_or_default().parse::<Enode>() {
                Ok(enode) => _ = enodes.insert(enode),
                Err(problem) => self.wrong(STATIC_NODES, problem),
            }
        }
        let mut known = BTreeSet::new();
        for node in nodes {
            known.extend(node.key.as_ref().map(PrivateKeySigner::public_key));
            self.own_enode(node, &enodes);
        }
        for enode in enodes.iter().filter(|enode| !known.contains(&enode.id)) {
            self.wrong(
                STATIC_NODES,
                format!("has {enode}, whose key is of no node"),
            );
        }
        enodes
    }

    fn own_enode(&mut self, node: &Found, enodes: &BTreeSet<Enode>) {
        let Some(key) = &node.key else { return };
        let id = key.public_key();
        let Some(enode) = enodes.iter().find(|enode| enode.id == id) else {
            let folder = &node.folder;
            self.wrong(
                STATIC_NODES,
                format!("lacks {folder}, whose key is {}", hex::encode(id)),
            );
            return;
        };
        let (host, port) = (node.string("p2p-host"), node.number("p2p-port"));
        if host != enode.at.ip().to_string() || port != Some(enode.at.port().into()) {
            let port = port.map_or_else(|| "no port".into(), |port| port.to_string());
            self.wrong(
                &node.config_file(),
                format!(
                    "p2p-host and p2p-port are {host} and {port}, and {STATIC_NODES} has {}",
                    enode.at
                ),
            );
        }
    }

    /// Every node lets the same accounts and the same nodes, and all of these.
    pub(super) fn permissions(&mut self, nodes: &[Found], enodes: &BTreeSet<Enode>) {
        let lists = nodes
            .iter()
            .filter_map(|node| Some((node, node.permissions.as_ref()?)));
        let lists = lists.collect::<Vec<_>>();
        let Some((first, model)) = lists.first() else {
            return;
        };
        let urls = enodes.iter().map(ToString::to_string).collect();
        for (node, table) in &lists {
            let file = node.file(PERMISSIONS_FILE);
            let nodes = strings(table, "nodes-allowlist")
                .into_iter()
                .map(str::to_owned);
            self.compare(&file, &nodes.collect(), &urls, STATIC_NODES);
            let place = first.file(PERMISSIONS_FILE);
            self.compare(&file, &accounts(table), &accounts(model), &place);
            let name = "permissions-accounts-config-file-enabled";
            if node.is_on(name) != first.is_on(name) {
                let on = node.is_on(name);
                self.wrong(
                    &node.config_file(),
                    format!("{name} is {on}, unlike in {}", first.config_file()),
                );
            }
        }
        self.who_may_send(first, model);
    }

    fn who_may_send(&mut self, node: &Found, lists: &Table) {
        let limited = node.is_on("permissions-accounts-config-file-enabled");
        let nobody = accounts(lists).is_empty();
        if limited && nobody {
            self.wrong(
                &node.file(PERMISSIONS_FILE),
                "accounts-allowlist is empty: nobody may send",
            );
        }
        if !limited {
            self.odd(
                &node.config_file(),
                "every account may send: permissions-accounts-config-file-enabled is off",
            );
        }
    }

    /// What would break a network without fees, or leave it open.
    pub(super) fn settings(&mut self, genesis: &Genesis, nodes: &[Found]) {
        for node in nodes {
            self.fees(node);
            self.openness(node);
            self.limits(genesis, node);
        }
    }

    fn fees(&mut self, node: &Found) {
        let file = node.config_file();
        if node.number("min-gas-price") != Some(0) {
            let found = shown(node, "min-gas-price");
            self.wrong(&file, format!("min-gas-price is {found} instead of 0: the node drops transactions without a fee, and says nothing"));
        }
        for name in ["tx-pool-min-gas-price", "min-priority-fee"] {
            if node.config.contains_key(name) && node.number(name) != Some(0) {
                self.wrong(
                    &file,
                    format!("{name} is {} instead of 0", shown(node, name)),
                );
            }
        }
        if node.config.contains_key("tx-pool-price-bump") {
            let found = shown(node, "tx-pool-price-bump");
            self.wrong(
                &file,
                format!("tx-pool-price-bump is {found}: Besu takes none beside zeroBaseFee"),
            );
        }
    }

    fn openness(&mut self, node: &Found) {
        let file = node.config_file();
        if !node.is_on("permissions-nodes-config-file-enabled") {
            self.wrong(
                &file,
                "permissions-nodes-config-file-enabled is off: every node may connect",
            );
        }
        for host in node.strings("host-allowlist") {
            if matches!(host, "*" | "all") {
                self.wrong(
                    &file,
                    format!("host-allowlist has {host:?}: pages in a browser could reach the node"),
                );
            }
        }
        if node.is_rpc() {
            self.authentication(node);
        }
        if node.is_on("rpc-ws-enabled") && !node.is_on("rpc-ws-authentication-enabled") {
            self.wrong(
                &file,
                "rpc-ws-enabled is on without rpc-ws-authentication-enabled",
            );
        }
        for name in [
            "rpc-http-api-method-no-auth",
            "rpc-http-api-methods-no-auth",
        ] {
            if !node.strings(name).is_empty() {
                self.wrong(
                    &file,
                    format!("{name} is {}: no token is asked for", shown(node, name)),
                );
            }
        }
    }

    fn authentication(&mut self, node: &Found) {
        let file = node.config_file();
        if !node.is_on("rpc-http-authentication-enabled") {
            self.wrong(
                &file,
                "rpc-http-authentication-enabled is off: everybody who reaches the node may ask it",
            );
        }
        let algorithm = node.string("rpc-http-authentication-jwt-algorithm");
        if algorithm != ALGORITHM {
            self.wrong(&file, format!("rpc-http-authentication-jwt-algorithm is {algorithm:?} instead of {ALGORITHM:?}"));
        }
        let key = node.string("rpc-http-authentication-jwt-public-key-file");
        if key != config::inside::TOKEN_KEY {
            self.wrong(
                &file,
                format!(
                    "rpc-http-authentication-jwt-public-key-file is {key:?} instead of {:?}",
                    config::inside::TOKEN_KEY
                ),
            );
        }
    }

    fn limits(&mut self, genesis: &Genesis, node: &Found) {
        let file = node.config_file();
        if node.config.contains_key("network-id") && node.number("network-id") != genesis.chain_id {
            self.wrong(
                &file,
                format!(
                    "network-id is {}, and the chain id another",
                    shown(node, "network-id")
                ),
            );
        }
        if node.config.contains_key("target-gas-limit")
            && node.number("target-gas-limit") != genesis.gas_limit
        {
            self.odd(&file, format!("target-gas-limit is {}, and blocks drift there from the gasLimit of {GENESIS_FILE}", shown(node, "target-gas-limit")));
        }
        if !node.string("tx-pool").eq_ignore_ascii_case("sequenced") {
            self.odd(&file, format!("tx-pool is {}: tx-pool-limit-by-account-percentage counts in \"sequenced\" only", shown(node, "tx-pool")));
        }
    }
}

/// The accounts of a list, in one form.
fn accounts(lists: &Table) -> BTreeSet<String> {
    let accounts = strings(lists, "accounts-allowlist").into_iter();
    accounts.map(str::to_lowercase).collect()
}

fn shown(node: &Found, name: &str) -> String {
    let value = node.config.get(name);
    value.map_or_else(|| "missing".into(), Value::to_string)
}
