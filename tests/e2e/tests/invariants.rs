//! What must hold of a solver whatever happens to it, each by its number. Those of the store alone are in
//! `crates/solver/tests`.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alloy::primitives::{Bytes, U256};
use alloy::sol_types::{SolCall, SolEvent};
use ayumi_contracts::ICTIOperator::{State, deliverCall};
use ayumi_contracts::ICTIToken::ProductPublished;
use ayumi_e2e::{
    Account, Action, Honesty, Node, Request, Solver, World, json_answer, samples, wait_until,
};
use ayumi_solver::crash::Point;
use serde_json::{Value, json};

const OURS: &str = "Minato ISAC";

/// A product of this solver, of which the account has tickets.
fn product(world: &World, solver: &Solver, consumer: &Account, tickets: usize) -> String {
    let product = world.account("hinode").publish(&solver.url());
    let tickets = tickets.to_string();
    consumer.must(&["buy", &product, "--quantity", &tickets]);
    product
}

/// The numbers of the first tasks, once each.
fn once(tasks: u64) -> Vec<U256> {
    (1..=tasks).map(U256::from).collect()
}

fn method(request: &Request) -> String {
    request.method().unwrap_or_default()
}

/// A JSON-RPC answer to this very request.
fn answer(request: &Request, member: &str, value: &Value) -> Action {
    let call: Value = serde_json::from_slice(&request.body).expect("requests are JSON");
    let body = json!({ "jsonrpc": "2.0", "id": call["id"], member: value }).to_string();
    Action::Answer(json_answer("200 OK", "application/json", &body))
}

fn error(request: &Request, code: i64, message: &str) -> Action {
    answer(
        request,
        "error",
        &json!({ "code": code, "message": message }),
    )
}

/// How many transactions of the solver were mined.
fn transactions(world: &World, solver: &Solver) -> u64 {
    let count = world.rpc(
        "eth_getTransactionCount",
        &json!([solver.address, "latest"]),
    );
    let count = count.as_str().expect("a number in hexadecimal digits");
    u64::from_str_radix(count.trim_start_matches("0x"), 16).expect("a number")
}

/// Redeems a ticket, and has the solver end at each of these points on the way. What it ends at, it is started again after.
fn ends_at(points: &[Point]) {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "mortal", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, points.len());
    for (number, point) in points.iter().enumerate() {
        solver.stop();
        solver.arguments = vec!["--crash-at".to_owned(), point.name().to_owned()];
        // It may end before it serves.
        let running = match solver.try_resume() {
            Ok(()) => {
                let name = format!("{number}.json");
                let running = consumer.start(&["use", &product, "--another", "-o", &name]);
                assert!(!solver.wait().success(), "{point:?}");
                Some(running)
            }
            Err(_) => None,
        };
        solver.arguments.clear();
        solver.resume();
        let name = format!("{number}.json");
        match running {
            Some(running) => running.end(),
            None => consumer.ayumi(&["use", &product, "--another", "-o", &name]),
        }
        .done();
        consumer.received(&name);
    }
    let tasks = points.len() as u64;
    assert_eq!(world.deliveries(), once(tasks));
    assert_eq!(transactions(&world, &solver), tasks, "one transaction each");
}

#[test]
fn invariant_01_one_delivery_for_each_task_wherever_it_ends() {
    // Each point that a task passes, on four ways past the point: the name of a point is a promise that it is passed.
    let on_the_way: Vec<_> = Point::ALL
        .into_iter()
        .filter(|point| {
            !matches!(
                point,
                Point::PayloadKept | Point::AssetStored | Point::Concluded
            )
        })
        .collect();
    ends_at(&on_the_way);
}

