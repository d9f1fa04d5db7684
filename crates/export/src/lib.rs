//! MISP documents in the formats that security controls and other platforms read.
//!
//! The parts, in the order in which an attribute passes them:
//!
//! - [`Options`] say what is asked for: direction, control point, and the moment at which it is to be valid;
//! - the selection decides for each attribute, the same for every format: it is selected, or left out for one [`Reason`];
//! - the value is taken apart into observables, refanged and checked (composite types have several);
//! - one file for each [`Format`] writes what is selected, or gives the reason why the format cannot carry it.
//!
//! Invariants: every attribute and proposal of a document is either exported or counted under exactly one reason; nothing
//! that is over at the moment asked for is exported; nothing that is stated to be outbound is in a rule against inbound
//! traffic; a value that a format cannot carry is left out, never written broken; and no input makes this crate panic.
//! The same documents and options give the same bytes.

pub mod csv;
mod format;
mod list;
mod misp;
mod observable;
mod options;
mod report;
mod rpz;
mod select;
mod stance;
mod stix;
mod suricata;
mod table;
mod text;
mod value;
mod zeek;

pub use format::Format;
pub use options::{Listing, Options};
pub use report::{Directions, Reason, Report};
pub use table::{flat, rows_as_csv};

use ayumi_misp::Document;

/// What was written, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// In the format; ends with a line break unless it is empty.
    pub text: String,
    /// The counts.
    pub report: Report,
}

/// Writes what is selected of `documents` in a format.
pub fn export(documents: &[Document], format: Format, options: &Options) -> Export {
    let mut report = Report::default();
    let selected = select::select(documents, options, &mut report);
    let text = match format {
        Format::Misp => misp::write(documents, &selected, &mut report),
        Format::Stix2 => stix::write(documents, &selected, options, &mut report),
        Format::Csv => csv::write(&selected, &mut report),
        Format::List => list::write(&selected, &mut report),
        Format::Suricata => suricata::write(&selected, options, &mut report),
        Format::Rpz => rpz::write(&selected, options, &mut report),
        Format::Zeek => zeek::write(&selected, &mut report),
    };
    Export { text, report }
}
