//! 09 to 15: what the chain takes back, hides or tells wrongly misleads nobody.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use alloy::sol_types::SolEvent;
use ayumi_contracts::ICTIOperator::State;
use ayumi_contracts::ICTIToken::ProductPublished;
use ayumi_e2e::{Action, Honesty, Node, Request, Solver, World, json_answer, wait_until};
use serde_json::{Value, json};

use crate::{OURS, answer, method, once, product, transactions};

/// The first parameter of a call.
fn parameter(request: &Request) -> Value {
    let call = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    call["params"][0].clone()
}

/// Changes the logs in an answer of HTTP.
fn edit(answer: Vec<u8>, change: impl FnOnce(&mut Vec<Value>)) -> Option<Vec<u8>> {
    let text = String::from_utf8(answer).ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    let mut body: Value = serde_json::from_str(body).ok()?;
    if let Some(logs) = body.get_mut("result").and_then(Value::as_array_mut) {
        change(logs);
    }
    let body = body.to_string();
    Some(json_answer("200 OK", "application/json", &body))
}

/// The same, the first three times that there are any.
fn tamper(answer: Vec<u8>, count: &AtomicUsize, change: fn(&mut Vec<Value>)) -> Option<Vec<u8>> {
    edit(answer, |logs| {
        if !logs.is_empty() && count.fetch_add(1, Ordering::SeqCst) < 3 {
            change(logs);
        }
    })
}

#[test]
fn invariant_09_keys_wait_for_finality() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "network": { "finality": { "blocks": 2 } } });
    let solver = Solver::with_settings(&world, "deep", OURS, Honesty::Honest, &settings);
    let product = product(&world, &solver, consumer, 1);
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the receipt is there", || {
        (solver.readiness(&world)["receipted"] == 1).then_some(())
    });
    let before = world.rpc("eth_blockNumber", &json!([]));
    assert_eq!(world.task(1).state, State::Requested);
    world.rpc("evm_mine", &json!([]));
    assert!(world.deliveries().is_empty(), "one block after {before}");
    world.rpc("evm_mine", &json!([]));
    running.end().done();
    consumer.received("got.json");
    assert_eq!(world.deliveries(), once(1));
}

#[test]
fn invariant_10_a_reorg_rolls_back_what_it_took_back() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "network": { "finality": { "blocks": 8 } } });
    let solver = Solver::with_settings(&world, "nimble", OURS, Honesty::Honest, &settings);
    let product = product(&world, &solver, consumer, 2);
    let mine = |blocks: u64| world.rpc("anvil_mine", &json!([blocks]));

    // A redemption that never was: its block goes, and it with it.
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the receipt is there", || {
        (solver.readiness(&world)["receipted"] == 1).then_some(())
    });
    running.kill();
    world.rpc("anvil_reorg", &json!([1, []]));
    wait_until("the solver goes back", || {
        (solver.readiness(&world)["open"] == 0).then_some(())
    });
    mine(10);
    assert!(world.deliveries().is_empty());

    // It comes again, under the same number, from the same command.
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the receipt is there", || {
        (solver.readiness(&world)["receipted"] == 1).then_some(())
    });
    mine(8);
    wait_until("the key is out", || {
        (world.task(1).state == State::Delivered).then_some(())
    });
    running.end().done();

    // The block with the key goes: the solver sends its transaction again.
    world.rpc("anvil_reorg", &json!([1, []]));
    assert_eq!(world.task(1).state, State::Requested);
    wait_until("the key is out again", || {
        (world.task(1).state == State::Delivered).then_some(())
    });
    assert_eq!(world.deliveries(), once(1));
    assert_eq!(transactions(&world, &solver), 1);
}

#[test]
fn invariant_10_a_reorg_between_two_questions_is_seen() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "network": { "finality": { "blocks": 8 } } });
    let solver = Solver::with_settings(&world, "attentive", OURS, Honesty::Honest, &settings);
    let product = product(&world, &solver, consumer, 1);
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the receipt is there", || {
        (solver.readiness(&world)["receipted"] == 1).then_some(())
    });
    world.rpc("anvil_mine", &json!([8]));
    running.end().done();
    let last = world.rpc("eth_blockNumber", &json!([]));
    wait_until("the solver has read it", || {
        let block = solver.readiness(&world)["block"].as_u64()?;
        (format!("{block:#x}") == last.as_str()?).then_some(())
    });

    // The node is away while there are more blocks. Then it says that the block with the key is there, and takes it back
    // before it is asked anything else.
    solver.back.rule(|_| Action::Cut);
    world.rpc("anvil_mine", &json!([2]));
    let (said, answers) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let gone = Arc::new(Mutex::new(gone));
    solver.back.rule(move |request| {
        if method(request) != "eth_getBlockByNumber" || parameter(request) != last {
            return Action::Forward;
        }
        let (said, gone) = (said.clone(), Arc::clone(&gone));
        Action::Tap(Box::new(move |answer| {
            let _ = said.send(());
            let _ = gone.lock().map(|gone| gone.recv());
            Some(answer)
        }))
    });
    answers.recv().expect("the solver looks where it was");
    world.rpc("anvil_reorg", &json!([3, []]));
    assert_eq!(world.task(1).state, State::Requested);
    drop(go);
    wait_until("the key is out again", || {
        (world.task(1).state == State::Delivered).then_some(())
    });
    assert_eq!(world.deliveries(), once(1));
}

