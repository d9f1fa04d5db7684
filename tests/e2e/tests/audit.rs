//! The auditor's figures on a real chain: the same from everywhere, and wrong ones are found.

#[path = "../../../crates/audit/tests/databases/mod.rs"]
mod databases;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::SolValue;
use ayumi_e2e::{
    Account, Action, Process, Proxy, World, json_answer, programs, samples, wait_until,
};
use databases::{Certificate, Databases, Server};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Published, bought and used by two, told of by one, answered; a revision; a ticket that is refunded.
fn traded() -> World {
    let world = World::default();
    let (hinode, kitakaze, tsubame) = (
        world.account("hinode"),
        world.account("kitakaze"),
        world.account("tsubame"),
    );
    let document = samples::sample("ember-lynx-second-wave.json");
    let file = document.to_str().expect("our paths are text");
    let offer = [
        "publish", file, "--price", "0.1", "--stock", "9", "--reward", "20",
    ];
    hinode.must(&offer);
    for consumer in [kitakaze, tsubame] {
        consumer.must(&["buy", "1-1", "--quantity", "2"]);
        consumer.must(&["use", "1-1", "-o", "got.json"]);
    }
    tsubame.must(&["refund", "1-1"]);
    let give = [
        "feedback",
        "give",
        "1",
        "--outcome",
        "true-positive",
        "--usefulness",
        "4",
    ];
    kitakaze.must(&[&give[..], &["--action", "block-outbound,hunt"]].concat());
    hinode.must(&["feedback", "answer", "1", "--response", "will-revise"]);
    world
}

/// Starts an auditor where `account` is, told this. Returns its URL, too.
fn serve(account: &Account, arguments: &[&str]) -> (Process, String) {
    let mut command = Command::new(programs::auditor());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--client-rate", "0"])
        .args(arguments)
        .env_clear()
        .envs(&account.environment)
        .env("NO_COLOR", "1");
    let started = Process::start(command, &account.file("auditor.log"), "listening on ");
    started.unwrap_or_else(|said| panic!("no auditor: {said}"))
}

fn index(world: &World, account: &Account) -> PathBuf {
    let path = world.folder().join("index.db");
    account.must(&["audit", "sync", "--index", text(&path)]);
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("our paths are text")
}

#[test]
fn every_figure_is_the_same_from_chain_index_and_auditor() {
    let world = traded();
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    let path = index(&world, &auditor);
    let (_served, url) = serve(&auditor, &["--read-only", "--index", text(&path)]);
    let questions: &[&[&str]] = &[
        &["activity", "--by", "account"],
        &["activity", "--by", "team"],
        &["activity", "--by", "organisation"],
        &["activity", "--by", "product"],
        &["activity", "--by", "week"],
        &["activity", "--organisation", "Hinode CERT"],
        &[
            "activity",
            "--organisation",
            "1",
            "--since",
            "2020-01-01",
            "--until",
            "2099-12-31",
        ],
        &["products"],
        &["products", "--product", "1-1"],
        &["organisations"],
        &["gap"],
        &["gap", "--by", "producer"],
        &["gap", "--by", "organisation"],
        &["money"],
        &["money", "--by", "organisation"],
        &["timeline"],
        &["timeline", "--by", "month"],
        &["overview"],
        &["tasks"],
        &["events"],
    ];
    let offline = auditor.with("ETH_RPC_URL", "http://127.0.0.1:1");
    for question in questions {
        let asked = [&["audit"], *question].concat();
        let from_chain = auditor.must(&asked);
        let from_index = offline.must(&[&asked[..], &["--index", text(&path)]].concat());
        let from_auditor = offline.must(&[&asked[..], &["--from", &url]].concat());
        assert_eq!(from_chain, from_index, "{question:?}");
        assert_eq!(from_chain, from_auditor, "{question:?}");
    }
    // The contracts' own counters say the same.
    let counters = auditor.must(&["audit", "activity"]);
    let events = auditor.must(&["audit", "activity", "--by", "account"]);
    for row in counters.as_array().expect("rows") {
        let same = |other: &&Value| other["account"] == row["account"];
        let other = events
            .as_array()
            .expect("rows")
            .iter()
            .find(same)
            .expect("everybody is in both");
        for (name, count) in row.as_object().expect("a row") {
            assert_eq!(&other[name], count, "{name} of {row}");
        }
    }
    let nothing = [
        "audit",
        "timeline",
        "--since",
        "2001-01-01",
        "--until",
        "2001-01-02",
    ];
    assert_eq!(auditor.ayumi(&nothing).negative(), json!([]));
    let unknown = ["audit", "gap", "--organisation", "Nobody"];
    auditor.ayumi(&unknown).fails("unknown");
    offline
        .ayumi(&[&unknown[..], &["--from", &url]].concat())
        .fails("auditor");
    offline
        .ayumi(&["audit", "gap", "--index", "nothing.db"])
        .fails("no-index");
}