#[test]
fn invariant_01_one_asset_wherever_it_ends() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "mortal", OURS, Honesty::Honest);
    for point in [Point::PayloadKept, Point::AssetStored] {
        solver.stop();
        solver.arguments = vec!["--crash-at".to_owned(), point.name().to_owned()];
        solver.resume();
        let url = solver.url();
        let offer = samples::offer(&url);
        let running = world.account("hinode").start(&offer);
        assert!(!solver.wait().success(), "{point:?}");
        solver.arguments.clear();
        solver.resume();
        let ended = running.end();
        if ended.status != Some(0) {
            world.account("hinode").must(&offer);
        }
    }
    let found = consumer.must(&["search"]);
    let found = found.as_array().expect("a list").iter();
    let ours: Vec<_> = found
        .filter_map(|product| product["product"].as_str())
        .collect();
    assert_eq!(ours.len(), 2, "{ours:?}");
    for (number, product) in ours.iter().enumerate() {
        let name = format!("{number}.json");
        consumer.must(&["use", product, "--buy", "-o", &name]);
        consumer.received(&name);
    }
    assert_eq!(world.deliveries(), once(2));
}

#[test]
fn invariant_02_events_and_cursor_are_stored_together() {
    ends_at(&[
        Point::LogsRead,
        Point::LogsStored,
        Point::LogsRead,
        Point::LogsStored,
    ]);
}

#[test]
fn invariant_03_signed_bytes_are_stored_before_they_are_sent() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "careful", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 1);
    // The bytes that come out of each life of the solver, none of which get through.
    let sent = Arc::new(Mutex::new(Vec::new()));
    let see = Arc::clone(&sent);
    solver.back.rule(move |request| {
        if !request.sends() {
            return Action::Forward;
        }
        see.lock()
            .expect("nobody panics with it")
            .push(request.body.clone());
        Action::Cut
    });
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    let seen = |count: usize| {
        wait_until("the solver sends", || {
            (sent.lock().expect("nobody panics with it").len() >= count).then_some(())
        });
    };
    for life in 1..=3 {
        seen(life);
        solver.kill();
        sent.lock().expect("nobody panics with it").truncate(life);
        solver.resume();
    }
    seen(4);
    solver.back.open();
    running.end().done();
    let raw = |body: &Vec<u8>| {
        let call: Value = serde_json::from_slice(body).expect("requests are JSON");
        call["params"].clone()
    };
    let sent: Vec<_> = sent
        .lock()
        .expect("nobody panics with it")
        .iter()
        .map(raw)
        .collect();
    assert!(sent.windows(2).all(|two| two[0] == two[1]), "{sent:?}");
    assert_eq!(transactions(&world, &solver), 1);
}

#[test]
fn invariant_04_key_before_ciphertext_and_receipt_before_key() {
    ends_at(&[
        Point::KeyDrawn,
        Point::KeyStored,
        Point::ReceiptChecked,
        Point::ReceiptStored,
    ]);
}

#[test]
fn invariant_05_a_retry_keeps_its_nonce() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "deaf", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 3);
    // Everything that is sent gets through, and no answer comes back.
    solver.back.rule(|request| {
        if request.sends() {
            return Action::Tap(Box::new(|_| None));
        }
        Action::Forward
    });
    for number in 0..3 {
        let name = format!("{number}.json");
        consumer.must(&["use", &product, "--another", "-o", &name]);
        consumer.received(&name);
    }
    assert_eq!(world.deliveries(), once(3));
    assert_eq!(transactions(&world, &solver), 3);
}