#[test]
fn invariant_10_a_key_that_is_out_is_sent_whatever_time_it_is() {
    let world = World::alone(&["--delivery-period", "3600"]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "persistent", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 1);
    world.rpc("evm_setAutomine", &json!([false]));
    // How often the solver looked at the chain since a node took its transaction.
    let looks = Arc::new(AtomicUsize::new(0));
    let (count, is_sent) = (Arc::clone(&looks), AtomicBool::new(false));
    solver.back.rule(move |request| {
        is_sent.fetch_or(request.sends(), Ordering::SeqCst);
        if is_sent.load(Ordering::SeqCst) && method(request) == "eth_getBlockByNumber" {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Action::Forward
    });
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the ticket is spent", || {
        if world.task(1).state == State::Unknown {
            world.rpc("evm_mine", &json!([]));
        }
        (looks.load(Ordering::SeqCst) > 2).then_some(())
    });
    solver.kill();
    running.kill();

    // The pool loses it, and the time is almost over; but whoever looks at the pool has the key.
    world.rpc("anvil_dropAllTransactions", &json!([]));
    world.pass(3_300);
    assert_eq!(world.task(1).state, State::Requested);
    world.rpc("evm_setAutomine", &json!([true]));
    solver.resume();
    wait_until("the key is out", || {
        (world.task(1).state == State::Delivered).then_some(())
    });
    assert_eq!(transactions(&world, &solver), 1);
    consumer.must(&["use", &product, "-o", "got.json"]);
    consumer.received("got.json");
}

#[test]
fn invariant_11_what_was_final_and_changed_stops_the_solver() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "network": { "finality": { "blocks": 1 } } });
    let mut solver = Solver::with_settings(&world, "stubborn", OURS, Honesty::Honest, &settings);
    let product = product(&world, &solver, consumer, 1);
    world.rpc("anvil_mine", &json!([3]));
    let head = world.rpc("eth_blockNumber", &json!([]));
    wait_until("the solver has read it", || {
        let block = solver.readiness(&world)["block"].as_u64()?;
        (format!("{block:#x}") == head.as_str()?).then_some(())
    });
    world.rpc("anvil_reorg", &json!([3, []]));
    assert!(!solver.wait().success());
    assert!(solver.log().contains("was rewritten"), "{}", solver.log());
    // Again, and until a person has looked.
    solver.resume();
    assert!(!solver.wait().success());
    let said = solver.log();
    assert_eq!(said.matches("--accept-rewrite").count(), 2, "{said}");

    let (process, url) = solver.another(&["--accept-rewrite"])().expect("now it does");
    solver.adopt(process, &url);
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the receipt is there", || {
        (solver.readiness(&world)["receipted"] == 1).then_some(())
    });
    world.rpc("evm_mine", &json!([]));
    running.end().done();
    consumer.received("got.json");
}

#[test]
fn invariant_11_another_chain_of_the_same_id_is_refused() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "faithful", OURS, Honesty::Honest);
    solver.stop();
    // Another chain, on which the same contracts are at the same addresses.
    let other = World::alone(&[]);
    let contracts = world.chain().contracts();
    for contract in [contracts.consortium, contracts.token, contracts.operator] {
        let code = world.rpc("eth_getCode", &json!([contract, "latest"]));
        other.rpc("anvil_setCode", &json!([contract, code]));
    }
    let address = other.rpc_url().trim_start_matches("http://");
    let address = address.trim_end_matches('/').parse().expect("an address");
    solver.back.towards(Some(address));
    let said = solver.try_resume().expect_err("it is another chain");
    assert!(said.contains("genesis block"), "{said}");
}

