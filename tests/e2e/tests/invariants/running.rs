//! 16 to 22: with too little money, too much to do, or on request, it waits, stops and says so.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alloy::primitives::{Bytes, U256};
use alloy::sol_types::SolCall;
use ayumi_contracts::ICTIOperator::{State, deliverCall};
use ayumi_e2e::{Action, Honesty, Node, Request, Solver, World, wait_until};
use ayumi_solver::crash::Point;
use serde_json::{Value, json};

use crate::{OURS, answer, error, method, once, product, transactions};

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
    let products = consumers.map(|consumer| (consumer, product(&world, &solver, consumer, 4)));
    let mut running = Vec::new();
    for (consumer, product) in &products {
        for number in 0..4 {
            let name = format!("{number}.json");
            running.push((
                consumer,
                name.clone(),
                consumer.start(&["use", product, "--another", "-o", &name]),
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
fn invariant_17_who_reads_slowly_holds_up_nobody_and_gets_all() {
    let world = World::alone(&[]);
    let patient = ["kitakaze", "tsubame"].map(|name| world.account(name));
    let solver = Solver::with_settings(
        &world,
        "patient",
        OURS,
        Honesty::Honest,
        &json!({ "limits": { "memory_mb": 18 } }),
    );
    let text = "a report that is longer than what a connection holds".repeat(100_000);
    let event = json!({ "Event": { "info": "Long report", "Attribute": [
        { "type": "text", "category": "Other", "value": "x", "comment": text },
    ]}});
    let producer = world.account("hinode");
    fs::write(producer.file("long.json"), event.to_string()).unwrap();
    let long = producer.must(&[
        "publish",
        "long.json",
        "--incomplete",
        "--price",
        "0.01",
        "--stock",
        "9",
        "--solver",
        &solver.url(),
    ]);
    let long = long["product"].as_str().unwrap();
    for consumer in patient {
        consumer.must(&["buy", long]);
    }

    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let held = Arc::new([const { AtomicBool::new(false) }; 2]);
    let (ours, seen) = (Arc::clone(&gate), Arc::clone(&held));
    solver.front.rule(move |request| {
        let task = |number: usize| request.is("GET", &format!("/v1/tasks/{number}/delivery"));
        let Some(slow) = (0..2).find(|slow| task(slow + 1)) else {
            return Action::Forward;
        };
        seen[slow].store(true, Ordering::SeqCst);
        Action::Hold(Arc::clone(&ours))
    });
    let slow = patient.map(|consumer| consumer.start(&["use", long, "-o", "long.json"]));
    wait_until("both are being read", || {
        let all = held.iter().all(|task| task.load(Ordering::SeqCst));
        all.then_some(())
    });

    let other = world.account("asagiri");
    let short = product(&world, &solver, other, 1);
    other.must(&["use", &short, "-o", "got.json"]);
    other.received("got.json");
    assert_eq!(world.deliveries(), [U256::from(3)]);

    drop(closed);
    for (consumer, command) in patient.into_iter().zip(slow) {
        command.end().done();
        let got = fs::read(consumer.file("long.json")).unwrap();
        assert_eq!(got, event.to_string().as_bytes());
    }
    let mut deliveries = world.deliveries();
    deliveries.sort_unstable();
    assert_eq!(deliveries, once(3));
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
