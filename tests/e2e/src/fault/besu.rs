//! What a Besu node of a zero-gas consortium does that anvil does not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::Decodable2718;
use alloy::primitives::{Address, B256, U256, hex};
use serde_json::{Value, json};

use super::rule::{Answer, Call, Fault, Rule};
use super::{Upstream, lock};

/// A Besu that is played over an anvil.
#[derive(Debug, Clone, Copy)]
pub struct Besu {
    /// How far from the account's mined transactions a nonce may be: Besu's own limit starts at 5.
    pub nonce_window: u64,
    /// The most blocks that one `eth_getLogs` may ask for.
    pub log_range: u64,
}

impl Default for Besu {
    fn default() -> Self {
        Self {
            nonce_window: 5,
            log_range: 5_000,
        }
    }
}

/// Calls that Besu has no filters for when they come.
const FILTERS: [&str; 6] = [
    "eth_newFilter",
    "eth_newBlockFilter",
    "eth_newPendingTransactionFilter",
    "eth_getFilterChanges",
    "eth_getFilterLogs",
    "eth_uninstallFilter",
];

/// What only development nodes know.
const DEVELOPERS: [&str; 4] = ["anvil_", "evm_", "hardhat_", "tenderly_"];

impl Besu {
    /// A rule for each thing that is different, the more special ones first.
    pub fn rules(self) -> Vec<Rule> {
        let window = self.nonce_window;
        let range = self.log_range;
        let mut rules = vec![
            Rule::on("*", Fault::error(-32601, "Method not found")).when(is_for_developers),
            Rule::on("eth_maxPriorityFeePerGas", Fault::Result(json!("0x0"))),
            Rule::on("*", Fault::error(-39001, "Unknown block")).when(|call| has_tag(&call.params)),
            Rule::on(
                "eth_getLogs",
                Fault::play(move |call, node| logs(call, node, range)),
            ),
            Rule::on("eth_getTransactionReceipt", Fault::play(without_reason)),
            Rule::on("eth_getBlockReceipts", Fault::play(without_reason)),
            sending(known),
            sending(wrong_chain),
            sending(move |sent, node| nonce(sent, node, window)),
            sending(upfront_cost),
            replacing(),
        ];
        let filters =
            FILTERS.map(|method| Rule::on(method, Fault::error(-32000, "Filter not found")));
        rules.extend(filters);
        rules
    }
}

/// The account is not on the network's allowlist.
pub fn not_permitted(account: Address) -> Rule {
    let text = "Sender account not authorized to send transactions";
    Rule::on("eth_sendRawTransaction", Fault::error(-32007, text))
        .when(move |call| Sent::of(call).is_some_and(|sent| sent.from == account))
}

/// A transaction that a call sends.
#[derive(Clone)]
struct Sent {
    from: Address,
    transaction: TxEnvelope,
}

impl Sent {
    fn of(call: &Call) -> Option<Self> {
        let raw = hex::decode(call.text()?).ok()?;
        let transaction = TxEnvelope::decode_2718(&mut &*raw).ok()?;
        let from = transaction.recover_signer().ok()?;
        Some(Self { from, transaction })
    }

    fn hash(&self) -> B256 {
        *self.transaction.tx_hash()
    }
}

fn is_for_developers(call: &Call) -> bool {
    DEVELOPERS
        .iter()
        .any(|prefix| call.method.starts_with(prefix))
}

/// Whether a block is named in a way that QBFT has none for.
fn has_tag(params: &Value) -> bool {
    match params {
        Value::String(text) => text == "finalized" || text == "safe",
        Value::Array(values) => values.iter().any(has_tag),
        Value::Object(fields) => fields.values().any(has_tag),
        _ => false,
    }
}

fn error(code: i64, message: &str) -> Answer {
    Err(json!({ "code": code, "message": message }))
}

