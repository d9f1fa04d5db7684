use std::path::PathBuf;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with an index.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Of the chain.
    #[error(transparent)]
    Chain(#[from] ayumi_chain::Error),
    /// Another process writes it.
    #[error("the index {0} is written by another process")]
    InUse(PathBuf),
    /// It is not where it is said to be.
    #[error("there is no index at {0}")]
    Missing(PathBuf),
    /// What is there is no index, or one of another version.
    #[error("{path} is no index: {cause}")]
    NoIndex {
        /// Of the file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// It is of another chain or operator.
    #[error("the index is of another deployment: its {what} is {stored}, not {given}")]
    OtherDeployment {
        /// What differs.
        what: &'static str,
        /// In the index.
        stored: String,
        /// Of the chain.
        given: String,
    },
    /// The file system refused.
    #[error("{path}: {cause}")]
    Io {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The database refused.
    #[error("the index: {0}")]
    Database(#[from] rusqlite::Error),
    /// An event does not fit those before it.
    #[error("event {event} (block {}, log {}) does not follow from those before it: {cause}", event >> 20, event & 0xf_ffff)]
    Inconsistent {
        /// Its id in the index.
        event: i64,
        /// What is missing or twice.
        cause: String,
    },
    /// What is asked for is not of its form, or not there.
    #[error("{0}")]
    Query(#[from] QueryError),
    /// The chain changed faster than it could be read.
    #[error("the chain kept changing while it was read")]
    Restless,
    /// Another auditor did not answer as one does.
    #[error("the auditor at {url} {cause}")]
    Auditor {
        /// Where it was asked.
        url: String,
        /// What it did.
        cause: String,
    },
}

/// What is wrong with a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A parameter's value is not of its form.
    #[error("{value:?} is no {name}: expected {expected}")]
    Malformed {
        /// Of the parameter.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// There is no such parameter.
    #[error("there is no parameter {0:?}")]
    UnknownParameter(String),
    /// There is no such thing in the index.
    #[error("there is no {what} {value:?}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// What was given.
        value: String,
    },
    /// The period ends before it starts.
    #[error("the period from {since} until {until} has no day")]
    Reversed {
        /// Its first day.
        since: String,
        /// Its last.
        until: String,
    },
    /// The figure cannot be had that way.
    #[error("{figure} are not told by {by}")]
    NotBy {
        /// Which figure.
        figure: &'static str,
        /// What was asked for.
        by: &'static str,
    },
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Chain(error) => error.hint(),
            Self::InUse(_) => "read it without keeping it up: it needs no node then".into(),
            Self::Missing(_) => "make one from a node: ayumi audit sync --index FILE".into(),
            Self::NoIndex { .. } => "name another file; an index can be made anew from a node at any time".into(),
            Self::OtherDeployment { .. } => "name another file for this deployment".into(),
            Self::Io { .. } | Self::Database(_) => "check the path, its permissions, and the room on the disk".into(),
            Self::Inconsistent { .. } => {
                "the node left logs out, or the index is damaged: remove the file and make it anew, from another node if it happens again".into()
            }
            Self::Query(error) => error.hint().into(),
            Self::Restless => "run the command again".into(),
            Self::Auditor { .. } => "check the URL, and that an auditor of this version runs there".into(),
        }
    }

    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Chain(error) => error.kind(),
            Self::InUse(_) => "index-in-use",
            Self::Missing(_) => "no-index",
            Self::NoIndex { .. } => "bad-index",
            Self::OtherDeployment { .. } => "other-deployment",
            Self::Io { .. } => "file",
            Self::Database(_) => "index",
            Self::Inconsistent { .. } => "inconsistent-events",
            Self::Query(error) => error.kind(),
            Self::Restless => "restless-chain",
            Self::Auditor { .. } => "auditor",
        }
    }
}

impl QueryError {
    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Malformed { .. }
            | Self::UnknownParameter(_)
            | Self::Reversed { .. }
            | Self::NotBy { .. } => "usage",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } | Self::UnknownParameter(_) | Self::NotBy { .. } => "see --help",
            Self::Unknown { .. } => {
                "see what there is: ayumi organisation list, ayumi audit products"
            }
            Self::Reversed { .. } => "give the earlier day to --since",
        }
    }
}
