//! The commands that tell how it is, and what is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use ayumi_e2e::{Action, Honesty, Outcome, Running, Solver, World, programs};
use serde_json::{Value, json};

use crate::{OURS, ROOT, address};

/// Runs `ayumi-solver` with these arguments to its end.
pub fn run(arguments: &[&str], trusted: Option<&Path>) -> Outcome {
    let mut command = Command::new(programs::solver());
    command.args(arguments);
    if let Some(certificate) = trusted {
        command.env("SSL_CERT_FILE", certificate);
    }
    Running::of(command, arguments).end()
}

/// How the line about something is, in what `check` says.
fn state<'a>(lines: &'a Value, what: &str) -> &'a str {
    let mut lines = lines.as_array().expect("a list").iter();
    let line = lines.find(|line| line["what"] == what);
    let line = line.unwrap_or_else(|| panic!("nothing about {what}"));
    line["state"].as_str().expect("each has a state")
}

#[test]
fn status_tells_how_it_is() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "asked", OURS, Honesty::Honest);
    solver.wait_ready(&world, true);
    let url = format!("http://{}", address(&solver));
    let status = |json: &[&str]| run(&[&["status", "--url", &url], json].concat(), None);
    let said = status(&["--json"]).done();
    assert_eq!(
        (&said["ready"], &said["reasons"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(said["metrics"]["deliveries_total"], 0.0);
    assert!(said["metrics"]["chain_head_number"].as_f64() > Some(0.0));
    let table = status(&[]);
    assert_eq!(table.status, Some(0), "{table}");
    for line in ["ready               yes\n", "delivered           0\n"] {
        assert!(table.stdout.contains(line), "{table}");
    }

    solver.back.rule(|_| Action::Cut);
    solver.wait_ready(&world, false);
    let said = status(&["--json"]).negative();
    assert!(
        said["reasons"].to_string().contains("does not answer"),
        "{said}"
    );
    let of_its_file = solver.folder().join("solver.toml");
    let of_its_file = of_its_file.to_str().expect("our paths are text");
    let any_port = run(&["status", "--config", of_its_file], None);
    assert_eq!(any_port.status, Some(2), "{any_port}");
    assert!(any_port.stderr.contains("--url"), "{any_port}");
    solver.kill();
    let gone = status(&[]);
    assert_eq!(gone.status, Some(2), "{gone}");
    let stranger = run(&["status", "--url", world.rpc_url()], None);
    assert_eq!(stranger.status, Some(2), "{stranger}");
    assert!(stranger.stderr.contains("is no solver"), "{stranger}");
}

#[test]
fn check_tells_what_is_wrong() {
    let world = World::alone(&[]);
    let mut solver = Solver::start(&world, "checked", OURS, Honesty::Honest);
    let file = solver.folder().join("solver.toml");
    let path = file.to_str().expect("our paths are text");
    let check = || run(&["check", "--config", path, "--json"], None);
    let whats = [
        "configuration",
        "disk",
        "payload disk",
        "key",
        "chain",
        "clock",
        "store",
        "money",
        "registration",
        "sealing key",
        "endpoint",
    ];
    let lines = check().done();
    for what in whats {
        assert_eq!(state(&lines, what), "ok", "{what}: {lines}");
    }
    let text = run(&["check", "--config", path], None);
    assert!(
        text.stdout
            .contains("\nok   registration  of organisation "),
        "{text}"
    );

    let said = run(&["address", "--config", path, "--json"], None).done();
    assert_eq!(said["solver"], json!(solver.address));
    let offered = [
        "--organisation",
        "Minato ISAC",
        "--endpoint",
        "https://solver.example",
    ];
    let said = run(
        &[&["address", "--config", path], &offered[..]].concat(),
        None,
    );
    let line = format!(
        "ayumi solver register {} --organisation 'Minato ISAC' --endpoint 'https://solver.example' --sealing-key 0x",
        solver.address
    );
    assert!(said.stdout.contains(&line), "{said}");

    // It does not run, and is suspended, registered with another key, and poor.
    solver.stop();
    let governor = world.governor();
    let account = solver.address.to_string();
    governor.must(&["solver", "suspend", &account]);
    governor.must(&["solver", "update", &account, "--sealing-key", ROOT]);
    world.rpc("anvil_setBalance", &json!([solver.address, "0x0"]));
    let lines = check().negative();
    for (what, found) in [
        ("key", "ok"),
        ("store", "ok"),
        ("money", "fail"),
        ("registration", "fail"),
        ("sealing key", "fail"),
        ("endpoint", "warn"),
    ] {
        assert_eq!(state(&lines, what), found, "{what}: {lines}");
    }
    // Another solver is where this one is said to be.
    governor.must(&[
        "solver",
        "update",
        &account,
        "--endpoint",
        world.solver_url(),
    ]);
    assert_eq!(state(&check().negative(), "endpoint"), "fail");

    world.pass(1_000);
    let lines = check().negative();
    assert_eq!(state(&lines, "clock"), "fail", "{lines}");
    let store = solver.folder().join("solver.db");
    fs::rename(&store, solver.folder().join("elsewhere.db")).expect("it is ours");
    assert_eq!(state(&check().negative(), "store"), "warn");
    assert!(!store.exists(), "check makes no store");

    let key = solver.folder().join("key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
    assert_eq!(state(&check().negative(), "key"), "fail");
    solver.back.rule(|_| Action::Cut);
    assert_eq!(state(&check().negative(), "chain"), "fail");
    fs::write(&file, "rpc = 3").expect("it is ours");
    assert_eq!(state(&check().negative(), "configuration"), "fail");
}