/// A rule about a transaction that is sent. What is none goes to the node.
fn sending<F>(rule: impl Fn(Sent, Upstream) -> F + Send + Sync + 'static) -> Rule
where
    F: Future<Output = Option<Answer>> + Send + 'static,
{
    let rule = Arc::new(rule);
    let play = Fault::play(move |call: Call, node| {
        let rule = Arc::clone(&rule);
        async move {
            match Sent::of(&call) {
                Some(sent) => rule(sent, node).await,
                None => None,
            }
        }
    });
    Rule::on("eth_sendRawTransaction", play)
}

/// The very bytes are in the pool.
async fn known(sent: Sent, node: Upstream) -> Option<Answer> {
    let found = node
        .call("eth_getTransactionByHash", json!([sent.hash()]))
        .await;
    let found = found.unwrap_or_default();
    let is_pending = found.is_object() && found["blockNumber"].is_null();
    is_pending.then(|| error(-32000, "Known transaction"))
}

async fn wrong_chain(sent: Sent, node: Upstream) -> Option<Answer> {
    let id = number(node.call("eth_chainId", json!([])).await).ok();
    (sent.transaction.chain_id() != id).then(|| error(-32000, "Wrong chainId"))
}

async fn nonce(sent: Sent, node: Upstream, window: u64) -> Option<Answer> {
    let count = node
        .call("eth_getTransactionCount", json!([sent.from, "latest"]))
        .await;
    let (next, given) = (number(count).ok()?, sent.transaction.nonce());
    if given < next {
        return Some(error(-32001, "Nonce too low"));
    }
    if given >= next + window {
        return Some(error(
            -32000,
            "Transaction nonce is too distant from current sender nonce",
        ));
    }
    None
}

/// Who has nothing can send, as long as nothing is to be paid.
async fn upfront_cost(sent: Sent, node: Upstream) -> Option<Answer> {
    let balance = node
        .call("eth_getBalance", json!([sent.from, "latest"]))
        .await
        .ok()?;
    let balance: U256 = balance.as_str()?.parse().ok()?;
    let gas =
        U256::from(sent.transaction.max_fee_per_gas()) * U256::from(sent.transaction.gas_limit());
    let cost = gas + sent.transaction.value();
    (cost > balance).then(|| error(-32004, "Upfront cost exceeds account balance"))
}

/// A transaction takes the place of an earlier one with its nonce, also at the same price.
fn replacing() -> Rule {
    let sent_before = Arc::new(Mutex::new(HashMap::<(Address, u64), B256>::new()));
    sending(move |sent, node| {
        let key = (sent.from, sent.transaction.nonce());
        let earlier = lock(&sent_before).insert(key, sent.hash());
        async move {
            if let Some(earlier) = earlier.filter(|earlier| *earlier != sent.hash()) {
                // It is mined, or was never taken, where this does nothing.
                let _ = node.call("anvil_dropTransaction", json!([earlier])).await;
            }
            None
        }
    })
}

async fn logs(call: Call, node: Upstream, most: u64) -> Option<Answer> {
    let filter = &call.params[0];
    if filter.get("blockHash").is_some() {
        return None;
    }
    let head = head(&node).await.ok()?;
    let block = |name: &str| match filter[name].as_str() {
        None | Some("latest" | "pending") => Some(head),
        Some("earliest") => Some(0),
        Some(number) => hex_number(number),
    };
    let (from, to) = (block("fromBlock")?, block("toBlock")?);
    if from > head || to > head || from > to {
        return Some(error(-32602, "Invalid block range params"));
    }
    if to - from > most {
        return Some(error(
            -32005,
            "Requested range exceeds maximum RPC range limit",
        ));
    }
    None
}

/// Receipts tell that a transaction failed, not why.
async fn without_reason(call: Call, node: Upstream) -> Option<Answer> {
    let mut receipts = match node.call(&call.method, call.params).await {
        Ok(receipts) => receipts,
        error => return Some(error),
    };
    let all = match &mut receipts {
        Value::Array(all) => all.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for receipt in all.iter_mut().filter_map(Value::as_object_mut) {
        receipt.remove("revertReason");
    }
    Some(Ok(receipts))
}

/// The number of the node's newest block.
pub(super) async fn head(node: &Upstream) -> Result<u64, Value> {
    number(node.call("eth_blockNumber", json!([])).await)
}

fn number(answer: Answer) -> Result<u64, Value> {
    let answer = answer?;
    let number = answer.as_str().and_then(hex_number);
    number.ok_or_else(|| "no number".into())
}

fn hex_number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}
