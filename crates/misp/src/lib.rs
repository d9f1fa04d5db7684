//! The MISP core format, read leniently and lost nothing of.
//!
//! The parts, in the order in which a document passes them:
//!
//! - [`Document::parse`] checks the bytes (size, UTF-8, JSON, nesting, duplicate keys), finds the event or the object in
//!   its envelope and reads it into the [`model`];
//! - [`model`] is a lenient view: each place is a [`Kept`] that holds what it expects or keeps what it found, unknown keys
//!   stay in `more`, and serialising it again gives the same JSON value;
//! - [`Context::read`] takes from the tags and fields what the public listing states, and [`Context::missing`] tells what
//!   they do not state;
//! - [`Statement`] is what one place states, the document, an object or an attribute, where [`Context`] is the sum;
//! - [`MachineTag::meaning`] tells what a single tag states;
//! - [`Document::leaks`] finds indicators of the document in a text that is to be public.
//!
//! Two invariants: the bytes are never rewritten (what is committed to and delivered is the input itself), and no input
//! makes this crate panic or recurse deeper than [`MAX_NESTING`].

mod category;
mod context;
mod document;
mod envelope;
mod error;
mod json;
mod kept;
mod leaks;
mod meaning;
mod missing;
pub mod model;
mod outline;
mod period;
mod refang;
mod statement;
mod tag;
mod threat;
mod usage;
mod vocabulary;
mod words;

pub use category::Category;
pub use context::{Context, MAX_TITLE_BYTES};
pub use document::{Content, Document, MAX_DOCUMENT_BYTES, Placed};
pub use envelope::Found;
pub use error::{Note, ParseError};
pub use json::{MAX_NESTING, MAX_PARTS};
pub use kept::{Kept, Many, Text};
pub use leaks::Leak;
pub use meaning::{Meaning, moment};
pub use missing::Need;
pub use period::{Edge, unix_seconds};
pub use refang::refang;
pub use statement::{End, Statement};
pub use tag::MachineTag;
pub use vocabulary::{Action, Audience, CommercialUse, ControlPoint, Direction, Level, Pap, Tlp};
pub use words::{Flag, Set, UnknownBits, UnknownWord, Word};
