//! 01 to 04: wherever it ends, each task is delivered once, and what was promised is kept.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use ayumi_e2e::{Action, Honesty, Request, Solver, World, samples, wait_until};
use ayumi_solver::crash::Point;
use serde_json::{Value, json};

use crate::{OURS, once, product, transactions};

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
fn invariant_01_one_delivery_where_another_transaction_took_its_nonce() {
    let world = World::alone(&[]);
    let consumer = world.account("kitakaze");
    let mut solver = Solver::start(&world, "mortal", OURS, Honesty::Honest);
    let product = product(&world, &solver, consumer, 1);
    solver.stop();
    solver.arguments = vec!["--crash-at".to_owned(), Point::Concluded.name().to_owned()];
    solver.resume();
    let sent = solver.back.cut(Request::sends);
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the solver sends", || {
        (sent.load(Ordering::SeqCst) > 0).then_some(())
    });
    // Someone else has its key, and is faster.
    world.rpc("anvil_impersonateAccount", &json!([solver.address]));
    let nothing = json!([{ "from": solver.address, "to": solver.address }]);
    world.rpc("eth_sendTransaction", &nothing);
    assert!(!solver.wait().success());
    solver.back.open();
    solver.arguments.clear();
    solver.resume();
    running.end().done();
    consumer.received("got.json");
    assert_eq!(world.deliveries(), once(1));
    assert_eq!(transactions(&world, &solver), 2);
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
