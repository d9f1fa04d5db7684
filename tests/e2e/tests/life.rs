//! The whole life of a product, from its document to the auditor's counts.

use std::fs;
use std::path::Path;

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::{Dialogue, State};
use ayumi_e2e::samples::{self, SAMPLE};
use ayumi_e2e::{Account, Action, Honesty, Solver, World};
use serde_json::{Value, json};

const ETHER: u64 = 1_000_000_000_000_000_000;

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

#[test]
fn a_product_is_published_bought_used_and_talked_about() {
    let world = World::default();
    let document = samples::sample("ember-lynx-second-wave.json");
    publish(&world, &document);
    buy_and_use(&world, &document);
    talk(&world);
    check_activity(&world);
    check_money(&world);
}

/// Product 1-1, of which everyone sees what its producer chose, and nothing else.
fn publish(world: &World, document: &Path) {
    let (hinode, kitakaze, tsubame) = (
        world.account("hinode"),
        world.account("kitakaze"),
        world.account("tsubame"),
    );
    let file = document.to_str().expect("our paths are text");
    hinode.must(&["lint", file]);
    let offer = [
        "publish", file, "--price", "0.1", "--stock", "2", "--reward", "20",
    ];
    let published = hinode.must(&[&offer[..], &["--valid-until", "2099-12-31"]].concat());
    assert_eq!(published["product"], "1-1");

    let found =
        tsubame
            .without("ETH_KEYSTORE")
            .must(&["search", "ember", "lynx", "--on-sale", "--valid"]);
    assert_eq!(found[0]["product"], "1-1");
    let shown = kitakaze.must(&["show", "1-1"]);
    assert_eq!(
        (&shown["left"], &shown["organisation"]),
        (&json!(2), &json!("Hinode CERT"))
    );
    let public = shown.to_string();
    let event = fs::read(document).expect("our samples can be read");
    let event = serde_json::from_slice::<Value>(&event).expect("our samples are JSON");
    for attribute in event["Event"]["Attribute"]
        .as_array()
        .expect("events have attributes")
    {
        assert!(
            !public.contains(text(&attribute["value"])),
            "{attribute} is public"
        );
    }
}

/// The document stays as it is, and what the listing states counts for the export; a file in the way costs no ticket.
fn use_with_export(consumer: &Account, document: &Path) {
    let again = ["use", "1-1", "-o", "got.json", "--format", "list", "--all"];
    let used = consumer.must(&again);
    assert_eq!(used["export"]["format"], "list");
    assert_eq!(used["export"]["file"], "got.txt");
    assert_eq!(
        fs::read(consumer.file("got.json")).ok(),
        fs::read(document).ok()
    );
    let written = fs::read_to_string(consumer.file("got.txt")).expect("it was written");
    let exported = used["export"]["report"]["exported"].as_u64();
    assert_eq!(exported == Some(0), written.is_empty());
    consumer.ayumi(&again).fails("file-exists");
    consumer
        .ayumi(&["use", "1-1", "--direction", "inbound"])
        .fails("usage");
}

/// Tasks 1 and 2.
fn buy_and_use(world: &World, document: &Path) {
    let (kitakaze, tsubame) = (world.account("kitakaze"), world.account("tsubame"));
    assert_eq!(kitakaze.must(&["buy", "1-1"])["quantity"], 1);
    let used = kitakaze.must(&["use", "1-1", "-o", "got.json"]);
    assert_eq!(
        (&used["task"], &used["verified"]),
        (&json!("1"), &json!(true))
    );
    assert_eq!(
        fs::read(kitakaze.file("got.json")).ok(),
        fs::read(document).ok()
    );
    kitakaze
        .ayumi(&["use", "1-1", "--another", "-o", "got.json"])
        .fails("no-ticket");
    tsubame.must(&[
        "use",
        "1-1",
        "--buy",
        "--max-price",
        "0.1",
        "-o",
        "got.json",
    ]);
    assert_eq!(
        fs::read(tsubame.file("got.json")).ok(),
        fs::read(document).ok()
    );
    assert_eq!(world.deliveries(), [U256::from(1), U256::from(2)]);
    use_with_export(tsubame, document);
}

