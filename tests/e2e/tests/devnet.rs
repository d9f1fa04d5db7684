//! `ayumi devnet` begins whole, or not at all, and leaves nothing behind.

use std::net::TcpListener;
use std::process::Command;

use ayumi_e2e::{Process, Running, World, programs, wait_until};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// The ids of a program's children whose command contains a text.
fn children(parent: u32, text: &str) -> Vec<Pid> {
    let listed = Command::new("ps")
        .args(["-A", "-o", "pid=,ppid=,command="])
        .output()
        .expect("there is a ps");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let child = |line: &str| {
        let mut words = line.split_whitespace();
        let (id, of) = (
            words.next()?.parse().ok()?,
            words.next()?.parse::<u32>().ok()?,
        );
        if of == parent && line.contains(text) {
            Pid::from_raw(id)
        } else {
            None
        }
    };
    listed.lines().filter_map(child).collect()
}

fn gone(ids: &[Pid]) {
    wait_until("all children are gone", || {
        ids.iter()
            .all(|id| test_kill_process(*id).is_err())
            .then_some(())
    });
}

fn devnet(arguments: &[&str]) -> Running {
    let mut command = Command::new(programs::ayumi());
    command
        .env("AYUMI_ANVIL", programs::anvil())
        .args(["devnet", "--json"])
        .args(arguments);
    Running::of(command, &[])
}

#[test]
fn a_signal_ends_all_of_it() {
    let mut world = World::default();
    let all = children(world.devnet().id(), "");
    assert!(all.len() >= 2, "a node and a solver at least");
    let status = world.devnet().terminate();
    assert_eq!(status.code(), Some(0));
    gone(&all);
    let keystore = &world.governor().environment["ETH_KEYSTORE"];
    assert!(
        !std::path::Path::new(keystore).exists(),
        "the folder stays behind"
    );
}

#[test]
fn being_killed_ends_all_of_it() {
    let mut world = World::default();
    let all = children(world.devnet().id(), "");
    world.devnet().kill();
    gone(&all);
    let keystore = std::path::Path::new(&world.governor().environment["ETH_KEYSTORE"]);
    let _ = std::fs::remove_dir_all(keystore.parent().expect("keystores are in a folder"));
}

#[test]
fn when_a_part_dies_all_of_it_ends() {
    for part in ["anvil", "solver"] {
        let mut world = World::default();
        let devnet: &mut Process = world.devnet();
        let all = children(devnet.id(), "");
        let name = if part == "anvil" {
            "anvil --port"
        } else {
            "ayumi-solver run"
        };
        let one = children(devnet.id(), name);
        kill_process(one[0], Signal::KILL).expect("it runs");
        assert_eq!(devnet.wait().code(), Some(2));
        assert!(
            devnet.said().contains(&format!("{part} ended (signal: 9")),
            "{}",
            devnet.said()
        );
        gone(&all);
    }
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = taken.local_addr().expect("it is bound").port();
    for base in [port, port - 1] {
        let outcome = devnet(&["--port-base", &base.to_string()]).end();
        assert_eq!(
            outcome.fails("port-in-use"),
            format!("port {port} is in use")
        );
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    }
}

#[test]
fn a_node_that_is_none_is_refused() {
    let outcome = devnet(&["--node", "http://127.0.0.1:1"]).end();
    outcome.fails("no-anvil-node");
}

#[test]
fn everybody_is_somebody() {
    let world = World::new(&[
        "--delivery-period",
        "60",
        "--complaint-period",
        "60",
        "--feedback-period",
        "120",
    ]);
    assert_eq!(world.accounts("producer").len(), 2);
    assert_eq!(world.accounts("consumer").len(), 3);
    let organisations = world.governor().must(&["organisation", "list"]);
    let names = organisations
        .as_array()
        .expect("a list")
        .iter()
        .map(|organisation| &organisation["name"]);
    let names = names.collect::<Vec<_>>();
    for account in world
        .accounts("producer")
        .into_iter()
        .chain(world.accounts("consumer"))
    {
        let organisation = account.organisation.as_deref().expect("members have one");
        assert!(
            names.iter().any(|name| *name == organisation),
            "{organisation} in {names:?}"
        );
    }
    let solvers = world.governor().must(&["solver", "list"]);
    assert_eq!(solvers[0]["endpoint"], world.solver_url());
    let period = world.wait_for(
        world
            .chain()
            .operator()
            .DELIVERY_PERIOD()
            .call()
            .into_future(),
    );
    assert_eq!(period.expect("the chain answers"), 60);
}