#[test]
fn a_killed_index_goes_on_where_it_was() {
    let world = traded();
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    let path = world.folder().join("index.db");
    let follow = ["audit", "sync", "--follow", "--index", text(&path)];
    for turn in 0..6 {
        let following = auditor.start(&follow);
        for place in 0..turn {
            let name = format!("Organisation {turn} {place}");
            world.governor().must(&["organisation", "add", &name]);
        }
        following.kill();
    }
    auditor.must(&["audit", "sync", "--index", text(&path)]);
    let told = auditor.must(&["audit", "verify", "--index", text(&path)]);
    assert_eq!(told["differences"], json!([]));
}

/// Runs `ayumi audit verify`, which must find what `is_it` knows.
fn finds(account: &Account, arguments: &[&str], what: &str, is_it: impl Fn(&Value) -> bool) {
    let told = account
        .ayumi(&[&["audit", "verify"], arguments].concat())
        .negative();
    let differences = told["differences"].as_array().expect("a list");
    let found = differences.iter().any(|difference| {
        difference["what"]
            .as_str()
            .is_some_and(|told| told.starts_with(what))
            && is_it(difference)
    });
    assert!(found, "{what}: {told:#}");
}

#[test]
fn a_difference_of_an_index_is_named() {
    let world = traded();
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    let path = index(&world, &auditor);
    let verify = ["--index", text(&path)];
    let good = auditor.must(&[&["audit", "verify"], &verify[..]].concat());
    assert_eq!(good["differences"], json!([]));
    let backup = std::fs::read(&path).expect("it is there");
    let kitakaze = json!(world.account("kitakaze").address);
    let given = "(SELECT feedback FROM task WHERE id = 1)";
    let seeds = [
        (format!("DELETE FROM event WHERE id = {given}"), "event"),
        (
            format!("UPDATE event SET transaction_hash = zeroblob(32) WHERE id = {given}"),
            "event",
        ),
        ("UPDATE task SET usefulness = 5 WHERE id = 1".into(), "task 1"),
        ("DELETE FROM task WHERE id = 1".into(), "task 1"),
        (
            "UPDATE purchase SET quantity = 9 WHERE id = (SELECT min(id) FROM purchase)".into(),
            "purchase",
        ),
        (
            "DELETE FROM tally WHERE scope = 2 AND key IN (SELECT requested_buyer FROM task WHERE id = 1)".into(),
            "tally 2",
        ),
        (
            "DELETE FROM tally WHERE scope = 5 AND key IN
                 (SELECT team_id FROM membership JOIN task ON membership.id = requested_buyer WHERE task.id = 1)"
                .into(),
            "tally 5",
        ),
        ("DELETE FROM tally WHERE scope = 5".into(), "feedbackGiven, organisation"),
        (
            "DELETE FROM tally WHERE scope = 2 AND key IN (SELECT requested_buyer FROM task WHERE id = 1)".into(),
            "feedbackGiven",
        ),
    ];
    for (seed, what) in seeds {
        Connection::open(&path)
            .and_then(|db| db.execute(&seed, []))
            .unwrap_or_else(|cause| panic!("{seed}: {cause}"));
        let is_of_all = what.ends_with("organisation");
        finds(&auditor, &verify, what, |difference| {
            is_of_all || difference["account"] == kitakaze && difference["transaction"].is_string()
        });
        // The same, seen by somebody who asks this index over HTTP.
        if !what.starts_with("tally") && !what.starts_with("purchase") {
            let (_served, url) = serve(&auditor, &["--read-only", "--index", text(&path)]);
            let told = auditor
                .ayumi(&["audit", "verify", "--against", &url])
                .negative();
            let differences = told["differences"].as_array().expect("a list");
            assert!(
                is_of_all
                    || differences
                        .iter()
                        .any(|difference| difference["transaction"].is_string()
                            || difference["account"] == kitakaze),
                "{seed}: {told:#}"
            );
        }
        for beside in ["db-wal", "db-shm"] {
            let _ = std::fs::remove_file(path.with_extension(beside));
        }
        std::fs::write(&path, &backup).expect("it can be written to");
    }
    let (_served, url) = serve(&auditor, &["--read-only", "--index", text(&path)]);
    auditor.must(&["audit", "verify", "--against", &url]);
}