/// About task 1, by whom it concerns, once.
fn talk(world: &World) {
    let (hinode, minato) = (world.account("hinode"), world.account("minato"));
    let (kitakaze, tsubame) = (world.account("kitakaze"), world.account("tsubame"));
    let give = [
        "feedback",
        "give",
        "1",
        "--outcome",
        "true-positive",
        "--usefulness",
        "5",
    ];
    let give = [&give[..], &["--action", "block-outbound,hunt"]].concat();
    kitakaze.must(&[&give[..], &["--note", "three hosts, 請求書"]].concat());
    kitakaze.ayumi(&give).fails("already-said");
    tsubame.ayumi(&give).fails("not-consumer");
    let inbox = hinode.must(&["feedback", "inbox", "--unanswered"]);
    assert_eq!(text(&inbox[0]["note"]), "three hosts, 請求書");
    assert_eq!(inbox[0]["actions"], json!(["block-outbound", "hunt"]));
    minato
        .ayumi(&["feedback", "answer", "1", "--response", "acknowledged"])
        .fails("not-producer");
    hinode.must(&[
        "feedback",
        "answer",
        "1",
        "--response",
        "will-revise",
        "--note",
        "thank you",
    ]);
    hinode
        .ayumi(&["feedback", "inbox", "--unanswered"])
        .negative();
    assert_eq!(
        text(&kitakaze.must(&["feedback", "show", "1"])["answerNote"]),
        "thank you"
    );
    assert_eq!(world.task(1).dialogue, Dialogue::Answered);
    let tasks = kitakaze.must(&["tasks"]);
    assert_eq!(
        (&tasks[0]["state"], &tasks[0]["answered"]),
        (&json!("delivered"), &json!(true))
    );
}

/// Every count of everybody: what happened, and nothing else.
fn check_activity(world: &World) {
    let rows = world.account("asagiri").must(&["audit", "activity"]);
    let mut counted = Vec::new();
    for row in rows.as_array().expect("rows") {
        let row = row.as_object().expect("a row");
        for (name, count) in row
            .iter()
            .filter(|(_, count)| count.as_u64().is_some_and(|count| count > 0))
        {
            counted.push(format!("{} {name} {count}", text(&row["organisation"])));
        }
    }
    counted.sort();
    let expected = [
        "Hinode CERT answered 1",
        "Hinode CERT delivered 2",
        "Hinode CERT feedbackReceived 1",
        "Hinode CERT published 1",
        "Hinode CERT sold 2",
        "Kitakaze Energy bought 1",
        "Kitakaze Energy consumed 1",
        "Kitakaze Energy feedbackGiven 1",
        "Kitakaze Energy redeemed 1",
        "Tsubame Bank bought 1",
        "Tsubame Bank consumed 1",
        "Tsubame Bank redeemed 1",
    ];
    assert_eq!(counted, expected);
}

/// After all periods, the money is where it belongs, and the till has nothing that is nobody's.
fn check_money(world: &World) {
    let (hinode, kitakaze) = (world.account("hinode"), world.account("kitakaze"));
    assert_eq!(world.till(), U256::from(ETHER / 5));
    hinode.ayumi(&["settle"]).negative();
    world.pass(15 * 86_400);
    assert_eq!(hinode.must(&["settle"])["tasks"], json!(["1", "2"]));
    assert_eq!(world.task(1).state, State::Settled);
    assert_eq!(
        world.credit(hinode.address),
        U256::from(ETHER / 10 + ETHER / 10 * 8 / 10)
    );
    assert_eq!(
        world.credit(kitakaze.address),
        U256::from(ETHER / 10 * 2 / 10)
    );
    hinode.must(&["balance", "collect"]);
    kitakaze.must(&["balance", "collect"]);
    assert_eq!(world.till(), U256::ZERO);
}