#[test]
fn invariant_06_an_unknown_error_means_maybe_sent() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "confused", OURS, Honesty::Honest);
    let said = [
        (-32000, "already known"),
        (-32000, "Known transaction"),
        (-32003, "transaction already imported"),
        (-32001, "Nonce too low"),
        (-32000, "nonce too low"),
        (-32000, "replacement transaction underpriced"),
        (-32000, "transaction underpriced"),
        (-32603, "internal error"),
        (-32005, "limit exceeded"),
        (0, ""),
    ];
    let product = product(&world, &solver, consumer, 2 * said.len() + 2);
    let mut used = 0;
    let mut serve = || {
        used += 1;
        let name = format!("{used}.json");
        consumer.must(&["use", &product, "--another", "-o", &name]);
        consumer.received(&name);
    };
    for (code, message) in said {
        for gets_through in [true, false] {
            let first = AtomicBool::new(true);
            solver.back.rule(move |request| {
                if !request.sends() || !first.swap(false, Ordering::SeqCst) {
                    return Action::Forward;
                }
                let Action::Answer(answer) = error(request, code, message) else {
                    return Action::Cut;
                };
                if gets_through {
                    Action::Tap(Box::new(|_| Some(answer)))
                } else {
                    Action::Answer(answer)
                }
            });
            serve();
        }
    }
    for body in ["<html><body>502 Bad Gateway</body></html>", ""] {
        let first = AtomicBool::new(true);
        solver.back.rule(move |request| {
            if !request.sends() || !first.swap(false, Ordering::SeqCst) {
                return Action::Forward;
            }
            let page = json_answer("502 Bad Gateway", "text/html", body);
            Action::Tap(Box::new(|_| Some(page)))
        });
        serve();
    }
    let tasks = 2 * said.len() as u64 + 2;
    assert_eq!(world.deliveries(), once(tasks));
    assert_eq!(transactions(&world, &solver), tasks);
}

#[test]
fn invariant_07_a_start_finishes_what_was_in_flight() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "risen", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 1);
    let sent = Arc::new(AtomicBool::new(false));
    let see = Arc::clone(&sent);
    solver.back.rule(move |request| {
        if request.sends() {
            see.store(true, Ordering::SeqCst);
            return Action::Cut;
        }
        Action::Forward
    });
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the solver sends", || {
        sent.load(Ordering::SeqCst).then_some(())
    });
    solver.kill();
    // Meanwhile another program uses the key, and with it the nonce of what is stored.
    world.rpc("anvil_impersonateAccount", &json!([solver.address]));
    world.rpc(
        "eth_sendTransaction",
        &json!([{ "from": solver.address, "to": solver.address, "value": "0x0" }]),
    );
    wait_until("it is mined", || {
        (transactions(&world, &solver) == 1).then_some(())
    });
    solver.back.open();
    solver.resume();
    running.end().done();
    consumer.received("got.json");
    assert_eq!(world.deliveries(), once(1));
    assert_eq!(transactions(&world, &solver), 2);
}

#[test]
fn invariant_07_a_pool_that_was_dropped_is_filled_again() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "patient", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 1);
    // The pool loses the transaction the first time.
    let times = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&times);
    solver.back.rule(move |request| {
        if request.sends() && count.fetch_add(1, Ordering::SeqCst) == 0 {
            let hash = "0x0000000000000000000000000000000000000000000000000000000000000001";
            return answer(request, "result", &json!(hash));
        }
        Action::Forward
    });
    consumer.must(&["use", &product, "-o", "got.json"]);
    assert!(times.load(Ordering::SeqCst) >= 2);
    assert_eq!(world.deliveries(), once(1));
}

