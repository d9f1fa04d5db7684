//! What goes wrong is said, with a kind for scripts and exit code 2, and nobody loses anything by it.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;

use alloy::primitives::U256;
use ayumi_e2e::{Account, Action, Honesty, Outcome, Solver, World, json_answer, samples};
use serde_json::json;

fn publish(account: &Account, file: &str, more: &[&str]) -> Outcome {
    let offer = ["publish", file, "--price", "1", "--stock", "5"];
    account.ayumi(&[&offer[..], more].concat())
}

#[test]
fn what_is_no_misp_document_is_not_published() {
    let world = World::default();
    let producer = world.account("hinode");
    let deep = format!(
        "{{\"Event\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let large = format!("{{\"Event\":{{\"info\":\"{}\"}}}}", "a".repeat(100 << 20));
    for (name, bytes, kind) in [
        ("empty", String::new(), "bad-document"),
        ("not-json", "<html>".into(), "bad-document"),
        ("not-misp", "{\"hello\": 1}".into(), "bad-document"),
        ("array", "[]".into(), "bad-document"),
        ("deep", deep, "bad-document"),
        (
            "duplicate",
            "{\"Event\":{\"info\":\"a\",\"info\":\"b\"}}".into(),
            "bad-document",
        ),
        ("large", large, "bad-document"),
        (
            "nothing-in-it",
            "{\"Event\":{\"info\":\"a\"}}".into(),
            "bad-document",
        ),
    ] {
        let path = producer.write(name, bytes);
        let since = Instant::now();
        publish(producer, path.to_str().expect("our paths are text"), &[]).fails(kind);
        assert!(
            since.elapsed().as_secs() < 30,
            "{name} took {:?}",
            since.elapsed()
        );
    }
    publish(producer, "nowhere.json", &[]).fails("file");
    publish(producer, ".", &[]).fails("file");
    producer.ayumi(&["search"]).negative();
    assert_eq!(
        world
            .wait_for(world.chain().balance(world.chain().contracts().token))
            .ok(),
        Some(U256::ZERO)
    );
}

#[test]
fn a_listing_gives_no_indicator_away_and_states_its_context() {
    let world = World::default();
    let producer = world.account("hinode");
    let document = samples::sample("bare-blocklist.json");
    let file = document.to_str().expect("our paths are text");
    let event = fs::read_to_string(&document).expect("our samples can be read");
    let event = serde_json::from_str::<serde_json::Value>(&event).expect("our samples are JSON");
    let value = event["Attribute"][0]["value"]
        .as_str()
        .expect("attributes have values");
    publish(producer, file, &["--title", &format!("all about {value}")]).fails("leak");
    publish(producer, file, &["--valid-until", "2099-12-31"]).fails("incomplete");
    assert_eq!(producer.ayumi(&["lint", file]).status, Some(1));
    producer.ayumi(&["search"]).negative();
}

#[test]
fn who_is_no_member_or_has_no_ticket_or_money_gets_nothing() {
    let world = World::default();
    let (producer, consumer, stranger) = (
        world.account("hinode"),
        world.account("kitakaze"),
        world.account("stranger"),
    );
    let document = samples::sample(samples::SAMPLE);
    let file = document.to_str().expect("our paths are text");
    publish(stranger, file, &[]).fails("not-member");
    let nobody = ["--solver", "http://127.0.0.1:1"];
    publish(producer, file, &nobody).fails("no-solver");
    let product = producer.publish(world.solver_url());
    stranger.ayumi(&["buy", &product]).fails("not-member");
    consumer.ayumi(&["use", &product]).fails("no-ticket");
    let nothing = consumer.ayumi(&["refund", &product]);
    nothing.fails("no-ticket");
    let hint = nothing.error()["hint"].to_string();
    assert!(!hint.contains("ayumi buy"), "{nothing}");
    consumer.ayumi(&["use", "1-99"]).fails("unknown-product");
    consumer.ayumi(&["cancel", "99"]).fails("unknown-task");
    producer.ayumi(&["use", &product]).fails("own-product");
    producer.ayumi(&["buy", &product]).fails("own-product");
    consumer
        .ayumi(&["buy", &product, "--max-price", "0.5"])
        .fails("too-dear");
    world.rpc("anvil_setBalance", &json!([consumer.address, "0x1"]));
    consumer
        .ayumi(&["buy", &product])
        .fails("insufficient-funds");
    world
        .governor()
        .must(&["organisation", "suspend", "Tsubame Bank"]);
    world
        .account("tsubame")
        .ayumi(&["buy", &product])
        .fails("not-member");
    assert_eq!(world.till(), U256::ZERO);
}

#[test]
fn what_is_withdrawn_or_out_of_date_is_not_sold() {
    let world = World::default();
    let (producer, consumer) = (world.account("hinode"), world.account("kitakaze"));
    let withdrawn = producer.publish(world.solver_url());
    producer.must(&["withdraw", &withdrawn]);
    consumer.ayumi(&["buy", &withdrawn]).fails("not-on-sale");
    let again = producer.ayumi(&["withdraw", &withdrawn]);
    assert!(again.fails("not-on-sale").contains("already"), "{again}");
    let hint = again.error()["hint"].to_string();
    assert!(hint.contains("nothing is left to do"), "{again}");
    let document = samples::sample("webmail-spraying.json");
    let file = document.to_str().expect("our paths are text");
    let publish_until =
        |time: &str| publish(producer, file, &["--incomplete", "--valid-until", time]);
    publish_until("2020-01-01").fails("bad-period");
    let head = world.wait_for(world.chain().head());
    let soon = head.expect("the chain answers").timestamp + 600;
    let published = publish_until(&soon.to_string()).done();
    let brief = published["product"].as_str().expect("products have ids");
    world.pass(1_000);
    consumer.ayumi(&["buy", brief]).fails("expired");
    assert_eq!(world.till(), U256::ZERO);
}

#[test]
fn an_empty_list_is_said_to_people_and_empty_for_scripts() {
    let world = World::default();
    let (producer, governor) = (world.account("hinode"), world.governor());
    for (account, arguments, said) in [
        (producer, &["search", "heron"][..], "no products match"),
        (
            producer,
            &["product", "list"],
            "the account has no products",
        ),
        (producer, &["tasks"], "the account has no tasks"),
        (producer, &["tasks", "--only", "settled"], "no tasks match"),
        (
            governor,
            &["feedback", "inbox"],
            "there is no feedback on the account's products",
        ),
    ] {
        assert_eq!(account.ayumi(arguments).negative(), json!([]));
        let output = account.command(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(stderr, format!("{said}\n"));
    }
}

#[test]
fn wrong_settings_are_told_apart() {
    let world = World::default();
    let consumer = world.account("kitakaze");
    let write = |name: &str, text: &str| consumer.write(name, text).display().to_string();
    let with = |variable: &str, value: &str, command: &str, kind: &str| {
        consumer.with(variable, value).ayumi(&[command]).fails(kind);
    };
    let (nowhere, no_node) = ("http://127.0.0.1:1", world.solver_url());
    with("ETH_RPC_URL", nowhere, "search", "node-unreachable");
    with("ETH_RPC_URL", no_node, "search", "node-unreachable");
    let no_operator = consumer.address.to_string();
    with("AYUMI_OPERATOR", &no_operator, "search", "no-operator");
    let other = write("other.toml", "chain_id = 1337");
    with("AYUMI_NETWORK", &other, "search", "wrong-chain");
    let nonsense = write("nonsense.toml", "chain = 1337");
    with("AYUMI_NETWORK", &nonsense, "search", "bad-network");
    with("ETH_KEYSTORE", "/nowhere", "balance", "no-keystore");
    let wrong = write("password", "wrong");
    with("ETH_PASSWORD", &wrong, "balance", "locked-keystore");

    let without = |variable: &str, command: &str, kind: &str| {
        consumer.without(variable).ayumi(&[command]).fails(kind);
    };
    without("AYUMI_OPERATOR", "search", "no-operator-set");
    without("ETH_KEYSTORE", "balance", "no-account-set");
    without("ETH_PASSWORD", "balance", "no-password");
}

/// What stands in the place of a solver, and how `use` says so.
type Impostor = (&'static str, fn(Vec<u8>) -> Option<Vec<u8>>);

const IMPOSTORS: [Impostor; 5] = [
    ("solver-slow", |_| None),
    ("bad-delivery", |_| {
        Some(json_answer(
            "200 OK",
            "text/html",
            "<html>Welcome to the hotel</html>",
        ))
    }),
    ("not-a-solver", |_| {
        Some(json_answer(
            "404 Not Found",
            "text/html",
            "<html>Who are you?</html>",
        ))
    }),
    ("bad-delivery", |_| {
        Some(json_answer(
            "200 OK",
            "application/octet-stream",
            "not what was sealed",
        ))
    }),
    ("not-yours", |_| {
        let body = json!({ "error": { "kind": "not-yours", "message": "go away", "hint": "" } })
            .to_string();
        Some(json_answer("403 Forbidden", "application/json", &body))
    }),
];

#[test]
fn whatever_a_solver_answers_costs_nothing() {
    let world = World::default();
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "odd", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    // Nobody spends a ticket on a solver that is not there.
    solver.front.rule(|_| Action::Cut);
    consumer.must(&["buy", &product]);
    consumer
        .ayumi(&["use", &product, "--wait", "1"])
        .fails("solver-unreachable");
    consumer.ayumi(&["tasks"]).negative();
    for (kind, answer) in IMPOSTORS {
        solver.front.rule(move |request| {
            if request.is("GET", "/delivery") {
                Action::Tap(Box::new(answer))
            } else {
                Action::Forward
            }
        });
        // Only of no answer can it not be known before the time is over.
        let wait = if kind == "solver-slow" { "1" } else { "60" };
        consumer
            .ayumi(&["use", &product, "--wait", wait])
            .fails(kind);
    }
    solver.front.open();
    consumer.must(&["use", &product, "-o", "got.json"]);
    assert_eq!(world.deliveries(), [U256::from(1)]);
}

#[test]
fn a_busy_solver_is_asked_again() {
    let world = World::default();
    let solver = Solver::start(&world, "busy", "Minato ISAC", Honesty::Honest);
    let left = AtomicU32::new(3);
    solver.front.rule(move |request| {
        let count_down = |left: u32| left.checked_sub(1);
        if request.is("PUT", "") && left.fetch_update(SeqCst, SeqCst, count_down).is_ok() {
            let body = json!({ "error": { "kind": "busy", "message": "much to do", "hint": "" } });
            let status = "503 Service Unavailable";
            return Action::Answer(json_answer(status, "application/json", &body.to_string()));
        }
        Action::Forward
    });
    let product = world.account("hinode").publish(&solver.url());
    let consumer = world.account("kitakaze");
    consumer.must(&["use", &product, "--buy", "-o", "got.json"]);
    consumer.received("got.json");
}

#[test]
fn a_slow_solver_is_not_waited_for_for_ever() {
    let world = World::default();
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "slow", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    consumer.must(&["buy", &product]);
    let busy =
        json!({ "error": { "kind": "not-prepared", "message": "wait", "hint": "" } }).to_string();
    let busy = format!(
        "HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{busy}",
        busy.len()
    );
    solver.front.rule(move |request| {
        if request.is("GET", "/delivery") {
            Action::Answer(busy.clone().into_bytes())
        } else {
            Action::Forward
        }
    });
    let outcome = consumer.ayumi(&["use", &product, "--wait", "1"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
    assert!(
        outcome.error()["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("ayumi cancel 1")),
        "{outcome}"
    );
    solver.front.open();
    consumer.must(&["use", &product, "-o", "got.json"]);
    assert_eq!(world.deliveries(), [U256::from(1)]);
}

#[test]
fn the_delivery_of_another_task_gets_no_receipt() {
    let world = World::default();
    let (kitakaze, tsubame) = (world.account("kitakaze"), world.account("tsubame"));
    let solver = Solver::start(&world, "mixed-up", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    let first = std::sync::Arc::new(std::sync::Mutex::new(None::<Vec<u8>>));
    solver.front.rule(move |request| {
        if !request.is("GET", "/delivery") {
            return Action::Forward;
        }
        let first = std::sync::Arc::clone(&first);
        Action::Tap(Box::new(move |answer| {
            let mut first = first.lock().expect("nobody panics with it");
            match (&*first, answer.starts_with(b"HTTP/1.1 200")) {
                (None, true) => Some(first.insert(answer).clone()),
                (Some(first), true) => Some(first.clone()),
                (_, false) => Some(answer),
            }
        }))
    });
    kitakaze.must(&["use", &product, "--buy", "-o", "got.json"]);
    tsubame
        .ayumi(&["use", &product, "--buy", "--wait", "60", "-o", "got.json"])
        .fails("bad-delivery");
    assert!(!tsubame.file("got.json").exists());
    assert_eq!(world.deliveries(), [U256::from(1)]);
    solver.front.open();
    tsubame.must(&["use", &product, "-o", "got.json"]);
    assert_eq!(world.deliveries(), [U256::from(1), U256::from(2)]);
}