#[test]
fn what_was_withdrawn_or_revised_still_honours_its_tickets() {
    let world = World::default();
    let (minato, asagiri) = (world.account("minato"), world.account("asagiri"));
    let document = samples::sample("webmail-spraying.json");
    let file = document.to_str().expect("our paths are text");
    let listing = [
        "--price",
        "1",
        "--stock",
        "9",
        "--incomplete",
        "--valid-until",
        "2099-12-31",
    ];
    minato.must(&[&["publish", file], &listing[..]].concat());
    asagiri.must(&["buy", "2-1", "--quantity", "2"]);
    minato.must(&[&["revise", "2-1", file], &listing[..]].concat());
    asagiri.ayumi(&["buy", "2-1"]).fails("not-on-sale");
    assert_eq!(asagiri.must(&["show", "2-1"])["next"], "2-2");
    asagiri.must(&["use", "2-1", "-o", "got.json"]);
    assert_eq!(
        fs::read(asagiri.file("got.json")).ok(),
        fs::read(&document).ok()
    );
    minato.must(&["withdraw", "2-2"]);
    asagiri.ayumi(&["buy", "2-2"]).fails("not-on-sale");
    // The other ticket is worth its price.
    assert_eq!(
        asagiri.must(&["refund", "2-1"])["credited"],
        ETHER.to_string()
    );
    asagiri
        .ayumi(&["use", "2-1", "--another", "-o", "again.json"])
        .fails("no-ticket");
    assert_eq!(world.credit(asagiri.address), U256::from(ETHER));
    assert_eq!(world.till(), U256::from(2 * ETHER));
}

#[test]
fn what_was_used_is_written_again_and_costs_no_ticket() {
    let world = World::default();
    let (producer, consumer) = (world.account("hinode"), world.account("kitakaze"));
    producer.publish(world.solver_url());
    consumer.must(&["buy", "1-1", "--quantity", "2"]);
    let first = consumer.must(&["use", "1-1", "-o", "first.json"]);
    fs::remove_file(consumer.file("first.json")).expect("it was written");
    for name in ["first.json", "second.json"] {
        let again = consumer.ayumi(&["use", "1-1", "--buy", "-o", name]);
        assert_eq!(again.done()["task"], first["task"]);
        assert!(again.stderr.contains("--another"), "{again}");
        consumer.received(name);
    }
    assert_eq!(
        consumer.must(&["balance"])["tickets"][0]["tickets"],
        json!("1")
    );
    let another = consumer.must(&["use", "1-1", "--another", "-o", "first.json"]);
    assert_eq!(another["task"], "2");
    assert_eq!(world.deliveries(), [U256::from(1), U256::from(2)]);
    consumer
        .ayumi(&["use", "1-1", "--another", "--task", "1"])
        .fails("usage");
}

