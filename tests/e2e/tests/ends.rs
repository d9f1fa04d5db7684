//! Tasks that end another way than by a right delivery: nobody keeps money for nothing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};

use alloy::primitives::U256;
use alloy::sol_types::SolCall;
use ayumi_contracts::ICTIOperator::{State, deliverCall};
use ayumi_e2e::{Action, Honesty, Solver, World, wait_until};

const ETHER: u64 = 1_000_000_000_000_000_000;

#[test]
fn what_nobody_serves_is_cancelled_and_refunded() {
    let world = World::new(&["--delivery-period", "3600"]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "sleepy", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    consumer.must(&["buy", &product]);
    // The solver is there when the ticket is spent, and gone when the delivery is due.
    solver.front.cut(|request| request.is("GET", "/delivery"));
    let outcome = consumer.ayumi(&["use", &product, "--wait", "1"]);
    outcome.fails("solver-slow");
    solver.kill();
    assert_eq!(world.task(1).state, State::Requested);
    consumer.ayumi(&["cancel", "1"]).fails("too-early");
    consumer
        .ayumi(&["use", &product, "--wait", "0"])
        .fails("solver-slow");

    world.pass(3_601);
    world.account("stranger").must(&["cancel", "1"]);
    assert_eq!(world.task(1).state, State::Cancelled);
    consumer.ayumi(&["cancel", "1"]).fails("wrong-state");
    assert_eq!(consumer.must(&["refund", &product])["quantity"], 1);
    assert_eq!(world.credit(consumer.address), U256::from(ETHER));
    consumer.must(&["balance", "collect"]);
    assert_eq!(world.till(), U256::ZERO);
    assert!(world.deliveries().is_empty());
}

#[test]
fn a_solver_that_takes_a_request_and_says_nothing_is_given_up() {
    let world = World::default();
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "mute", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    // Holds whoever asks for a delivery until the test lets go.
    let (let_go, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    solver.front.rule(move |request| {
        if !request.is("GET", "/delivery") {
            return Action::Forward;
        }
        let _ = held.lock().map(|held| held.recv());
        Action::Cut
    });
    let outcome = consumer.ayumi(&["use", &product, "--buy", "-o", "got.json", "--wait", "2"]);
    outcome.fails("solver-slow");
    assert_eq!(world.task(1).state, State::Requested);

    drop(let_go);
    solver.front.open();
    consumer.must(&["use", &product, "-o", "got.json"]);
    assert_eq!(world.deliveries(), [U256::from(1)]);
}

#[test]
fn a_lying_solver_is_caught_and_its_consumer_refunded() {
    let world = World::default();
    let (producer, consumer) = (world.account("hinode"), world.account("tsubame"));
    let solver = Solver::start(&world, "liar", "Minato ISAC", Honesty::Lying);
    let product = producer.publish(&solver.url());
    let outcome = consumer.ayumi(&["use", &product, "--buy", "-o", "got.json"]);
    outcome.fails("wrong-data");
    assert!(!consumer.file("got.json").exists(), "wrong data is no file");
    assert_eq!(world.task(1).state, State::Delivered);
    world
        .account("kitakaze")
        .ayumi(&["complain", "1"])
        .fails("not-consumer");

    assert_eq!(consumer.must(&["complain", "1"])["wrong"], true);
    assert_eq!(world.task(1).state, State::Refunded);
    assert_eq!(world.credit(consumer.address), U256::from(ETHER));
    consumer.ayumi(&["complain", "1"]).fails("refunded");
    world.pass(100 * 86_400);
    producer.ayumi(&["settle"]).negative();
    assert_eq!(world.credit(producer.address), U256::ZERO);
    consumer.must(&["balance", "collect"]);
    assert_eq!(world.till(), U256::ZERO);
}

#[test]
fn a_complaint_about_right_data_is_none() {
    let world = World::default();
    let consumer = world.account("asagiri");
    let product = world.account("minato").publish(world.solver_url());
    consumer.must(&["use", &product, "--buy"]);
    assert_eq!(
        consumer.ayumi(&["complain", "1"]).negative()["wrong"],
        false
    );
    assert_eq!(world.task(1).state, State::Delivered);
    assert_eq!(world.till(), U256::from(ETHER));
}

#[test]
fn a_key_that_was_not_sent_in_time_is_never_sent() {
    let world = World::new(&["--delivery-period", "3600"]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "late", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    // The signed delivery is stored, and nothing of it comes through to the node.
    let sends = solver.back.cut(|request| {
        let selector = alloy::hex::encode(deliverCall::SELECTOR);
        // Others use the nonce for nothing.
        request.sends() && String::from_utf8_lossy(&request.body).contains(&selector)
    });
    let waiting = consumer.start(&["use", &product, "--buy"]);
    wait_until("the solver tries to send", || {
        (sends.load(Ordering::SeqCst) > 0).then_some(())
    });
    solver.kill();
    waiting.kill();
    let tried = sends.load(Ordering::SeqCst);

    // A tenth of the period is left, less than the solver keeps to; the task can still be delivered, and not cancelled.
    world.pass(3_300);
    solver.resume();
    wait_until("the solver gives up", || {
        solver.log().contains("too late to send").then_some(())
    });
    assert_eq!(sends.load(Ordering::SeqCst), tried);
    assert_eq!(world.task(1).state, State::Requested);

    world.pass(301);
    consumer.must(&["cancel", "1"]);
    assert_eq!(consumer.must(&["refund", &product])["quantity"], 1);
    assert_eq!(sends.load(Ordering::SeqCst), tried);
}
