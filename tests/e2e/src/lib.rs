//! Worlds of real processes, for the end-to-end tests and the demo.
//!
//! - [`World`]: a development network with its [`Account`]s, each of which runs the real command `ayumi`.
//! - [`Setting`]: which kind of network worlds are on, `AYUMI_E2E_NETWORK`: an anvil, or what behaves like a Besu.
//! - [`Node`]: an anvil that can be stopped and started again with its state.
//! - [`Solver`]: a solver of our own, honest or lying, that can be killed and started again.
//! - [`Proxy`]: stands between two of them and answers, cuts or looks on where a test says so.
//! - [`FaultProxy`]: stands before a node, and has it fail by [`Rule`]s; with those of [`Besu`] it differs from anvil as
//!   Besu does.
//!
//! Everything listens on a port that the system chose, waits are for conditions, and every process is ended by its id
//! when its value is dropped. A harness fails by panicking, as tests do.

#![allow(clippy::missing_panics_doc)]

pub mod programs;
pub mod samples;
pub mod soak;

mod account;
mod fault;
mod lie;
mod node;
mod process;
mod proxy;
mod setting;
mod solver;
mod world;

pub use account::{Account, Outcome, Running, typed};
pub use fault::{Answer, Besu, Call, Fault, FaultProxy, Gate, Rule, Upstream, not_permitted};
pub use lie::lie;
pub use node::Node;
pub use process::{Process, interrupt, interrupted, lock, wait_until};
pub use proxy::{Action, Proxy, Request, json_answer};
pub use setting::Setting;
pub use solver::{Honesty, Solver};
pub use world::World;