#[test]
fn another_solver_takes_a_product_over() {
    let world = World::default();
    let (producer, consumer) = (world.account("hinode"), world.account("kitakaze"));
    let document = samples::sample(SAMPLE);
    let file = document.to_str().expect("our paths are text");
    producer.publish(world.solver_url());
    consumer.must(&["buy", "1-1", "--quantity", "2"]);
    let other = Solver::start(&world, "other", "Minato ISAC", Honesty::Honest);
    let own = world.solver_url();
    let assign = |account: &Account, file: &str, solver: &str| {
        account.ayumi(&["product", "assign", "1-1", file, "--solver", solver])
    };

    let wrong = samples::sample("webmail-spraying.json");
    let wrong = wrong.to_str().expect("our paths are text");
    assign(producer, wrong, &other.url()).fails("other-document");
    assign(consumer, file, &other.url()).fails("not-producer");
    assign(producer, file, &consumer.address.to_string()).fails("no-solver");
    producer
        .without("AYUMI_SOLVER")
        .ayumi(&["product", "assign", "1-1", file])
        .fails("no-solver");
    let elsewhere = producer.with("AYUMI_STATE", producer.file("fresh").display());
    assign(&elsewhere, file, &other.url()).fails("no-seed");
    // Nothing is assigned to a solver that does not take the document.
    other.front.rule(|_| Action::Cut);
    assign(producer, file, &other.url()).fails("solver-unreachable");
    other.front.open();

    let again = assign(producer, file, own).done();
    assert_eq!(again["transaction"], Value::Null);
    let address = json!(other.address);
    let assigned = assign(producer, file, &other.address.to_string()).done();
    assert_eq!(assigned["solver"], address);
    assert!(assigned["transaction"].is_string());
    assert_eq!(consumer.must(&["show", "1-1"])["solver"], address);
    consumer.must(&["use", "1-1", "-o", "got.json"]);
    consumer.received("got.json");
    // And back, with a task that is open.
    other.front.cut(|request| request.is("GET", "/delivery"));
    let open = ["use", "1-1", "--another", "--wait", "1", "-o", "got.json"];
    consumer.ayumi(&open).fails("solver-slow");
    assign(producer, file, own).done();
    drop(other);
    assert_eq!(
        consumer.must(&["use", "1-1", "-o", "got.json"])["task"],
        "2"
    );
    assert_eq!(world.deliveries(), [U256::from(1), U256::from(2)]);
}

#[test]
fn an_edition_is_of_the_same_event() {
    let world = World::default();
    let producer = world.account("hinode");
    let path = |name: &str| samples::sample(name).display().to_string();
    let (file, other) = (path("kagerou-beacons.json"), path("webmail-spraying.json"));
    let terms = ["--price", "1", "--stock", "9", "--incomplete"];
    let revise = |product: &str, file: &str, more: &[&str]| {
        producer.ayumi(&[&["revise", product, file], &terms[..], more].concat())
    };
    producer.must(&[&["publish", &*file], &terms[..]].concat());
    let refused = revise("1-1", &other, &["--hide-uuid"]);
    refused.fails("other-event");
    let hint = refused.error()["hint"].to_string();
    assert!(hint.contains("--other-event"), "{refused}");
    revise("1-1", &file, &[]).done();
    revise("1-1", &file, &["--title", "Too late"]).fails("not-on-sale");
    revise("1-2", &other, &["--other-event", "--hide-uuid"]).done();
    // Nobody can tell that a hidden event is another.
    revise("1-3", &file, &[]).done();
    let [last, before] = ["1-4", "1-3"].map(|product| producer.must(&["show", product]));
    assert_eq!(last["status"], "on-sale");
    assert_eq!(before["status"], "revised");
}

/// As in a container that has nothing but the programs.
#[test]
fn without_any_authority_of_https_everything_works_over_http() {
    let nothing = [
        ("SSL_CERT_FILE", "/dev/null"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    let world = World::default();
    let mut solver = Solver::start(&world, "bare", "Minato ISAC", Honesty::Honest);
    solver.kill();
    solver
        .environment
        .extend(nothing.map(|(name, value)| (name, value.to_owned())));
    solver.resume();
    let bare = |name: &str| {
        let account = world.account(name).clone();
        let without = |account: Account, (name, value): (&str, &str)| account.with(name, value);
        nothing.into_iter().fold(account, without)
    };
    let product = bare("hinode").publish(&solver.url());
    let consumer = bare("kitakaze");
    consumer.must(&["use", &product, "--buy", "-o", "got.json"]);
    consumer.received("got.json");
    let elsewhere = ["balance", "--rpc-url", "https://127.0.0.1:1"];
    consumer.ayumi(&elsewhere).fails("node-unreachable");
}