#[test]
fn invariant_08_one_process_has_a_key_and_a_store() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "only", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 2);
    let refused = solver.another(&[])().expect_err("the store is in use");
    assert!(refused.contains("in use by another process"), "{refused}");

    // A copy of the store has a lock of its own; the key is still at work where it is registered.
    let copy = solver.folder().with_file_name("copy");
    fs::create_dir(&copy).expect("the world's folder can be written to");
    for name in ["key", "password", "solver.toml", "solver.db"] {
        fs::copy(solver.folder().join(name), copy.join(name)).expect("it can be copied");
    }
    let refused = solver.another_in(&copy, &[])().expect_err("the key is at work");
    assert!(refused.contains("runs already"), "{refused}");

    // One that stands by takes over when the first ends.
    let standby = std::thread::spawn(solver.another(&["--standby"]));
    wait_until("it stands by", || {
        solver.log().contains("standing by").then_some(())
    });
    consumer.must(&["use", &product, "-o", "first.json"]);
    solver.kill();
    let ended = Instant::now();
    let standby = standby.join().expect("it does not panic");
    let (process, url) = standby.expect("it takes over");
    assert!(
        ended.elapsed() < Duration::from_secs(10),
        "a promise to operators"
    );
    solver.adopt(process, &url);
    consumer.must(&["use", &product, "--another", "-o", "second.json"]);
    assert_eq!(world.deliveries(), once(2));
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
    let change: [fn(Vec<Value>) -> Vec<Value>; 2] = [
        |logs| [logs.clone(), logs].concat(),
        |mut logs| {
            for log in &mut logs {
                log["address"] = json!("0x00000000000000000000000000000000000000aa");
            }
            logs
        },
    ];
    for (number, change) in change.into_iter().enumerate() {
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

/// Changes the logs in an answer of HTTP, the first three times that there are any.
fn tamper(
    answer: Vec<u8>,
    count: &AtomicUsize,
    change: fn(Vec<Value>) -> Vec<Value>,
) -> Option<Vec<u8>> {
    let text = String::from_utf8(answer).ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    let mut body: Value = serde_json::from_str(body).ok()?;
    let logs = body["result"].as_array().cloned().unwrap_or_default();
    if !logs.is_empty() && count.fetch_add(1, Ordering::SeqCst) < 3 {
        body["result"] = json!(change(logs));
    }
    let body = body.to_string();
    Some(json_answer("200 OK", "application/json", &body))
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
        Action::Tap(Box::new(move |answer| {
            tamper(answer, &count, |_| Vec::new())
        }))
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
            without(answer, |log| log["topics"][0] == published)
        }))
    });
    let product = product(&world, &solver, consumer, 1);
    consumer.must(&["use", &product, "-o", "got.json"]);
    consumer.received("got.json");
    assert!(solver.log().contains("overlooked"), "{}", solver.log());
    assert_eq!(world.deliveries(), once(1));
}

/// Leaves logs out of an answer of HTTP.
fn without(answer: Vec<u8>, is_hidden: impl Fn(&Value) -> bool) -> Option<Vec<u8>> {
    let text = String::from_utf8(answer).ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    let mut body: Value = serde_json::from_str(body).ok()?;
    if let Some(logs) = body["result"].as_array_mut() {
        logs.retain(|log| !is_hidden(log));
    }
    let body = body.to_string();
    Some(json_answer("200 OK", "application/json", &body))
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

#[test]
fn invariant_16_a_fee_is_raised_to_its_cap_and_no_further() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let settings = json!({ "network": { "max_fee_gwei": 100 } });
    let solver = Solver::with_settings(&world, "thrifty", OURS, Honesty::Honest, &settings);
    let product = product(&world, &solver, consumer, 1);
    let base_fee = |gwei: u64| {
        let fee = format!("{:#x}", gwei * 1_000_000_000);
        world.rpc("anvil_setNextBlockBaseFeePerGas", &json!([fee]));
        world.rpc("evm_mine", &json!([]));
    };
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the receipt is there", || {
        let said = solver.readiness(&world);
        (said["receipted"] == 1 || said["flying"] == 1 || said["open"] == 0).then_some(())
    });
    running.end().done();

    // From now on blocks are made by hand, so that what is sent waits.
    consumer.must(&["buy", &product]);
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    world.rpc("evm_setAutomine", &json!([false]));
    solver.back.rule(move |request| {
        if request.sends() {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Action::Forward
    });
    let running = consumer.start(&["use", &product, "--another", "-o", "next.json"]);
    wait_until("the ticket is spent", || {
        world.rpc("evm_mine", &json!([]));
        (world.task(2).state == State::Requested).then_some(())
    });
    wait_until("the solver sends", || {
        (sent.load(Ordering::SeqCst) > 0).then_some(())
    });
    // Dearer than it offered, cheaper than its cap.
    base_fee(30);
    wait_until("the solver offers more", || {
        solver.log().contains("at a higher fee").then_some(())
    });
    // Dearer than its cap: it does not follow.
    base_fee(150);
    let before = sent.load(Ordering::SeqCst);
    let raised = solver.log().matches("at a higher fee").count();
    wait_until("it sends the same again", || {
        (sent.load(Ordering::SeqCst) > before + 1).then_some(())
    });
    assert_eq!(solver.log().matches("at a higher fee").count(), raised);
    assert_eq!(world.task(2).state, State::Requested);
    base_fee(1);
    world.rpc("evm_setAutomine", &json!([true]));
    world.rpc("evm_mine", &json!([]));
    running.end().done();
    consumer.received("next.json");
    assert_eq!(world.deliveries(), once(2));
}

