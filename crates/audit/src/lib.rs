//! An index of all events of the three contracts, in one SQLite file or a PostgreSQL database; the figures that follow from
//! it; and their verification against the contracts.
//!
//! - [`Tracker`] keeps an index up with the chain: [`Tracker::catch_up`] once, [`Tracker::follow`] for good. Raw rows,
//!   records, roll-ups and the cursor are written in one transaction; blocks that leave the chain are taken back exactly.
//! - [`Reader`] answers questions, while the index is written or without a node. There is one function for each figure,
//!   over one small [`Query`]; [`Reader::answer`] takes the question's name ([`Ask`]) and gives the same as JSON, which is
//!   what a page, an HTTP interface and the command serve.
//! - [`verify()`] recomputes everything from the raw rows and compares it with the contracts' own counters and balances.
//!
//! A [`Location`] says where an index is. `db` alone knows which database it is in.
//!
//! From the chain to a figure: an event is a raw row; it changes records (product, purchase, task, …); each record adds
//! to the roll-ups of its days, and takes back what it added before it changed. So roll-ups are a function of records, and
//! records one of raw rows, and either can be made anew without a node. `docs/metrics.md` has each figure's formula.

mod answer;
mod ask;
mod compare;
mod db;
mod drill;
mod error;
mod event;
mod figures;
mod ledger;
mod location;
mod members;
mod query;
mod reader;
mod record;
mod recount;
mod remote;
mod rules;
mod store;
mod sums;
mod sync;
mod tally;
mod verify;

pub use answer::{
    Activity, EventRow, FEWEST, Finding, Gap, GapRow, Metrics, Money, MoneyAnswer, MoneyRow,
    OrganisationRow, Overview, ProductRow, Series, Share, Spread, Status, Step, Steps, TaskRow,
    Who,
};
pub use ask::Ask;
pub use compare::compare;
pub use error::{DatabaseError, Error, QueryError, Result};
pub use location::{Location, Server};
pub use query::{By, Day, Query};
pub use reader::Reader;
pub use remote::{Auditor, verify_against};
pub use rules::Rule;
pub use store::{Deployment, Writer};
pub use sync::{Progress, Tracker};
pub use verify::{Difference, Verification, verify};