#[test]
fn an_index_in_postgresql_tells_the_same() {
    let Some(databases) = Databases::postgres() else {
        return;
    };
    let url = databases.url().expect("PostgreSQL has URLs");
    let world = traded();
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    let path = index(&world, &auditor);
    let by_environment = auditor.with("AYUMI_AUDIT_DATABASE", &url);
    auditor
        .ayumi(&["audit", "gap", "--database", &url])
        .fails("no-index");
    by_environment.must(&["audit", "sync"]);
    let questions: [&[&str]; 8] = [
        &["audit", "activity", "--by", "organisation"],
        &["audit", "products"],
        &["audit", "organisations"],
        &["audit", "money", "--by", "organisation"],
        &["audit", "timeline"],
        &["audit", "overview"],
        &["audit", "tasks", "--organisation", "Hinode CERT"],
        &["audit", "events"],
    ];
    for asked in questions {
        let from_file = auditor.must(&[asked, &["--index", text(&path)]].concat());
        let from_database = auditor.must(&[asked, &["--database", &url]].concat());
        assert_eq!(from_file, from_database, "{asked:?}");
    }
    let told = by_environment.must(&["audit", "verify"]);
    assert_eq!(told["differences"], json!([]));
    let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("it runs");
    client
        .batch_execute("UPDATE task SET usefulness = 5 WHERE id = 1")
        .expect("there is such a task");
    let kitakaze = json!(world.account("kitakaze").address);
    finds(&auditor, &["--database", &url], "task 1", |difference| {
        difference["account"] == kitakaze && difference["transaction"].is_string()
    });
    by_environment.must(&["audit", "sync", "--rebuild"]);
    by_environment.must(&["audit", "verify"]);
    auditor
        .ayumi(&["audit", "gap", "--index", &url])
        .fails("usage");
    auditor
        .ayumi(&["audit", "gap", "--database", "mysql://x"])
        .fails("usage");
}

#[test]
fn a_reorg_between_two_questions_is_seen() {
    let world = World::alone(&[]);
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    world.governor().must(&["organisation", "add", "Aoba"]);
    let path = index(&world, &auditor);
    world.rpc("anvil_mine", &json!([3]));

    // Block by block, and the first is asked for when the chain is another one than a moment ago.
    let profile = world.folder().join("pages.toml");
    std::fs::write(&profile, "log_range = 1\n").expect("it can be written to");
    let before = Proxy::before(world.rpc_url());
    let (said, asked) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    before.rule(move |request| {
        if request.method().as_deref() == Some("eth_getLogs") {
            let _ = said.send(());
            let _ = gone.lock().map(|gone| gone.recv());
        }
        Action::Forward
    });
    let paged = auditor
        .with("ETH_RPC_URL", before.url())
        .with("AYUMI_NETWORK", text(&profile));
    let running = paged.start(&["audit", "sync", "--index", text(&path)]);
    asked.recv().expect("there are blocks to read");
    world.rpc("anvil_reorg", &json!([4, []]));
    drop(go);
    running.end().done();
    auditor.must(&["audit", "sync", "--index", text(&path)]);
    let told = auditor.ayumi(&["audit", "organisations", "--index", text(&path)]);
    assert!(!told.stdout.contains("Aoba"), "{}", told.stdout);
    auditor.must(&["audit", "verify", "--index", text(&path)]);
}

