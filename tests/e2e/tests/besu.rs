//! The profile that plays a Besu: each row of differences, and what our own code makes of it.

use std::fs;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, U256};
use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use ayumi_chain::{Broadcast, Call, Chain, Error, Fees, Network, Sender, Signed, Wallet, provider};
use ayumi_e2e::{Besu, Fault, FaultProxy, Node, Rule, Setting, not_permitted};
use serde_json::{Value, json};

/// Gas of a plain transfer.
const GAS: u64 = 21_000;

fn node() -> Node {
    Node::of(Setting::Besu)
}

fn free() -> Network {
    let profile = Setting::Besu.profile().expect("it has one");
    let network = Network::read(&profile).expect("the profile is right");
    Network {
        patience_s: 0,
        ..network
    }
}

async fn chain(proxy: &FaultProxy, network: Network) -> Result<Chain, Error> {
    let url = proxy.url().parse().expect("a URL");
    Chain::without_contracts(url, network).await
}

async fn sender(node: &Node, network: Network) -> Sender {
    let chain = chain(node.proxy(), network)
        .await
        .expect("the node answers");
    Sender::new(chain, Wallet::random())
}

/// To nobody, with nothing in it.
fn nothing() -> Call {
    Call {
        to: Some(Address::ZERO),
        input: Vec::new().into(),
        value: U256::ZERO,
    }
}

async fn signed(sender: &Sender, nonce: u64) -> Signed {
    sender
        .sign(&nothing(), nonce, GAS)
        .await
        .expect("the node answers")
}

/// Mines nothing by itself.
async fn hold(node: &Node) {
    past(node, "evm_setAutomine", json!([false])).await;
}

/// Past the profile.
async fn past(node: &Node, method: &str, params: Value) -> Value {
    let answer = node.proxy().upstream().call(method, params).await;
    answer.unwrap_or_else(|error| panic!("{method}: {error}"))
}

/// What the node says to somebody else than us.
async fn ask(node: &Node, method: &str, params: Value) -> Result<Value, (i64, String)> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let client = ayumi_chain::http(|client| client).expect("a client");
    let answer = client.post(node.url()).json(&body).send().await;
    let answer = answer
        .expect("an answer")
        .json::<Value>()
        .await
        .expect("JSON");
    let error = &answer["error"];
    match error["code"].as_i64() {
        None => Ok(answer["result"].clone()),
        Some(code) => Err((
            code,
            error["message"].as_str().unwrap_or_default().to_owned(),
        )),
    }
}

async fn code(node: &Node, method: &str, params: Value) -> i64 {
    ask(node, method, params)
        .await
        .expect_err("it is refused")
        .0
}

async fn send(node: &Node, signed: &Signed) -> Result<Value, (i64, String)> {
    ask(node, "eth_sendRawTransaction", json!([signed.raw])).await
}

