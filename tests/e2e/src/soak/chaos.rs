//! The faults.
//!
//! A slow disk is played by stopping the whole solver for a while (SIGSTOP, SIGCONT): without root there is no file system
//! that could be made slow. What a stop cannot show is a write that fails; `crates/solver/tests` has that.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use ayumi_solver::crash::Point;
use rustix::process::Signal;

use super::Shared;
use super::random::Random;
use super::stage::{DELIVERY_S, FINALITY, Seat};
use crate::fault::{Fault, Rule};
use crate::process;
use crate::proxy::Action;
use crate::solver::Solver;

/// How often a solver is started again until it counts as one that does not start.
const STARTS: usize = 50;

/// How long a crash point is waited for.
const CRASH_WITHIN: Duration = Duration::from_secs(8);

/// Takes blocks back and moves the clock, until it is to end.
pub fn shake(shared: &Shared) {
    let mut random = Random::of(shared.seed, "chain");
    while shared.nap(random.millis(500, 5_000)) {
        if random.chance(75) {
            let depth = random.between(1, FINALITY);
            let _trouble = shared.books.trouble("reorg", &format!("{depth} blocks"));
            shared.ground.reorg(depth);
        } else {
            let seconds = random.between(1, 120);
            let what = format!("{seconds} s");
            let _trouble = shared.books.trouble("clock moved on", &what);
            shared.ground.pass(seconds);
        }
    }
}

/// Has one thing after the other happen to a solver, until it is to end. It is well again then.
pub fn torment(shared: &Arc<Shared>, place: usize) {
    let seat = &shared.seats[place];
    let mut random = Random::of(shared.seed, seat.name);
    while shared.nap(random.millis(200, 2_500)) {
        look_after(shared, seat);
        match random.between(1, 100) {
            1..=15 => kill(shared, seat, &mut random),
            16..=20 => restart(shared, seat),
            21..=45 => crash(shared, seat, &mut random),
            46..=57 => freeze(shared, seat, &mut random),
            58..=85 => deafen(shared, seat, &mut random),
            86..=95 => hide(shared, seat, &mut random),
            _ => be_late(shared, seat, &mut random),
        }
    }
    look_after(shared, seat);
}

/// The solver, when nobody else has it in hand.
pub fn lock(seat: &Seat) -> MutexGuard<'_, Solver> {
    process::lock(&seat.solver)
}

/// A solver that nobody ended runs.
fn look_after(shared: &Shared, seat: &Seat) {
    let mut solver = lock(seat);
    if solver.has_ended() {
        let what = format!("the {} solver ended by itself", seat.name);
        shared.books.found(&what);
        start(shared, seat, &mut solver);
    }
}

