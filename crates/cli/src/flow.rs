//! What an account does, as methods of [`Session`](crate::Session).

mod assign;
mod choice;
mod export;
mod feedback;
mod improve;
mod land;
mod money;
mod note;
mod offer;
mod open;
mod publish;
mod redeem;
mod settle;
mod trade;
mod work;

pub use assign::Assigned;
pub use export::{ExportOptions, Exported};
pub use feedback::{Dialogue, NoteText};
pub(crate) use land::OURS;
pub use land::{Held, Place};
pub use money::Balance;
pub use offer::Offer;
pub(crate) use offer::read_document;
pub use publish::Published;
pub(crate) use redeem::write_new;
pub use redeem::{UseOptions, Used};
pub use settle::Settled;
pub use trade::{Bought, Refunded};
pub use work::Payload;
