//! The store under a model of everything around it: a chain with reorgs, a pool that loses transactions, consumers, and
//! a process that ends at any point. The solver's steps are stated again, by the functions of the store.
//!
//! - Whatever was sent and may still be mined is in the store, all that was sent for one nonce as attempts at it.
//! - A key is the same from when it was first served, and is out only with a delivery that counts.
//! - A task with a receipt and time left is delivered once all is mined, and the outbox becomes empty.
//!
//! The model is worth something if it catches bugs: each [`Seed`] is one.

mod solver;
mod world;

use alloy::primitives::Address;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use tokio::runtime::Runtime;

use solver::{Line, MARGIN_S, Point, Solver};
use world::{FINALITY, Payload, World};

const SOLVER: Address = Address::repeat_byte(1);
const PRODUCT: u64 = 1;

/// A bug, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seed {
    None,
    /// A transaction is stored after it was sent.
    SendBeforeStore,
    /// The next nonce is what the node says, with what it has pending.
    NonceFromPendingCount,
    /// A transaction is forgotten as soon as another one of this key takes its nonce.
    ForgetReplaced,
    /// The newest transaction is forgotten when its time is over, though it may be mined.
    ForgetLate,
    /// A nonce before those in flight that nothing uses is left as it is.
    LeaveGaps,
    /// Blocks that a reorg can take back are read together with others.
    ReadBeyondSettled,
}

#[derive(Debug, Clone)]
enum Transition {
    Redeem,
    Mine {
        with_consumers: bool,
        solver: u64,
        solver_first: bool,
    },
    Reorg {
        depth: u64,
        keeps_consumers: bool,
        keeps_solver: bool,
    },
    Turn {
        crash: Option<Point>,
        line: Line,
    },
    Draw {
        task: u64,
        crash: Option<Point>,
    },
    Receipt {
        task: u64,
    },
    Acknowledge {
        task: u64,
    },
    /// Another process with the same key sends something.
    Foreign {
        ahead: u64,
        fee: u64,
    },
    DropPool,
    FeeRises,
    TimePasses,
    Crash,
}

/// What the transitions depend on.
#[derive(Debug, Clone)]
struct Reference {
    seed: Seed,
    redemptions: u64,
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        let seed = Seed::None;
        Just(Self {
            seed,
            redemptions: 0,
        })
        .boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Transition> {
        let points = vec![
            Point::Read,
            Point::Concluded,
            Point::Signed,
            Point::Posted,
            Point::Sent,
        ];
        let crash = prop_oneof![3 => Just(None), 1 => select(points).prop_map(Some)];
        let line = prop_oneof![7 => Just(Line::Open), 1 => Just(Line::Cut), 1 => Just(Line::Deaf)];
        let turn = (crash, line).prop_map(|(crash, line)| Transition::Turn { crash, line });
        let mine = (prop::bool::weighted(0.8), 0..4_u64, any::<bool>()).prop_map(
            |(with_consumers, solver, solver_first)| Transition::Mine {
                with_consumers,
                solver,
                solver_first,
            },
        );
        let reorg = (1..=FINALITY, any::<bool>(), any::<bool>()).prop_map(
            |(depth, keeps_consumers, keeps_solver)| Transition::Reorg {
                depth,
                keeps_consumers,
                keeps_solver,
            },
        );
        let foreign =
            (0..2_u64, 0..3_u64).prop_map(|(ahead, fee)| Transition::Foreign { ahead, fee });
        let task = 1..=state.redemptions.max(1);
        let points = vec![None, Some(Point::KeyDrawn), Some(Point::KeyStored)];
        let draw = (task.clone(), select(points))
            .prop_map(|(task, crash)| Transition::Draw { task, crash });
        prop_oneof![
            10 => turn,
            8 => mine,
            4 => Just(Transition::Redeem),
            2 => draw,
            5 => task.clone().prop_map(|task| Transition::Receipt { task }),
            2 => task.prop_map(|task| Transition::Acknowledge { task }),
            3 => reorg,
            2 => foreign,
            2 => Just(Transition::DropPool),
            1 => Just(Transition::FeeRises),
            1 => Just(Transition::TimePasses),
            1 => Just(Transition::Crash),
        ]
        .boxed()
    }

    fn apply(mut state: Self, transition: &Transition) -> Self {
        if matches!(transition, Transition::Redeem) {
            state.redemptions += 1;
        }
        state
    }
}

/// The solver, with its store, in its world.
struct Model {
    runtime: Runtime,
    world: World,
    solver: Solver,
}

impl Model {
    fn step(&mut self, state: &Reference, transition: Transition) {
        let Self {
            runtime,
            world,
            solver,
        } = self;
        solver.clock += 1;
        let end = match transition {
            Transition::Turn { crash, line } => {
                (solver.crash, solver.line) = (crash, line);
                runtime.block_on(solver.turn(world))
            }
            Transition::Draw { task, crash } => {
                solver.crash = crash;
                runtime.block_on(solver.draw(world, task))
            }
            Transition::Receipt { task } => runtime.block_on(solver.receive(world, task)),
            Transition::Crash => Err(solver::Crash),
            other => {
                happens(world, state, &other);
                Ok(())
            }
        };
        if end.is_err() {
            solver.restart();
        }
        (solver.crash, solver.line) = (None, Line::Open);
    }