/// Starts it as it is always started.
fn start(shared: &Shared, seat: &Seat, solver: &mut Solver) {
    solver.arguments.clone_from(&seat.arguments);
    for _ in 0..STARTS {
        match solver.try_resume() {
            Ok(()) => return,
            Err(said) => {
                let last = said.lines().last().unwrap_or_default();
                shared
                    .books
                    .note(&format!("the {} solver does not start: {last}", seat.name));
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
    shared
        .books
        .found(&format!("the {} solver does not start any more", seat.name));
}

fn kill(shared: &Shared, seat: &Seat, random: &mut Random) {
    let _trouble = shared.books.trouble("kill -9", seat.name);
    let mut solver = lock(seat);
    solver.kill();
    std::thread::sleep(random.millis(0, 2_000));
    start(shared, seat, &mut solver);
}

fn restart(shared: &Shared, seat: &Seat) {
    let _trouble = shared.books.trouble("restart", seat.name);
    let mut solver = lock(seat);
    solver.stop();
    start(shared, seat, &mut solver);
}

/// Has it end at a named point, which it may never come to.
fn crash(shared: &Shared, seat: &Seat, random: &mut Random) {
    let (point, passing) = (*random.pick(&Point::ALL), random.between(0, 3));
    let mut solver = lock(seat);
    {
        let what = format!("{} at {}", seat.name, point.name());
        let _trouble = shared.books.trouble("crash armed", &what);
        solver.stop();
        let words = ["--crash-at", point.name(), "--passing"].map(str::to_owned);
        solver.arguments.extend(words);
        solver.arguments.push(passing.to_string());
        // It may end before it serves.
        if let Err(said) = solver.try_resume()
            && said.contains("panicked")
        {
            shared.books.found(&said);
        }
    }
    let armed = Instant::now();
    while !solver.has_ended() && armed.elapsed() < CRASH_WITHIN && shared.nap_in(20) {}
    let _trouble = if solver.has_ended() {
        let trouble = shared.books.trouble("crash", point.name());
        std::thread::sleep(random.millis(0, 500));
        trouble
    } else {
        let trouble = shared.books.trouble("restart", seat.name);
        solver.kill();
        trouble
    };
    solver.kill();
    start(shared, seat, &mut solver);
}

/// Stops it for short times: a disk or a machine that is slow.
fn freeze(shared: &Shared, seat: &Seat, random: &mut Random) {
    let _trouble = shared.books.trouble("frozen", seat.name);
    let mut solver = lock(seat);
    for _ in 0..random.between(1, 6) {
        solver.signal(Signal::STOP);
        std::thread::sleep(random.millis(20, 800));
        solver.signal(Signal::CONT);
        std::thread::sleep(random.millis(5, 100));
    }
}

/// Has its node fail.
fn deafen(shared: &Shared, seat: &Seat, random: &mut Random) {
    const SEND: &str = "eth_sendRawTransaction";
    let methods = [
        "*",
        "*",
        SEND,
        "eth_getLogs",
        "eth_call",
        "eth_getBlockByNumber",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
    ];
    let method = *random.pick(&methods);
    let few = usize::try_from(random.between(1, 8)).expect("it is small");
    let all = usize::MAX;
    let (method, fault, times) = match random.between(1, 8) {
        1 => (method, Fault::error(-32_603, "internal error"), all),
        2 => (
            method,
            Fault::Status(502, "<html>bad gateway</html>".into()),
            all,
        ),
        3 => (SEND, Fault::Lose, few),
        4 => (SEND, Fault::Swallow, few),
        5 => ("*", Fault::Stale(random.between(1, FINALITY)), all),
        6 => (method, Fault::Delay(random.millis(20, 400)), all),
        7 => (method, Fault::Cut, all),
        _ => (SEND, Fault::error(-32_000, "nonce too low"), few),
    };
    let what = format!("{} {method} {fault:?}", seat.name);
    let _trouble = shared.books.trouble("node", &what);
    seat.node.rules([Rule::on(method, fault).times(times)]);
    std::thread::sleep(random.millis(200, 3_000));
    seat.node.open();
}

/// Has consumers not reach it, or not hear it.
fn hide(shared: &Shared, seat: &Seat, random: &mut Random) {
    let deaf = random.chance(50);
    let what = if deaf { "cut" } else { "lost answers" };
    let _trouble = shared.books.trouble(what, seat.name);
    let solver = lock(seat);
    solver.front.rule(move |_| {
        if deaf {
            Action::Cut
        } else {
            Action::Tap(Box::new(|_| None))
        }
    });
    std::thread::sleep(random.millis(200, 2_000));
    solver.front.open();
}

/// Has it be away until its tasks are past their deadlines: they are cancelled meanwhile.
fn be_late(shared: &Shared, seat: &Seat, random: &mut Random) {
    let _trouble = shared.books.trouble("past the deadline", seat.name);
    let mut solver = lock(seat);
    solver.kill();
    std::thread::sleep(random.millis(500, 3_000));
    shared.ground.pass(DELIVERY_S + 1);
    std::thread::sleep(random.millis(500, 4_000));
    start(shared, seat, &mut solver);
}