#[test]
fn invariant_16_an_empty_wallet_is_told_and_loses_nothing() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "poor", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 1);
    world.rpc("anvil_setBalance", &json!([solver.address, "0x0"]));
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    let reasons = solver.wait_ready(&world, false);
    assert!(reasons.contains("cannot pay"), "{reasons}");
    world.rpc(
        "anvil_setBalance",
        &json!([solver.address, "0x3635c9adc5dea00000"]),
    );
    running.end().done();
    solver.wait_ready(&world, true);
    assert_eq!(world.deliveries(), once(1));
    assert_eq!(transactions(&world, &solver), 1);
}

#[test]
fn invariant_17_what_is_too_much_waits_and_is_not_dropped() {
    let world = World::alone(&[]);
    let settings = json!({
        "batch": 2,
        "limits": { "requests": 2, "memory_mb": 1 },
        "network": { "nonce_window": 1 },
    });
    let solver = Solver::with_settings(&world, "small", OURS, Honesty::Honest, &settings);
    let consumers = ["kitakaze", "tsubame", "asagiri"].map(|name| world.account(name));
    let mut running = Vec::new();
    for consumer in consumers {
        let product = product(&world, &solver, consumer, 4);
        for number in 0..4 {
            let name = format!("{number}.json");
            running.push((
                consumer,
                name.clone(),
                consumer.start(&["use", &product, "--another", "-o", &name]),
            ));
        }
    }
    for (consumer, name, command) in running {
        command.end().done();
        consumer.received(&name);
    }
    let deliveries = world.deliveries();
    assert!(deliveries.is_sorted_by(|one, next| one < next));
}

#[test]
fn invariant_18_what_fails_again_and_again_is_parked_and_shown() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "stoic", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 2);
    // The node says that the delivery of task 1 would not count.
    solver.back.rule(|request| match delivered_tasks(request) {
        Some(tasks) if tasks.contains(&U256::ONE) => {
            let count = tasks.iter().filter(|task| **task != U256::ONE).count();
            answer(request, "result", &json!(format!("0x{count:064x}")))
        }
        _ => Action::Forward,
    });
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    let mut restarts = 0;
    wait_until("the task is parked", || {
        let said = solver.readiness(&world);
        if said["receipted"] == 1 && restarts < 20 {
            restarts += 1;
            solver.kill();
            solver.resume();
        }
        (said["parked"] == 1).then_some(())
    });
    running.kill();
    assert_eq!(transactions(&world, &solver), 0);

    // Others are served all the same.
    let other = world.account("tsubame");
    other.must(&["use", &product, "--buy", "-o", "got.json"]);
    other.received("got.json");
    assert_eq!(world.deliveries(), [U256::from(2)]);
    assert_eq!(solver.readiness(&world)["parked"], 1);
}

/// The tasks in a simulated delivery.
fn delivered_tasks(request: &Request) -> Option<Vec<U256>> {
    let call: Value = serde_json::from_slice(&request.body).ok()?;
    let input = &call["params"][0];
    let input = input["input"].as_str().or(input["data"].as_str())?;
    let input: Bytes = input.parse().ok()?;
    let call = deliverCall::abi_decode(&input).ok()?;
    (method(request) == "eth_call").then_some(())?;
    Some(
        call.deliveries
            .iter()
            .map(|delivery| delivery.task)
            .collect(),
    )
}

