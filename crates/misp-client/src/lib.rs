//! MISP servers and feeds: what they have is read, what was bought lands there.
//!
//! - [`Access`] says where a server is and how it is entered: [`Key`], own certificates, time-outs. A [`Client`] speaks to
//!   it: [`Client::events`] gives events byte for byte as received, one at a time; [`Client::push`] adds or edits one;
//!   [`Client::sightings`] and [`Client::add_sightings`] are what consumers saw of it.
//! - [`EventCopy`] is an event as it goes to a server or feed: the document with the [`Receipt`] of its delivery as a MISP
//!   object. The document itself is never rewritten.
//! - [`Feed`] reads a feed from a URL or folder, [`FeedFolder`] writes one that any MISP can subscribe to.
//! - [`for_sale`] takes an event of the own server and leaves out what tells of that server.
//!
//! Whatever a server answers, it is limited in size and time. No redirect is followed, so the key never goes to another
//! host, and it is in no message. What changes nothing is asked again when it fails; what changes something is looked up
//! before it is sent again, so that a change has one effect.

mod access;
mod client;
mod copy;
mod error;
mod feed;
mod http;
mod push;
mod receipt;
mod sale;
mod search;
mod sighting;

pub use access::{Access, Key, Patience};
pub use client::Client;
pub use copy::{EventCopy, Origin};
pub use error::{Error, Result};
pub use feed::{Change, Feed, FeedEdit, FeedFolder};
pub use push::Pushed;
pub use receipt::Receipt;
pub use sale::for_sale;
pub use search::{Entry, Events, Index, Query};
pub use sighting::{Sighted, Sighting, SightingKind};
