//! How usable a MISP document is for who gets it: what threat, valid when, used how, for whom, shareable with whom.
//!
//! The parts, in the order in which a document passes them:
//!
//! - [`source`] finds documents in files and folders, and cuts lists of events of any length into events;
//! - [`lint`] looks at one document with each of the [`RULES`] and gives a [`Report`]: findings, a level, a [`score`];
//! - [`locate`] gives the findings their lines and columns;
//! - [`fix`] writes what follows from the document itself, and [`suggest`](Suggester) names tags that the text speaks of,
//!   which are for a person to set;
//! - [`sarif`] and [`manual`] write reports for CI and the rules for people.
//!
//! Invariants: adding context never lowers the score; a fix changes no byte but those that it names, lowers no score, and
//! has nothing to do the second time.

mod data;
mod dates;
mod error;
mod facts;
mod finding;
pub mod fix;
mod form;
mod host;
mod kind;
pub mod locate;
pub mod manual;
mod refang;
mod report;
mod rule;
mod rules;
pub mod sarif;
pub mod score;
pub mod source;
mod subject;
mod suggest;
mod template;
mod warning_list;

pub use error::{DataError, SourceError};
pub use finding::{Edit, Finding, Place};
pub use report::{Report, Settings, lint};
pub use rule::{Reader, Rule, Severity};
pub use rules::RULES;
pub use suggest::{Confidence, Suggester, Suggestion};
pub use template::Templates;
pub use warning_list::WarningLists;
