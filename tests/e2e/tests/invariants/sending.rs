//! 05 to 08: whatever becomes of a transaction, it is sent by one process and takes effect once.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ayumi_e2e::{Action, Honesty, Request, Solver, World, json_answer, wait_until};
use serde_json::json;

use crate::{OURS, answer, error, once, product, transactions};

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
    let sent = solver.back.cut(Request::sends);
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the solver sends", || {
        (sent.load(Ordering::SeqCst) > 0).then_some(())
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

    // One that stands by takes over when the first ends: it looks every second.
    let standby = std::thread::spawn(solver.another(&["--standby"]));
    wait_until("it stands by", || {
        solver.log().contains("standing by").then_some(())
    });
    consumer.must(&["use", &product, "-o", "first.json"]);
    solver.kill();
    let standby = standby.join().expect("it does not panic");
    let (process, url) = standby.expect("it takes over");
    solver.adopt(process, &url);
    consumer.must(&["use", &product, "--another", "-o", "second.json"]);
    assert_eq!(world.deliveries(), once(2));
}