#[test]
fn invariant_20_a_store_that_is_missing_is_not_made_anew() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "bereft", OURS, Honesty::Honest);
    solver.stop();
    fs::remove_file(solver.folder().join("solver.db")).expect("it is there");
    let said = solver.another(&[])().expect_err("the store is missing");
    assert!(said.contains("there is no store at"), "{said}");
    assert!(!solver.folder().join("solver.db").exists());
}

#[test]
fn invariant_20_a_migration_is_done_or_not_begun() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "unborn", OURS, Honesty::Honest);
    // Killed again and again while it makes its store, later each time.
    for milliseconds in (0..40).step_by(2) {
        solver.stop();
        for name in ["solver.db", "solver.db-wal", "solver.db-shm"] {
            let _ = fs::remove_file(solver.folder().join(name));
        }
        let mut command = solver.command(solver.folder(), &["--init"]);
        let mut child = command
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let started = Instant::now();
        let database = solver.folder().join("solver.db");
        wait_until("the store is begun", || database.exists().then_some(()));
        wait_until("it is time", || {
            (started.elapsed() >= Duration::from_millis(milliseconds)).then_some(())
        });
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        solver.resume();
    }
    let product = product(&world, &solver, consumer, 1);
    consumer.must(&["use", &product, "-o", "got.json"]);
    consumer.received("got.json");
}

#[test]
fn invariant_21_a_request_to_end_is_followed_in_order() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "polite", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 3);
    // Idle; while it serves; while a transaction is in flight.
    solver.stop();
    solver.resume();
    for (number, moment) in [
        |request: &Request| method(request) == "eth_getLogs",
        Request::sends as fn(&Request) -> bool,
    ]
    .into_iter()
    .enumerate()
    {
        let seen = Arc::new(AtomicBool::new(false));
        let see = Arc::clone(&seen);
        solver.back.rule(move |request| {
            if moment(request) {
                see.store(true, Ordering::SeqCst);
            }
            Action::Forward
        });
        let name = format!("{number}.json");
        let running = consumer.start(&["use", &product, "--another", "-o", &name]);
        wait_until("the moment comes", || {
            seen.load(Ordering::SeqCst).then_some(())
        });
        solver.stop();
        solver.back.open();
        solver.resume();
        running.end().done();
        consumer.received(&name);
    }
    assert_eq!(world.deliveries(), once(2));
}

#[test]
fn invariant_21_a_panic_anywhere_ends_it_all() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "faulty", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 3);
    // In the loop, in a request, and in the thread of a request that works.
    for (number, point) in [Point::LogsStored, Point::KeyStored, Point::Posted]
        .into_iter()
        .enumerate()
    {
        solver.stop();
        solver.arguments = vec!["--panic-at".to_owned(), point.name().to_owned()];
        let name = format!("{number}.json");
        let started = solver.try_resume();
        let running = consumer.start(&["use", &product, "--another", "-o", &name]);
        if started.is_ok() {
            assert_eq!(solver.wait().code(), Some(101), "{point:?}");
        }
        solver.arguments.clear();
        solver.resume();
        running.end().done();
        consumer.received(&name);
    }
    assert_eq!(world.deliveries(), once(3));
}

#[test]
fn invariant_22_readiness_is_true() {
    let mut node = Node::start_at(0);
    let world = World::alone(&["--node", &node.url()]);
    let solver = Solver::start(&world, "candid", OURS, Honesty::Honest);
    solver.wait_ready(&world, true);
    node.stop();
    let reasons = solver.wait_ready(&world, false);
    assert!(reasons.contains("does not answer"), "{reasons}");
    node.resume();
    solver.wait_ready(&world, true);
    solver.back.rule(|request| {
        if method(request) == "eth_getLogs" {
            return error(request, -32603, "internal error");
        }
        Action::Forward
    });
    world.rpc("evm_mine", &json!([]));
    let reasons = solver.wait_ready(&world, false);
    assert!(reasons.contains("eth_getLogs"), "{reasons}");
    solver.back.open();
    solver.wait_ready(&world, true);
}
