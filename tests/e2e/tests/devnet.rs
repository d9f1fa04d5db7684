//! `ayumi devnet` begins whole, or not at all, and leaves nothing behind.

use std::net::TcpListener;
use std::process::Command;

use alloy::primitives::U256;
use ayumi_chain::Fees;
use ayumi_e2e::{Account, Node, Process, Running, Setting, World, programs, wait_until};
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
    for part in ["anvil", "solver", "auditor"] {
        let mut world = World::audited(&[]);
        let devnet: &mut Process = world.devnet();
        let all = children(devnet.id(), "");
        let name = match part {
            "anvil" => "anvil --port",
            "solver" => "ayumi-solver run",
            _ => "ayumi-auditor serve",
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

fn money(world: &World, account: &Account) -> U256 {
    world
        .wait_for(world.chain().balance(account.address))
        .expect("the chain answers")
}

#[test]
fn where_gas_is_free_only_consumers_have_money() {
    let profile = Setting::Besu.profile().expect("it has one");
    let world = World::alone(&["--network", profile.to_str().expect("our paths are text")]);
    assert_eq!(world.chain().network().fees, Fees::Zero);
    for account in world.everyone() {
        let is_rich = !money(&world, account).is_zero();
        assert_eq!(is_rich, account.role == "consumer", "{}", account.name);
    }
    world
        .governor()
        .must(&["organisation", "add", "Yamabiko Lab"]);
}

#[test]
fn it_begins_on_a_chain_that_takes_its_time_and_gives_no_money() {
    let node = Node::of(Setting::Besu);
    let profile = Setting::Besu.profile().expect("it has one");
    let profile = profile.to_str().expect("our paths are text");
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    runtime.block_on(node.slow_to(1));
    let mut world = World::alone(&["--node", &node.url(), "--network", profile]);
    assert!(world.devnet().said().contains("money     none"));
    assert!(money(&world, world.account("kitakaze")).is_zero());
    let solvers = world.governor().must(&["solver", "list"]);
    assert_eq!(solvers[0]["endpoint"], world.solver_url());
    // Nothing that nodes forget, or that Besu does not tell, was asked for.
    for method in [
        "eth_newFilter",
        "eth_newBlockFilter",
        "eth_maxPriorityFeePerGas",
    ] {
        assert_eq!(node.proxy().count(method), 0, "{method}");
    }
}

#[test]
fn a_node_that_wants_a_token_gets_it_from_everybody() {
    let node = Node::of(Setting::Besu);
    node.proxy().token(Some("first"));
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder can be written to");
    };
    write("token", "first");
    write(
        "network.toml",
        "fees = \"zero\"\nbearer_token_file = \"token\"",
    );
    let profile = folder.path().join("network.toml");
    let profile = profile.to_str().expect("our paths are text");
    let world = World::alone(&["--node", &node.url(), "--network", profile]);
    let list = ["organisation", "list"];
    world.governor().must(&list);

    node.proxy().token(Some("second"));
    world.governor().ayumi(&list).fails("unauthorised");
    let is_ready = |status: u16| {
        wait_until("the solver notices", || {
            let asked = status_of(&world, &format!("{}/readyz", world.solver_url()));
            (asked == Some(status)).then_some(())
        });
    };
    is_ready(503);
    write("token", "second");
    world.governor().must(&list);
    is_ready(200);
}

fn status_of(world: &World, url: &str) -> Option<u16> {
    let client = ayumi_chain::http(|client| client).expect("a client");
    let answer = world.wait_for(client.get(url).send()).ok()?;
    Some(answer.status().as_u16())
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