#[test]
fn invariant_12_logs_are_those_that_were_asked_for() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "wary", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 2);
    let changes: [fn(&mut Vec<Value>); 2] = [
        |logs| logs.extend(logs.clone()),
        |logs| {
            for log in logs {
                log["address"] = json!("0x00000000000000000000000000000000000000aa");
            }
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        // Three wrong answers that are not empty; then the right ones.
        let wrong = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&wrong);
        solver.back.rule(move |request| {
            if method(request) != "eth_getLogs" {
                return Action::Forward;
            }
            let count = Arc::clone(&count);
            Action::Tap(Box::new(move |answer| tamper(answer, &count, change)))
        });
        let name = format!("{number}.json");
        consumer.must(&["use", &product, "--another", "-o", &name]);
        assert!(wrong.load(Ordering::SeqCst) >= 3);
        consumer.received(&name);
    }
    assert_eq!(world.deliveries(), once(2));
}

#[test]
fn invariant_13_a_log_that_was_hidden_is_found() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "compare_s": 1 });
    let solver = Solver::with_settings(&world, "thorough", OURS, Honesty::Honest, &settings);
    let product = product(&world, &solver, consumer, 1);
    let hidden = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&hidden);
    solver.back.rule(move |request| {
        if method(request) != "eth_getLogs" || count.load(Ordering::SeqCst) > 0 {
            return Action::Forward;
        }
        let count = Arc::clone(&count);
        Action::Tap(Box::new(move |answer| tamper(answer, &count, Vec::clear)))
    });
    consumer.must(&["use", &product, "-o", "got.json"]);
    assert!(hidden.load(Ordering::SeqCst) > 0);
    consumer.received("got.json");
    assert!(solver.log().contains("overlooked"), "{}", solver.log());
}

#[test]
fn invariant_13_a_product_that_was_hidden_is_found() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "compare_s": 1 });
    let solver = Solver::with_settings(&world, "thorough", OURS, Honesty::Honest, &settings);
    // Publications are never among the logs, unless one is asked for by its number.
    let published = json!(ProductPublished::SIGNATURE_HASH);
    solver.back.rule(move |request| {
        let call: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let topics = call["params"][0]["topics"].as_array().map_or(0, Vec::len);
        if method(request) != "eth_getLogs" || topics > 1 {
            return Action::Forward;
        }
        let published = published.clone();
        Action::Tap(Box::new(move |answer| {
            edit(answer, |logs| {
                logs.retain(|log| log["topics"][0] != published);
            })
        }))
    });
    let product = product(&world, &solver, consumer, 1);
    consumer.must(&["use", &product, "-o", "got.json"]);
    consumer.received("got.json");
    assert!(solver.log().contains("overlooked"), "{}", solver.log());
    assert_eq!(world.deliveries(), once(1));
}

#[test]
fn invariant_14_a_stale_head_is_not_ready() {
    let world = World::alone(&[]);
    let settings = json!({ "network": { "max_head_age_s": 5 } });
    let solver = Solver::with_settings(&world, "awake", OURS, Honesty::Honest, &settings);
    // Nobody makes blocks.
    let reasons = solver.wait_ready(&world, false);
    assert!(reasons.contains("seconds old"), "{reasons}");
    world.rpc("evm_setIntervalMining", &json!([1]));
    solver.wait_ready(&world, true);

    // The node goes back five blocks.
    world.rpc("anvil_mine", &json!([10]));
    solver.wait_ready(&world, true);
    let old = world.rpc("eth_blockNumber", &json!([]));
    let old = old
        .as_str()
        .expect("a number")
        .trim_start_matches("0x")
        .to_owned();
    let old = u64::from_str_radix(&old, 16).expect("a number") - 5;
    let block = world.rpc("eth_getBlockByNumber", &json!([format!("{old:#x}"), false]));
    solver.back.rule(move |request| {
        let call: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if method(request) == "eth_getBlockByNumber" && call["params"][0] == "latest" {
            return answer(request, "result", &block);
        }
        Action::Forward
    });
    let reasons = solver.wait_ready(&world, false);
    assert!(reasons.contains(" after block "), "{reasons}");
    solver.back.open();
    solver.wait_ready(&world, true);
}

#[test]
fn invariant_15_deadlines_follow_the_chains_clock() {
    // An hour is all the time that there is, and the clocks are an hour apart, either way.
    for (number, seconds) in [3_600_i64, -3_600].into_iter().enumerate() {
        let node = Node::start_at(seconds);
        let world = World::alone(&["--node", &node.url(), "--delivery-period", "3600"]);
        let consumer = world.account("kitakaze");
        let solver = Solver::start(&world, "punctual", OURS, Honesty::Honest);
        let product = product(&world, &solver, consumer, 1);
        let name = format!("{number}.json");
        consumer.must(&["use", &product, "-o", &name]);
        consumer.received(&name);
        assert_eq!(world.deliveries(), once(1));
    }
}