#[test]
fn a_node_that_falls_behind_leaves_no_gap() {
    let world = World::alone(&[]);
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    let path = index(&world, &auditor);
    world.governor().must(&["organisation", "add", "Aoba"]);
    // Aoba is among the blocks that are too old to be taken back.
    world.rpc("anvil_mine", &json!([80]));

    // Another node answers, for which the newest block is an early one, once the newest was told.
    let early = world.rpc("eth_getBlockByNumber", &json!(["0x1", false]));
    let before = Proxy::before(world.rpc_url());
    let is_told = AtomicBool::new(false);
    before.rule(move |request| {
        let call: Value = serde_json::from_slice(&request.body).expect("requests are JSON");
        if call["params"][0] != "latest" || !is_told.swap(true, Ordering::SeqCst) {
            return Action::Forward;
        }
        let answer = json!({ "jsonrpc": "2.0", "id": call["id"], "result": early });
        Action::Answer(json_answer(
            "200 OK",
            "application/json",
            &answer.to_string(),
        ))
    });
    let behind = auditor.with("ETH_RPC_URL", before.url());
    behind.must(&["audit", "sync", "--index", text(&path)]);
    let told = auditor.ayumi(&["audit", "organisations", "--index", text(&path)]);
    assert!(told.stdout.contains("Aoba"), "{}", told.stdout);
    auditor.must(&["audit", "verify", "--index", text(&path)]);
}

#[test]
fn postgresql_is_spoken_to_over_tls() {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let pair = pair.expect("names are fine");
    let certificate = Certificate {
        certificate: pair.cert.pem(),
        key: pair.signing_key.serialize_pem(),
    };
    let Some(server) = Server::over_tls(&certificate) else {
        return Databases::missing();
    };
    let port = server.port.expect("it speaks TLS");
    let world = World::default();
    let governor = world.governor();
    let url =
        |host: &str, mode: &str| format!("postgres://ayumi@{host}:{port}/postgres?sslmode={mode}");
    let authority = governor.file("authority.pem");
    std::fs::write(&authority, &certificate.certificate).expect("it can be written to");
    let trusting = governor.with("SSL_CERT_FILE", text(&authority));
    let refused = |account: &Account, url: &str, why: &str| {
        let told = account.ayumi(&["audit", "sync", "--database", url]);
        assert!(told.stderr.contains(why), "{}", told.stderr);
        told.fails("database");
    };
    refused(governor, &url("localhost", "require"), "UnknownIssuer");
    refused(
        &trusting,
        &url("127.0.0.1", "require"),
        "certificate not valid for name",
    );
    refused(&trusting, &url("localhost", "disable"), "no encryption");
    for mode in ["require", "prefer"] {
        let database = url("localhost", mode);
        trusting.must(&["audit", "sync", "--database", &database]);
        let told = trusting.must(&["audit", "verify", "--database", &database]);
        assert_eq!(told["differences"], json!([]), "{mode}");
    }
}