    /// All is mined, until nothing is left to do.
    fn drain(&mut self) {
        let horizon = self.world.time + MARGIN_S;
        for round in 0..30 {
            self.solver.clock += 400;
            let turn = self.solver.turn(&mut self.world);
            assert!(self.runtime.block_on(turn).is_ok());
            self.world.mine(true, 100, false);
            let is_idle = self.runtime.block_on(self.solver.is_idle());
            if round > 2 * FINALITY && is_idle && self.world.promised(horizon).is_empty() {
                return;
            }
        }
        let lost = self.world.promised(horizon);
        assert!(lost.is_empty(), "tasks {lost:?} are never delivered");
        panic!("the outbox is never empty");
    }
}

/// What happens without the solver.
fn happens(world: &mut World, state: &Reference, transition: &Transition) {
    match *transition {
        Transition::Redeem => world.redeem(state.redemptions),
        Transition::Mine {
            with_consumers,
            solver,
            solver_first,
        } => world.mine(with_consumers, solver, solver_first),
        Transition::Reorg {
            depth,
            keeps_consumers,
            keeps_solver,
        } => world.reorg(depth, keeps_consumers, keeps_solver),
        Transition::Acknowledge { task } => world.acknowledge(task),
        Transition::Foreign { ahead, fee } => {
            let payload = Payload {
                fee,
                deliveries: Vec::new(),
                is_foreign: true,
            };
            let nonce = world.view().nonce + ahead;
            world.take(payload.sign(nonce));
        }
        Transition::DropPool => world.pool.clear(),
        Transition::FeeRises => world.fee += 1,
        Transition::TimePasses => world.time += 60,
        _ => unreachable!("a step of the solver"),
    }
}

impl StateMachineTest for Model {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(state: &Reference) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Self {
            runtime: runtime.unwrap(),
            world: World::new(),
            solver: Solver::new(state.seed),
        }
    }

    fn apply(mut model: Self, state: &Reference, transition: Transition) -> Self {
        model.step(state, transition);
        model
    }

    fn check_invariants(model: &Self, _: &Reference) {
        let tasks = model.world.view().tasks;
        assert!(tasks.values().all(|task| task.deliveries <= 1));
        let settled = model.world.settled_nonce();
        model.runtime.block_on(model.solver.check_stored(settled));
    }

    fn teardown(mut model: Self, _: Reference) {
        model.drain();
    }
}

/// Runs so many histories, always the same ones; where `PROPTEST_CASES` is set, so many others. Returns what is wrong, if
/// anything is.
fn run(seed: Seed, cases: u32) -> Option<String> {
    let is_fixed = std::env::var_os("PROPTEST_CASES").is_none();
    let config = Config {
        failure_persistence: None,
        // What a seed does need not be made small.
        max_shrink_iters: if seed == Seed::None { 500 } else { 1 },
        ..Config::default()
    };
    let config = if is_fixed {
        Config { cases, ..config }
    } else {
        config
    };
    let mut runner = if is_fixed {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config.clone(), rng)
    } else {
        TestRunner::new(config.clone())
    };
    let histories = Reference::sequential_strategy(10..60);
    let end = runner.run(&histories, |(state, transitions, seen)| {
        let state = Reference { seed, ..state };
        Model::test_sequential(config.clone(), state, transitions, seen);
        Ok(())
    });
    match end {
        Ok(()) => None,
        Err(TestError::Fail(reason, (_, history, _))) => Some(format!("{reason}\n{history:#?}")),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn the_store_keeps_every_promise() {
    if let Some(failure) = run(Seed::None, 80) {
        panic!("{failure}");
    }
}

fn is_caught(seed: Seed, by: &str) {
    let failure = run(seed, 2_000).unwrap_or_else(|| panic!("{seed:?} is not caught"));
    assert!(failure.contains(by), "{failure}");
}

#[test]
fn sending_before_storing_is_caught() {
    is_caught(Seed::SendBeforeStore, "is not stored");
}

#[test]
fn a_nonce_from_the_pending_count_is_caught() {
    is_caught(Seed::NonceFromPendingCount, "outbox.nonce");
}

#[test]
fn forgetting_what_was_replaced_is_caught() {
    is_caught(Seed::ForgetReplaced, "is not stored");
}

#[test]
fn forgetting_what_is_late_is_caught() {
    is_caught(Seed::ForgetLate, "is not stored");
}

#[test]
fn leaving_gaps_is_caught() {
    is_caught(Seed::LeaveGaps, "never");
}

#[test]
fn reading_beyond_what_is_settled_is_caught() {
    is_caught(Seed::ReadBeyondSettled, "it halts");
}
