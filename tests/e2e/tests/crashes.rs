//! Kill -9 at every step of a delivery, and restarts of the node: no task is lost, none is delivered twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::State;
use ayumi_e2e::{Action, Honesty, Node, Proxy, Request, Solver, World, wait_until};

/// Which proxy of the solver to kill it at, at which request, and whether that request still gets through.
type Point = (
    &'static str,
    fn(&Solver) -> &Proxy,
    fn(&Request) -> bool,
    bool,
);

const POINTS: [Point; 5] = [
    (
        "before it serves",
        |solver| &solver.front,
        |request| request.is("GET", "/delivery"),
        false,
    ),
    (
        "after it served",
        |solver| &solver.front,
        |request| request.is("GET", "/delivery"),
        true,
    ),
    (
        "after the receipt",
        |solver| &solver.front,
        |request| request.is("POST", "/receipt"),
        true,
    ),
    (
        "before it sends",
        |solver| &solver.back,
        Request::sends,
        false,
    ),
    ("after it sent", |solver| &solver.back, Request::sends, true),
];

/// Has the solver killed at the first request of this kind, and says when that was.
fn kill_at(solver: &Arc<Mutex<Solver>>, (_, proxy, is_it, passes): Point) -> Arc<AtomicBool> {
    let killed = Arc::new(AtomicBool::new(false));
    let (said, victim) = (Arc::clone(&killed), Arc::clone(solver));
    let kill = move || {
        if !said.swap(true, Ordering::SeqCst) {
            victim.lock().expect("nobody panics with it").kill();
        }
    };
    let rule = move |request: &Request| {
        let kill = kill.clone();
        match (is_it(request), passes) {
            (false, _) => Action::Forward,
            (true, false) => {
                kill();
                Action::Cut
            }
            (true, true) => Action::Tap(Box::new(move |answer| {
                kill();
                Some(answer)
            })),
        }
    };
    proxy(&solver.lock().expect("nobody panics with it")).rule(rule);
    killed
}

#[test]
fn a_solver_killed_at_any_step_delivers_once() {
    let world = World::default();
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "mortal", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    let solver = Arc::new(Mutex::new(solver));
    for (number, point) in POINTS.into_iter().enumerate() {
        let name = format!("{number}.json");
        let killed = kill_at(&solver, point);
        let running = consumer.start(&["use", &product, "--buy", "--another", "-o", &name]);
        wait_until(point.0, || killed.load(Ordering::SeqCst).then_some(()));
        let mut solver = solver.lock().expect("nobody panics with it");
        point.1(&solver).open();
        solver.resume();
        drop(solver);
        running.end().done();
        consumer.received(&name);
    }
    let once = (1..=POINTS.len()).map(U256::from).collect::<Vec<_>>();
    assert_eq!(world.deliveries(), once);
    solver.lock().expect("nobody panics with it").stop();
}

#[test]
fn what_a_killed_command_began_its_successor_ends() {
    let world = World::default();
    let consumer = world.account("tsubame");
    let solver = Solver::start(&world, "observed", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    consumer.must(&["buy", &product, "--quantity", "2"]);
    for end in ["/delivery", "/receipt"] {
        let asked = solver.front.cut(move |request| request.line.ends_with(end));
        let running = consumer.start(&["use", &product, "--another", "-o", "got.json"]);
        wait_until("the command asks the solver", || {
            (asked.load(Ordering::SeqCst) > 0).then_some(())
        });
        running.kill();
        solver.front.open();
        consumer.must(&["use", &product, "-o", "got.json"]);
        consumer.received("got.json");
    }
    assert_eq!(world.deliveries(), [U256::from(1), U256::from(2)]);
    consumer
        .ayumi(&["use", &product, "--another"])
        .fails("no-ticket");
}

#[test]
fn a_lost_state_folder_loses_nothing() {
    let world = World::default();
    let consumer = world.account("asagiri");
    let product = world.account("hinode").publish(world.solver_url());
    consumer.must(&["use", &product, "--buy", "-o", "first.json"]);
    let elsewhere = consumer.with("AYUMI_STATE", consumer.file("fresh").display());
    elsewhere.must(&["use", &product, "-o", "second.json"]);
    consumer.received("second.json");
    assert_eq!(world.deliveries().len(), 1);
}

#[test]
fn two_commands_of_one_account_wait_for_each_other() {
    let world = World::default();
    let consumer = world.account("kitakaze");
    let product = world.account("hinode").publish(world.solver_url());
    let running = (0..4)
        .map(|_| consumer.start(&["buy", &product]))
        .collect::<Vec<_>>();
    for command in running {
        command.end().done();
    }
    let tickets = consumer.must(&["balance"])["tickets"][0]["tickets"].clone();
    assert_eq!(tickets, "4");
    let running =
        (0..2).map(|number| consumer.start(&["use", &product, "-o", &format!("{number}.json")]));
    for command in running.collect::<Vec<_>>() {
        command.end().done();
    }
    consumer.received("0.json");
    consumer.received("1.json");
    let deliveries = world.deliveries();
    assert!(
        deliveries.is_sorted_by(|one, next| one < next),
        "{deliveries:?}"
    );
}

#[test]
fn a_node_that_restarts_under_everybody_is_waited_for() {
    let mut node = Node::start();
    let world = World::on(&node, &[]);
    let consumer = world.account("kitakaze");
    let solver = Solver::start(&world, "patient", "Minato ISAC", Honesty::Honest);
    let product = world.account("hinode").publish(&solver.url());
    consumer.must(&["buy", &product]);
    let asked = solver.front.cut(|request| request.is("GET", "/delivery"));
    let running = consumer.start(&["use", &product, "-o", "got.json"]);
    wait_until("the command waits for the solver", || {
        (asked.load(Ordering::SeqCst) > 0).then_some(())
    });
    node.stop();
    solver.front.open();
    node.resume();
    running.end().done();
    consumer.received("got.json");
    assert_eq!(world.deliveries(), [U256::from(1)]);
    assert_eq!(world.task(1).state, State::Delivered);
}
