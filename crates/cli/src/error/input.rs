use std::io;
use std::path::PathBuf;

use alloy::primitives::Address;
use ayumi_lint::{DataError, SourceError};
use ayumi_misp::{Leak, Need, ParseError};
use ayumi_sealing::{NoteError, PayloadSizeError};

use crate::text::time;

/// What is wrong with what was given.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The arguments do not fit.
    #[error("{0}")]
    Usage(String),
    /// The command line is not of its form.
    #[error("{message}")]
    Misused {
        /// What is wrong.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A folder or something else is where a file should be.
    #[error("{0} is not a file")]
    NotAFile(PathBuf),
    /// A folder is where a file is to be written.
    #[error("{0} is a folder")]
    AFolder(PathBuf),
    /// The chosen solver takes no such payload.
    #[error("the document has {bytes} bytes, and the solver takes {most} at most")]
    TooLargeForSolver {
        /// Of the document.
        bytes: u64,
        /// That the solver takes.
        most: u64,
    },
    /// The file is no MISP document.
    #[error("{path}: {cause}")]
    Document {
        /// Of the file.
        path: PathBuf,
        /// What is wrong with it.
        cause: ParseError,
    },
    /// The file has no event that a MISP server takes.
    #[error("{path}: {cause}")]
    NotForMisp {
        /// Of the file.
        path: PathBuf,
        /// What is wrong with it.
        cause: ayumi_misp_client::Error,
    },
    /// None of a folder's files is a MISP document.
    #[error("{0} has no MISP document in it")]
    NoDocuments(PathBuf),
    /// A place in a list of events is no document.
    #[error("{path}{pointer}: {cause}")]
    Listed {
        /// Of the file.
        path: PathBuf,
        /// The JSON pointer of the place; "" is the file itself.
        pointer: String,
        /// What is wrong with it.
        cause: SourceError,
    },
    /// Of many documents some could not be read, or there were none.
    #[error("{}", unread(*failed, *read))]
    Unread {
        /// How many could not be read.
        failed: u64,
        /// How many could.
        read: u64,
    },
    /// A file cannot be fixed in memory.
    #[error("{0} is too long to be fixed")]
    TooLongToFix(PathBuf),
    /// A warning list, an object template or a galaxy cannot be used.
    #[error(transparent)]
    Data(DataError),
    /// Nobody can commit to such a payload.
    #[error(transparent)]
    PayloadSize(#[from] PayloadSizeError),
    /// The document and the options do not state all that a product should.
    #[error("the product does not state {}", needs(.0))]
    Incomplete(Vec<Need>),
    /// What is to be public gives away what is for sale.
    #[error("the {part} gives an indicator away: {:?} (at {})", leak.value, leak.pointer)]
    Leak {
        /// `title` or `description`.
        part: &'static str,
        /// What it gives away.
        leak: Leak,
    },
    /// There is no title.
    #[error("the document has no title")]
    NoTitle,
    /// The title is too long.
    #[error("the title has {0} bytes, more than 200")]
    TitleTooLong(usize),
    /// The description is too long.
    #[error("the description has {0} bytes, more than 2000")]
    DescriptionTooLong(usize),
    /// The period ends before it starts.
    #[error("the product would be valid until {} only, before {}", time(*until), time(*from))]
    PeriodReversed {
        /// Unix seconds.
        from: u64,
        /// Unix seconds.
        until: u64,
    },
    /// The product would be for sale and nobody could buy it.
    #[error("the product was valid until {} only", time(*.0))]
    PeriodOver(u64),
    /// The file is there, and is another.
    #[error("{0} exists, and has other content")]
    Exists(PathBuf),
    /// The note is none.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// There is no organisation of this number or name.
    #[error("there is no organisation {0}")]
    NoOrganisation(String),
    /// Several organisations have this name.
    #[error("organisations {numbers:?} are called {name}")]
    SameName {
        /// The name.
        name: String,
        /// Theirs.
        numbers: Vec<u32>,
    },
    /// An organisation has this name already.
    #[error("there is an organisation {name} already, number {number}")]
    OrganisationExists {
        /// As it is on chain.
        name: String,
        /// Of the organisation.
        number: u32,
    },
    /// There is no such solver.
    #[error("{0} was never registered as a solver")]
    NotRegistered(Address),
    /// There is a keystore of this name.
    #[error("there is a keystore at {0} already")]
    KeystoreExists(PathBuf),
}

impl InputError {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Usage(_) | Self::Misused { .. } => "usage",
            Self::File { .. } | Self::NotAFile(_) | Self::AFolder(_) => "file",
            Self::Document { .. }
            | Self::NotForMisp { .. }
            | Self::NoDocuments(_)
            | Self::Listed { .. }
            | Self::Unread { .. } => "bad-document",
            Self::Data(_) => "bad-data",
            Self::PayloadSize(_) | Self::TooLargeForSolver { .. } | Self::TooLongToFix(_) => {
                "bad-size"
            }
            Self::Incomplete(_) => "incomplete",
            Self::Leak { .. } => "leak",
            Self::NoTitle | Self::TitleTooLong(_) => "bad-title",
            Self::DescriptionTooLong(_) => "bad-description",
            Self::PeriodReversed { .. } | Self::PeriodOver(_) => "bad-period",
            Self::Exists(_) => "file-exists",
            Self::Note(_) => "bad-note",
            Self::NoOrganisation(_) => "unknown-organisation",
            Self::SameName { .. } => "ambiguous-organisation",
            Self::OrganisationExists { .. } => "organisation-exists",
            Self::NotRegistered(_) => "unknown-solver",
            Self::KeystoreExists(_) => "keystore-exists",
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Misused { hint, .. } if !hint.is_empty() => hint.clone(),
            Self::Usage(_) | Self::Misused { .. } => "see --help".into(),
            Self::File { .. } => "check the path and its permissions".into(),
            Self::NotAFile(_) => "name one MISP JSON file".into(),
            Self::AFolder(_) => "name a file in it: -o FILE".into(),
            Self::Document { cause, .. } => cause.hint().into(),
            Self::NotForMisp { cause, .. } => cause.hint(),
            Self::NoDocuments(_) => "name a folder with *.json of one event or object each".into(),
            Self::Listed { cause, .. } => cause.hint().into(),
            Self::Unread { failed: 0, .. } => "name MISP events with attributes or objects".into(),
            Self::Unread { .. } => "the lines above say which, and why".into(),
            Self::TooLongToFix(_) => "put each event into a file of its own".into(),
            Self::Data(error) => error.hint().into(),
            Self::PayloadSize(_) => {
                "split the event, or leave its attachments out of the export".into()
            }
            Self::TooLargeForSolver { .. } => {
                "choose another solver with --solver, or split the event".into()
            }
            Self::Incomplete(missing) => incomplete_hint(missing),
            Self::Leak { .. } => {
                "say what the threat is without its indicators: --title, --description".into()
            }
            Self::NoTitle | Self::TitleTooLong(_) => {
                "give one of at most 200 bytes: --title".into()
            }
            Self::DescriptionTooLong(_) => "shorten it; the rest belongs into the document".into(),
            Self::PeriodReversed { .. } | Self::PeriodOver(_) => {
                "state another: --valid-from, --valid-until".into()
            }
            Self::Exists(_) => "name another file with -o, or write over it with --force".into(),
            Self::Note(_) => "shorten the note, and send the rest another way".into(),
            Self::NoOrganisation(_) => "see the organisations: ayumi organisation list".into(),
            Self::SameName { .. } => {
                "give the number of the one that you mean: ayumi organisation list".into()
            }
            Self::OrganisationExists { number, .. } => format!(
                "admit its accounts: ayumi organisation enrol ACCOUNT --organisation {number}; or choose another name"
            ),
            Self::NotRegistered(_) => "see the solvers: ayumi solver list".into(),
            Self::KeystoreExists(_) => "choose another name".into(),
        }
    }
}

fn unread(failed: u64, read: u64) -> String {
    match (failed, read) {
        (0, _) => "there is no MISP event or object".into(),
        (failed, read) => format!("{failed} could not be read, {read} could"),
    }
}

fn needs(missing: &[Need]) -> String {
    missing
        .iter()
        .map(Need::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn incomplete_hint(missing: &[Need]) -> String {
    let lines = missing.iter().map(|need| {
        format!(
            "\n- {need}: {}; stated by {}",
            need.meaning(),
            need.stated_by()
        )
    });
    format!(
        "state it in the document or with the options ({}), or publish all the same with --incomplete{}",
        missing
            .iter()
            .map(|need| options(*need))
            .collect::<Vec<_>>()
            .join(", "),
        lines.collect::<String>()
    )
}

fn options(need: Need) -> &'static str {
    match need {
        Need::Threat => "--level",
        Need::Period => "--valid-from, --valid-until",
        Need::Use => "--expect",
        Need::Audience => "--audience",
        Need::Sharing => "--tlp",
        Need::CommercialUse => "--commercial-use",
    }
}
