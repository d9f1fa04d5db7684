//! The command `ayumi`, and the library behind it.
//!
//! - [`run`] is the command: arguments ([`args`]), one file for each command, and what it prints ([`Answer`]: results on
//!   stdout, everything else on stderr; exit 0 done, 1 a negative answer, 2 an error).
//! - [`Session`] has the flows without any terminal: `publish`, `buy`, `use_product`, `give_feedback` and so on, of one
//!   account with its [`Store`]. Commands and tests go through the same code.
//! - [`read`] has what can be said from the chain's logs alone: members, products, tasks.
//! - [`Endpoint`] is the client of a solver's HTTP interface (`docs/protocol.md`).
//!
//! Nothing is sent to the chain before it is in the account's journal, and the journal entry goes only when its result was
//! recorded or printed ([`Sent`]): an interrupted command, given again, takes up the transaction that it sent. Nothing that
//! an account needs is in the state folder alone, but the evidence for a complaint, which a solver may refuse to give
//! again, and the seeds of published products, with which another solver can be given the document.

mod app;
pub mod args;
mod command;
mod cx;
mod endpoint;
mod error;
mod flow;
mod listing;
mod output;
mod progress;
pub mod read;
mod session;
mod state;
mod submit;
mod text;

pub use app::run;
pub use command::DevnetError;
pub use endpoint::{Endpoint, Identity, SolverError};
pub use error::{ConfigError, Error, InputError, Result, StateError, TaskError};
pub use flow::{
    Assigned, Balance, Bought, Dialogue, ExportOptions, Exported, Held, NoteText, Offer, Payload,
    Place, Published, Refunded, Settled, UseOptions, Used,
};
pub use output::{Answer, Verdict};
pub use progress::{Observer, Silent};
pub use session::Session;
pub use state::Store;
pub use submit::{Intent, Mined, Sent, Turn};
pub use text::{ether, parse_ether};
