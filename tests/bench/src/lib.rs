//! What the two programs of the bench share: `ayumi-bench`, which sets up, watches and reports, and `ayumi-load`, which is
//! a thousand consumers.

mod account;
mod job;
mod rpc;

pub use account::Account;
pub use job::{Job, Outcome, Spread, WINDOW_CLOSES, WINDOW_OPENS};
pub use rpc::Rpc;
