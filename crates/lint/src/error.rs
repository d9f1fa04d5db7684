use std::io;
use std::path::PathBuf;

use ayumi_misp::{MAX_DOCUMENT_BYTES, ParseError};
use thiserror::Error;

/// Why a warning list, an object template or a galaxy cannot be used.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file cannot be read.
    #[error("{path}: {cause}")]
    File {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A folder cannot be walked through.
    #[error("{path}: {cause}")]
    Folder {
        /// Of the folder.
        path: PathBuf,
        /// What the system says.
        cause: walkdir::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {reason}")]
    Content {
        /// Of the file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is none at the path.
    #[error("{path}: there is not one file here that is {what}")]
    Nothing {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
}

impl DataError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } | Self::Folder { .. } => "check the path and its permissions",
            Self::Content { .. } => "take the file from MISP's own repository again",
            Self::Nothing { .. } => {
                "name a file or folder of MISP's repositories misp-warninglists, misp-objects or misp-galaxy"
            }
        }
    }
}

/// Why a document does not come out of its file.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The file or folder cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not one MISP document.
    #[error("{0}")]
    Document(#[from] ParseError),
    /// The file ends inside the list of events.
    #[error("the file ends inside the list of events, after {after} of them")]
    CutOff {
        /// How many events came before.
        after: usize,
    },
    /// Something is between two events that is not JSON.
    #[error("not JSON behind event {after}")]
    NotAList {
        /// How many events came before.
        after: usize,
    },
    /// Behind the list of events is another one, of the same name.
    #[error("a second \"response\" behind event {after}")]
    SecondList {
        /// How many events came before.
        after: usize,
    },
    /// One event of a list is longer than a document may be.
    #[error("the event has more than the {MAX_DOCUMENT_BYTES} bytes allowed")]
    TooBig,
    /// A folder has no JSON file.
    #[error("no JSON file in this folder")]
    EmptyFolder,
}

impl SourceError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "check the path and its permissions",
            Self::Document(error) => error.hint(),
            Self::CutOff { .. } => "export the events again, and check that the file is complete",
            Self::NotAList { .. } => "write the list as JSON: [event, event, …]",
            Self::SecondList { .. } => "keep one of the two lists, or write each into its own file",
            Self::TooBig => "split the event, or leave its attachments out of the export",
            Self::EmptyFolder => "name a folder with MISP JSON files in it",
        }
    }

    /// Whether the file is sound, and just no MISP event with content: in a folder that is no fault.
    pub fn is_other(&self) -> bool {
        matches!(
            self,
            Self::Document(ParseError::NotMisp(_) | ParseError::Empty { .. })
        )
    }
}