#[test]
fn an_auditor_goes_on_when_its_database_is_there_again() {
    let Some(databases) = Databases::postgres() else {
        return;
    };
    let schema = databases.url().expect("PostgreSQL has URLs");
    let mut operator = postgres::Client::connect(&schema, postgres::NoTls).expect("it runs");
    let world = World::default();
    let governor = world.governor();
    let database = format!("{schema}&application_name=auditor");
    let (mut served, url) = serve(governor, &["--database", &database]);
    for turn in 0..3 {
        let name = format!("Organisation {turn}");
        governor.must(&["organisation", "add", &name]);
        wait_until("the auditor tells of it", || {
            let told = governor.ayumi(&["audit", "organisations", "--from", &url]);
            told.stdout.contains(&name).then_some(())
        });
        let lost = operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'auditor'",
            &[],
        );
        assert!(lost.expect("an operator may do so") >= 1, "turn {turn}");
    }
    assert!(!served.has_ended(), "{}", served.said());
}

#[test]
fn a_difference_of_the_contracts_is_named() {
    let world = traded();
    let auditor = world.account("asagiri").without("ETH_KEYSTORE");
    auditor.must(&["audit", "verify"]);
    let contracts = world.chain().contracts();
    let consumer = world.account("kitakaze").address;
    let is_consumers = |difference: &Value| {
        difference["account"] == json!(consumer) && difference["transaction"].is_string()
    };

    let counters = place_of(&world, contracts.operator, consumer, |word| {
        let low = |bits: usize| (word >> bits) & U256::from(u32::MAX);
        [0, 32, 64, 96].map(low) == [1, 1, 0, 1].map(U256::from)
    });
    set(
        &world,
        contracts.operator,
        counters.0,
        counters.1 + U256::from(1),
    );
    finds(&auditor, &[], "redeemed", is_consumers);
    set(&world, contracts.operator, counters.0, counters.1);
    auditor.must(&["audit", "verify"]);

    let refunded = world.account("tsubame").address;
    let credit = U256::from(100_000_000_000_000_000_u64);
    let place = place_of(&world, contracts.token, refunded, |word| word == credit);
    set(&world, contracts.token, place.0, credit + U256::from(1));
    finds(&auditor, &[], "credit", |difference| {
        difference["account"] == json!(refunded)
    });
    set(&world, contracts.token, place.0, credit);

    let till = world.till();
    world.rpc(
        "anvil_setBalance",
        &json!([contracts.token, till + U256::from(1)]),
    );
    finds(&auditor, &[], "till", |difference| {
        difference["account"] == json!(contracts.token)
    });
    world.rpc("anvil_setBalance", &json!([contracts.token, till]));

    let product = U256::from(1 << 24 | 1);
    let inner = |slot: u64| keccak256((product, U256::from(slot)).abi_encode());
    let tickets = (0..12)
        .map(|slot| U256::from_be_bytes(keccak256((consumer, inner(slot)).abi_encode()).0))
        .find(|place| get(&world, contracts.token, *place) == U256::from(1))
        .expect("the consumer has a ticket");
    set(&world, contracts.token, tickets, U256::from(2));
    finds(&auditor, &[], "tickets", is_consumers);
    set(&world, contracts.token, tickets, U256::from(1));
    auditor.must(&["audit", "verify"]);
}

/// Where a contract keeps a mapping's value for an account, and the value.
fn place_of(
    world: &World,
    contract: Address,
    account: Address,
    is_it: impl Fn(U256) -> bool,
) -> (U256, U256) {
    (0..16_u64)
        .map(|slot| U256::from_be_bytes(keccak256((account, U256::from(slot)).abi_encode()).0))
        .map(|place| (place, get(world, contract, place)))
        .find(|(_, value)| is_it(*value))
        .expect("the contract keeps it in a mapping")
}

fn get(world: &World, contract: Address, place: U256) -> U256 {
    let value = world.rpc("eth_getStorageAt", &json!([contract, place, "latest"]));
    value
        .as_str()
        .and_then(|value| value.parse().ok())
        .expect("a word")
}

fn set(world: &World, contract: Address, place: U256, value: U256) {
    let value = B256::from(value);
    world.rpc("anvil_setStorageAt", &json!([contract, place, value]));
}
