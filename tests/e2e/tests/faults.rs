//! The fault proxy itself: each thing that it can do to a call, over HTTP and WebSocket.

use std::time::{Duration, Instant};

use ayumi_e2e::{Answer, Fault, FaultProxy, Gate, Node, Rule, Setting};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

fn node() -> Node {
    Node::of(Setting::Anvil)
}

fn body(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// What a client gets: status and text, or nothing.
async fn post(proxy: &FaultProxy, body: &Value) -> Option<(u16, String)> {
    let client = ayumi_chain::http(|client| client).expect("a client");
    let answer = client.post(proxy.url()).json(body).send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

/// What a call is answered with, if it is.
async fn ask(proxy: &FaultProxy, method: &str, params: Value) -> Option<Answer> {
    let (status, text) = post(proxy, &body(method, &params)).await?;
    assert_eq!(status, 200, "{text}");
    Some(answer(&text))
}

fn answer(text: &str) -> Answer {
    let mut answer = serde_json::from_str::<Value>(text).expect("answers are JSON");
    assert_eq!(answer["id"], 7);
    match answer.get_mut("error") {
        Some(error) => Err(error.take()),
        None => Ok(answer["result"].take()),
    }
}

async fn mine(node: &Node, blocks: u64) {
    let mined = node
        .proxy()
        .upstream()
        .call("anvil_mine", json!([blocks]))
        .await;
    mined.expect("it is an anvil");
}

#[tokio::test]
async fn what_no_rule_is_for_passes() {
    let node = node();
    let id = ask(node.proxy(), "eth_chainId", json!([])).await;
    assert_eq!(id, Some(Ok(json!("0x7a69"))));
    let unknown = ask(node.proxy(), "eth_nonsense", json!([])).await;
    assert_eq!(
        unknown.and_then(Result::err).expect("an error")["code"],
        -32601
    );
    assert_eq!(node.proxy().count("eth_chainId"), 1);
}

#[tokio::test]
async fn results_errors_and_statuses_are_made_up() {
    let node = node();
    let proxy = node.proxy();
    proxy.rules([
        Rule::on("eth_chainId", Fault::Result(json!("0x1"))),
        Rule::on("eth_gasPrice", Fault::error(-32000, "no")),
        Rule::on("net_version", Fault::Status(503, "come back later".into())),
    ]);
    assert_eq!(
        ask(proxy, "eth_chainId", json!([])).await,
        Some(Ok(json!("0x1")))
    );
    let refused = ask(proxy, "eth_gasPrice", json!([])).await;
    assert_eq!(
        refused,
        Some(Err(json!({ "code": -32000, "message": "no" })))
    );
    let down = post(proxy, &body("net_version", &json!([]))).await;
    assert_eq!(down, Some((503, "come back later".into())));
    proxy.open();
    assert_eq!(
        ask(proxy, "eth_chainId", json!([])).await,
        Some(Ok(json!("0x7a69")))
    );
}

#[tokio::test]
async fn the_first_rule_that_matches_counts_and_no_more_than_it_may() {
    let node = node();
    let proxy = node.proxy();
    let say = |text: &str| Fault::Result(json!(text));
    proxy.rules([
        Rule::on("eth_getBalance", say("mine")).when(|call| call.text() == Some("me")),
        Rule::on("*", say("once")).times(1),
        Rule::on("eth_getBalance", say("others")),
        Rule::on("eth_getBalance", say("never")),
    ]);
    for (params, said) in [
        ("me", "mine"),
        ("you", "once"),
        ("me", "mine"),
        ("you", "others"),
    ] {
        let answer = ask(proxy, "eth_getBalance", json!([params])).await;
        assert_eq!(answer, Some(Ok(json!(said))));
    }
    proxy.first(Rule::on("*", say("before all")));
    let answer = ask(proxy, "eth_getBalance", json!(["me"])).await;
    assert_eq!(answer, Some(Ok(json!("before all"))));
}

#[tokio::test]
async fn answers_come_late_and_others_go_on_meanwhile() {
    let node = node();
    let proxy = node.proxy();
    let (gate, delay) = (Gate::default(), Duration::from_millis(200));
    proxy.rules([
        Rule::on("eth_gasPrice", Fault::Hold(gate.clone())),
        Rule::on("net_version", Fault::Delay(delay)),
        // What waits goes on with the rules that follow.
        Rule::on("net_version", Fault::Result(json!("late"))),
    ]);
    let held = ask(proxy, "eth_gasPrice", json!([]));
    tokio::pin!(held);
    let since = Instant::now();
    tokio::select! {
        _ = &mut held => panic!("it is held"),
        late = ask(proxy, "net_version", json!([])) => assert_eq!(late, Some(Ok(json!("late")))),
    }
    assert!(since.elapsed() >= delay);
    gate.open();
    assert!(held.await.expect("an answer").is_ok());
    assert!(ask(proxy, "eth_gasPrice", json!([])).await.is_some());
}

#[tokio::test]
async fn answers_are_lost_calls_are_swallowed_and_sockets_cut() {
    let node = node();
    let proxy = node.proxy();
    proxy.rules([
        Rule::on("anvil_mine", Fault::Lose),
        Rule::on("anvil_setNonce", Fault::Swallow),
        Rule::on("eth_sendRawTransaction", Fault::Swallow),
        Rule::on("net_version", Fault::Cut),
    ]);
    assert_eq!(ask(proxy, "anvil_mine", json!([3])).await, None);
    assert_eq!(
        ask(proxy, "eth_blockNumber", json!([])).await,
        Some(Ok(json!("0x3")))
    );
    assert_eq!(
        ask(proxy, "anvil_setNonce", json!(["0x00", 1])).await,
        Some(Ok(Value::Null))
    );
    let empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    let sent = ask(proxy, "eth_sendRawTransaction", json!(["0x"])).await;
    assert_eq!(sent, Some(Ok(json!(empty))));
    assert_eq!(ask(proxy, "net_version", json!([])).await, None);
    assert_eq!(proxy.count("net_version"), 1);
}

#[tokio::test]
async fn a_stale_head_is_that_of_some_blocks_ago() {
    let node = node();
    let proxy = node.proxy();
    mine(&node, 10).await;
    proxy.rules([Rule::on("*", Fault::Stale(4))]);
    assert_eq!(
        ask(proxy, "eth_blockNumber", json!([])).await,
        Some(Ok(json!("0x6")))
    );
    for (block, number) in [("latest", "0x6"), ("0x9", "0x9")] {
        let found = ask(proxy, "eth_getBlockByNumber", json!([block, false])).await;
        assert_eq!(
            found.expect("an answer").expect("a block")["number"],
            number
        );
    }
    proxy.rules([Rule::on("*", Fault::Stale(99))]);
    assert_eq!(
        ask(proxy, "eth_blockNumber", json!([])).await,
        Some(Ok(json!("0x0")))
    );
}

#[tokio::test]
async fn what_a_function_says_is_answered_or_left_to_others() {
    let node = node();
    let proxy = node.proxy();
    let double = Fault::play(|call, node| async move {
        let answer = node.call(&call.method, call.params).await;
        (answer != Ok(json!("0x0"))).then(|| Ok(json!("something")))
    });
    proxy.rules([
        Rule::on("eth_blockNumber", double),
        Rule::on("eth_blockNumber", Fault::Result(json!("nothing"))),
    ]);
    assert_eq!(
        ask(proxy, "eth_blockNumber", json!([])).await,
        Some(Ok(json!("nothing")))
    );
    mine(&node, 1).await;
    assert_eq!(
        ask(proxy, "eth_blockNumber", json!([])).await,
        Some(Ok(json!("something")))
    );
}

#[tokio::test]
async fn each_call_of_a_batch_goes_through_the_rules() {
    let node = node();
    let proxy = node.proxy();
    proxy.rules([Rule::on("eth_gasPrice", Fault::error(-1, "no"))]);
    let calls = ["eth_chainId", "eth_gasPrice"].map(|method| body(method, &json!([])));
    let (_, text) = post(proxy, &json!(calls)).await.expect("an answer");
    let answers = serde_json::from_str::<Value>(&text).expect("answers are JSON");
    assert_eq!(answers[0]["result"], "0x7a69");
    assert_eq!(answers[1]["error"]["code"], -1);
    proxy.first(Rule::on("eth_gasPrice", Fault::Cut));
    assert_eq!(post(proxy, &json!(calls)).await, None);
}

#[tokio::test]
async fn a_node_that_is_not_there_cuts_everything() {
    let mut node = node();
    node.stop();
    assert_eq!(ask(node.proxy(), "eth_chainId", json!([])).await, None);
    node.resume();
    assert!(ask(node.proxy(), "eth_chainId", json!([])).await.is_some());
}

#[tokio::test]
async fn the_rules_hold_for_websockets() {
    let node = node();
    let proxy = node.proxy();
    let gate = Gate::default();
    proxy.rules([
        Rule::on("eth_gasPrice", Fault::Result(json!("made up"))),
        Rule::on("net_version", Fault::Hold(gate.clone())),
        Rule::on("anvil_mine", Fault::Lose),
        Rule::on("web3_clientVersion", Fault::Cut),
    ]);
    // The held answer comes after those to later calls, and in the place of the lost one.
    tokio::spawn({
        let gate = gate.clone();
        let upstream = proxy.upstream();
        async move {
            while upstream.call("eth_blockNumber", json!([])).await != Ok(json!("0x1")) {}
            gate.open();
        }
    });
    let call = |method| Message::text(body(method, &json!([])).to_string());
    let (mut socket, _) = connect_async(proxy.socket_url())
        .await
        .expect("it upgrades");
    socket.send(call("net_version")).await.expect("it is open");
    for (method, expected) in [
        ("eth_chainId", "0x7a69"),
        ("eth_gasPrice", "made up"),
        ("anvil_mine", "31337"),
    ] {
        socket.send(call(method)).await.expect("it is open");
        let said = socket.next().await.expect("it is open").expect("a frame");
        assert_eq!(answer(said.to_text().expect("a text")), Ok(json!(expected)));
    }
    socket
        .send(call("web3_clientVersion"))
        .await
        .expect("it is open");
    assert!(!matches!(socket.next().await, Some(Ok(Message::Text(_)))));
}

#[tokio::test]
async fn subscriptions_come_through() {
    let node = node();
    let (mut socket, _) = connect_async(node.proxy().socket_url())
        .await
        .expect("it upgrades");
    let subscribe = body("eth_subscribe", &json!(["newHeads"]));
    socket
        .send(Message::text(subscribe.to_string()))
        .await
        .expect("it is open");
    let said = socket.next().await.expect("it is open").expect("a frame");
    let subscription = answer(said.to_text().expect("a text")).expect("anvil has subscriptions");
    mine(&node, 1).await;
    let said = socket.next().await.expect("it is open").expect("a frame");
    let head = serde_json::from_str::<Value>(said.to_text().expect("a text")).expect("JSON");
    assert_eq!(head["params"]["subscription"], subscription);
    assert_eq!(head["params"]["result"]["number"], "0x1");
}

#[tokio::test]
async fn only_who_has_the_token_is_let_in() {
    let node = node();
    let proxy = node.proxy();
    proxy.token(Some("secret"));
    let client = ayumi_chain::http(|client| client).expect("a client");
    let post = async |token: &str| {
        let call = body("eth_chainId", &json!([]));
        let request = client.post(proxy.url()).json(&call);
        let sent = request.header("authorization", token).send().await;
        sent.expect("an answer").status().as_u16()
    };
    assert_eq!(post("Bearer secret").await, 200);
    for wrong in ["Bearer other", "secret", ""] {
        assert_eq!(post(wrong).await, 401);
    }
    assert!(connect_async(proxy.socket_url()).await.is_err());

    let mut request = proxy.socket_url().into_client_request().expect("a URL");
    request
        .headers_mut()
        .insert("authorization", "Bearer secret".parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("it upgrades");
    for (token, is_let_in) in [("secret", true), ("other", false)] {
        proxy.token(Some(token));
        let call = Message::text(body("eth_chainId", &json!([])).to_string());
        socket.send(call).await.expect("it is open");
        let said = socket.next().await.expect("it is open").expect("a frame");
        assert_eq!(answer(said.to_text().expect("a text")).is_ok(), is_let_in);
    }
    proxy.token(None);
    assert_eq!(post("").await, 200);
}

/// Two thousand calls over sixteen connections. The limit is generous: it shows that connections are kept.
#[tokio::test(flavor = "multi_thread")]
async fn it_stands_in_a_load() {
    let node = node();
    node.proxy()
        .rules([Rule::on("net_version", Fault::Result(json!("made up")))]);
    let client = ayumi_chain::http(|client| client).expect("a client");
    let since = Instant::now();
    let lanes = (0..16).map(|lane| {
        let (client, url) = (client.clone(), node.url());
        let method = ["eth_chainId", "net_version"][lane % 2];
        tokio::spawn(async move {
            for _ in 0..125 {
                let answer = client
                    .post(&url)
                    .json(&body(method, &json!([])))
                    .send()
                    .await;
                assert!(answer.expect("an answer").status().is_success());
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("no lane panics");
    }
    let seconds = since.elapsed().as_secs_f64();
    println!("{:.0} calls a second", 2_000.0 / seconds);
    assert!(seconds < 20.0, "{seconds} s");
    assert_eq!(node.proxy().count("eth_chainId"), 1_000);
}