#[tokio::test]
async fn who_has_nothing_sends_for_nothing_and_not_for_a_tip() {
    let node = node();
    let poor = sender(&node, free()).await;
    assert!(matches!(
        poor.broadcast(&signed(&poor, 0).await).await,
        Broadcast::Accepted
    ));

    let tipping = Network {
        fees: Fees::Market,
        ..free()
    };
    let tipping = sender(&node, tipping).await;
    let tip = signed(&tipping, 0).await;
    assert_eq!(
        send(&node, &tip).await.expect_err("it is refused").0,
        -32004
    );
    let refused = tipping.broadcast(&tip).await;
    assert!(
        matches!(refused, Broadcast::Refused(Error::Funds { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn there_is_no_priority_fee_to_be_had() {
    let node = node();
    let fee = ask(&node, "eth_maxPriorityFeePerGas", json!([])).await;
    assert_eq!(fee, Ok(json!("0x0")));
}

#[tokio::test]
async fn there_are_no_filters() {
    let node = node();
    for (method, params) in [
        ("eth_newFilter", json!([{}])),
        ("eth_newBlockFilter", json!([])),
        ("eth_getFilterChanges", json!(["0x1"])),
        ("eth_getFilterLogs", json!(["0x1"])),
    ] {
        let refused = ask(&node, method, params).await;
        assert_eq!(
            refused,
            Err((-32000, "Filter not found".into())),
            "{method}"
        );
    }
}

#[tokio::test]
async fn logs_are_in_short_ranges_up_to_the_head() {
    assert_eq!(Besu::default().log_range, 5_000);
    let node = node();
    let log_range = 50;
    let strict = Besu {
        log_range,
        ..Besu::default()
    };
    node.proxy().rules(strict.rules());
    past(&node, "anvil_mine", json!([100])).await;
    let range = |from: u64, to: u64| json!([{ "fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}") }]);
    assert_eq!(
        code(&node, "eth_getLogs", range(0, log_range + 1)).await,
        -32005
    );
    assert_eq!(code(&node, "eth_getLogs", range(100, 101)).await, -32602);
    assert_eq!(code(&node, "eth_getLogs", range(9, 8)).await, -32602);
    assert_eq!(
        ask(&node, "eth_getLogs", range(0, log_range)).await,
        Ok(json!([]))
    );
    let latest = json!([{ "fromBlock": "0x40", "toBlock": "latest" }]);
    assert_eq!(ask(&node, "eth_getLogs", latest).await, Ok(json!([])));

    // We ask for less at once, and where that is too much, for less again.
    for log_range in [40, 1 << 40] {
        let network = Network {
            log_range,
            ..free()
        };
        let chain = chain(node.proxy(), network)
            .await
            .expect("the node answers");
        let logs = chain.logs(&Filter::new(), 0, 100).await;
        assert!(logs.expect("the ranges are right").is_empty());
    }
}

#[tokio::test]
async fn no_block_is_finalized_or_safe() {
    let node = node();
    for tag in ["finalized", "safe"] {
        assert_eq!(
            code(&node, "eth_getBlockByNumber", json!([tag, false])).await,
            -39001
        );
        let filter = json!([{ "fromBlock": "0x0", "toBlock": tag }]);
        assert_eq!(code(&node, "eth_getLogs", filter).await, -39001);
    }
    let chain = chain(node.proxy(), free()).await.expect("the node answers");
    assert!(
        chain
            .final_head()
            .await
            .expect("finality is ours to tell")
            .is_some()
    );
}

#[tokio::test]
async fn few_nonces_are_taken_ahead() {
    let node = node();
    hold(&node).await;
    let sender = sender(&node, free()).await;
    let window = 5;
    for nonce in 0..window {
        let signed = signed(&sender, nonce).await;
        assert!(send(&node, &signed).await.is_ok(), "{nonce}");
    }
    let ahead = signed(&sender, window).await;
    assert_eq!(
        send(&node, &ahead).await.expect_err("it is refused").0,
        -32000
    );
    assert!(matches!(
        sender.broadcast(&ahead).await,
        Broadcast::Unknown(_)
    ));
    past(&node, "evm_mine", json!([])).await;
    assert!(matches!(
        sender.broadcast(&ahead).await,
        Broadcast::Accepted
    ));
    assert!(free().nonce_window < window, "our own window is smaller");
}

#[tokio::test]
async fn the_same_bytes_are_known_and_then_too_low() {
    let node = node();
    hold(&node).await;
    let sender = sender(&node, free()).await;
    let signed = signed(&sender, 0).await;
    assert!(send(&node, &signed).await.is_ok());
    let again = send(&node, &signed).await;
    assert_eq!(again, Err((-32000, "Known transaction".into())));
    assert!(matches!(
        sender.broadcast(&signed).await,
        Broadcast::Accepted
    ));
    past(&node, "evm_mine", json!([])).await;
    assert_eq!(
        send(&node, &signed).await.expect_err("it is mined").0,
        -32001
    );
    assert!(matches!(
        sender.broadcast(&signed).await,
        Broadcast::NonceUsed
    ));
}

#[tokio::test]
async fn the_same_nonce_at_the_same_price_replaces() {
    let node = node();
    hold(&node).await;
    let sender = sender(&node, free()).await;
    let first = signed(&sender, 0).await;
    let second = sender
        .sign(&nothing(), 0, GAS + 1)
        .await
        .expect("the node answers");
    assert!(send(&node, &first).await.is_ok());
    assert!(send(&node, &second).await.is_ok());
    past(&node, "evm_mine", json!([])).await;
    let receipt = async |signed: &Signed| sender.receipt(signed.hash).await.expect("an answer");
    assert!(receipt(&first).await.is_none());
    assert!(receipt(&second).await.is_some());
}

#[tokio::test]
async fn a_transaction_for_another_chain_is_refused() {
    let node = node();
    let elsewhere = FaultProxy::before(&node.url());
    elsewhere.rules([Rule::on("eth_chainId", Fault::Result(json!("0x1")))]);
    let chain = chain(&elsewhere, free()).await.expect("the node answers");
    let sender = Sender::new(chain, Wallet::random());
    let refused = send(&node, &signed(&sender, 0).await).await;
    assert_eq!(refused, Err((-32000, "Wrong chainId".into())));
    let network = Network {
        chain_id: Some(1),
        ..free()
    };
    let refused = self::chain(node.proxy(), network).await;
    assert!(matches!(refused, Err(Error::WrongChain { .. })));
}

#[tokio::test]
async fn who_is_not_on_the_list_is_told_so() {
    let node = node();
    let sender = sender(&node, free()).await;
    node.proxy().first(not_permitted(sender.account()));
    let refused = sender.broadcast(&signed(&sender, 0).await).await;
    assert!(
        matches!(refused, Broadcast::Refused(Error::NotPermitted { .. })),
        "{refused:?}"
    );
    let other = self::sender(&node, free()).await;
    assert!(matches!(
        other.broadcast(&signed(&other, 0).await).await,
        Broadcast::Accepted
    ));
}

#[tokio::test]
async fn receipts_give_no_reason() {
    let node = node();
    let sender = sender(&node, free()).await;
    let sent = signed(&sender, 0).await;
    assert!(matches!(sender.broadcast(&sent).await, Broadcast::Accepted));
    while ask(&node, "eth_getTransactionReceipt", json!([sent.hash])).await == Ok(Value::Null) {}
    // A node that tells one, behind the profile.
    let telling = Fault::play(|call, node| async move {
        let mut receipt = node.call(&call.method, call.params).await.ok()?;
        receipt["revertReason"] = json!("0x08c379a0");
        Some(Ok(receipt))
    });
    let talkative = FaultProxy::before(&node.url());
    talkative.rules([Rule::on("eth_getTransactionReceipt", telling)]);
    let besu = FaultProxy::before(&talkative.url());
    besu.rules(Besu::default().rules());
    let network = free();
    let url = besu.url().parse().expect("a URL");
    let provider = provider(&url, &network);
    let receipt = provider.raw_request("eth_getTransactionReceipt".into(), [sent.hash]);
    let receipt: Value = receipt.await.expect("an answer");
    assert_eq!(receipt["status"], "0x1");
    assert!(receipt.get("revertReason").is_none());
}

#[tokio::test]
async fn developers_have_no_methods_of_their_own() {
    let node = node();
    for method in [
        "anvil_mine",
        "evm_mine",
        "anvil_setBalance",
        "evm_increaseTime",
    ] {
        assert_eq!(code(&node, method, json!([])).await, -32601);
    }
}

#[tokio::test]
async fn a_token_is_shown_and_read_again_when_it_changes() {
    let node = node();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    let network = Network {
        bearer_token_file: Some(file.clone()),
        ..free()
    };
    let write = |token: &str| fs::write(&file, token).expect("the folder can be written to");
    let unauthorised = |result: Result<Chain, Error>| match result {
        Err(error @ Error::Unauthorised { .. }) => {
            assert_eq!(error.kind(), "unauthorised");
            assert!(error.hint().contains("bearer_token_file"));
            error.to_string()
        }
        other => panic!("{other:?}"),
    };
    node.proxy().token(Some("first"));
    let absent = unauthorised(chain(node.proxy(), network.clone()).await);
    assert!(absent.contains("token"), "{absent}");
    unauthorised(chain(node.proxy(), free()).await);
    write("first\n");
    let chain = chain(node.proxy(), network.clone())
        .await
        .expect("it is let in");
    assert!(chain.head().await.is_ok());

    // The token expires, and another takes its place.
    node.proxy().token(Some("second"));
    assert!(matches!(
        chain.head().await,
        Err(Error::Unauthorised { .. })
    ));
    write("second");
    assert!(chain.head().await.is_ok());
    let sender = Sender::new(chain, Wallet::random());
    assert_eq!(
        sender
            .nonce(BlockNumberOrTag::Latest)
            .await
            .expect("an answer"),
        0
    );

    // A bare status serves as well, and is not asked again with patience.
    node.proxy()
        .first(Rule::on("*", Fault::Status(401, String::new())));
    let patient = Network {
        patience_s: 600,
        ..network
    };
    let before = node.proxy().count("eth_chainId");
    unauthorised(self::chain(node.proxy(), patient).await);
    assert_eq!(node.proxy().count("eth_chainId"), before + 1);
}
