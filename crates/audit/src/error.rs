use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::location::{Location, Server};

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
    InUse(Location),
    /// It is not where it is said to be.
    #[error("there is no index at {0}")]
    Missing(Location),
    /// What is there is no index, or one of another version.
    #[error("{index} is no index: {cause}")]
    NoIndex {
        /// What was opened.
        index: Location,
        /// What is wrong.
        cause: String,
    },
    /// A database's URL is not one of PostgreSQL. It may hold a password, so it is not shown.
    #[error("the database's URL cannot be read: {0}")]
    BadUrl(String),
    /// The server of a database does not answer, or lets nobody in.
    #[error("cannot connect to {server}: {cause}")]
    Unreachable {
        /// What was called.
        server: Box<Server>,
        /// What it or the system says.
        cause: Box<DatabaseError>,
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
    Database(#[from] DatabaseError),
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

/// What a database can refuse.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// As SQLite says.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// As PostgreSQL or the connection to it says.
    #[error("{}", causes(.0))]
    Postgres(#[from] postgres::Error),
    /// The connection was closed.
    #[error("the connection was closed")]
    Closed,
    /// This system's certificate authorities cannot be read.
    #[error("no certificate authority can be read on this system: {0}")]
    Authorities(String),
    /// A row has what no index of this version has.
    #[error("a row has {found} where {expected} should be")]
    Unreadable {
        /// What is written there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
}

/// Each cause once: some errors tell those behind them, and some do not.
fn causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_told = cause.to_string();
        if !told.contains(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        source = cause.source();
    }
    told
}

impl DatabaseError {
    /// Whether it is the connection or the disk that failed, so that another try may do.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Postgres(error) => match (error.code(), std::error::Error::source(error)) {
                // That it starts, ends, or is out of connections, memory or room.
                (Some(code), _) => ["57P", "08", "53"]
                    .iter()
                    .any(|class| code.code().starts_with(class)),
                (None, cause) => {
                    error.is_closed()
                        || cause.is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
                }
            },
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                )
            ),
            Self::Authorities(_) | Self::Unreadable { .. } => false,
        }
    }
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
    /// A timeline would have more rows than anybody reads.
    #[error("from the first day to the last there are {0} periods")]
    TooLong(u64),
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
    /// Whether it may pass by itself: the node or the database's server does not answer at the moment.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_transient(),
            Self::Database(error) => error.is_lost(),
            Self::Unreachable { cause, .. } => cause.is_lost(),
            _ => false,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Chain(error) => error.hint(),
            Self::InUse(_) => "read it without keeping it up: it needs no node then".into(),
            Self::Missing(Location::File(_)) => "make one from a node: ayumi audit sync --index FILE".into(),
            Self::Missing(Location::Server(_)) => "make one from a node: ayumi audit sync --database URL".into(),
            Self::NoIndex { .. } => {
                "name another file or database; an index can be made anew from a node at any time".into()
            }
            Self::BadUrl(_) => {
                "give postgres://USER:PASSWORD@HOST:PORT/NAME to --database, with %40 for @ in a password; files go to --index".into()
            }
            Self::Unreachable { .. } => {
                "check that the server runs, the URL's host, port, user, password and name, and sslmode".into()
            }
            Self::OtherDeployment { .. } => "name another file or database for this deployment".into(),
            Self::Database(error @ (DatabaseError::Postgres(_) | DatabaseError::Closed)) if error.is_lost() => "check that the database's server runs, and try again".into(),
            Self::Database(DatabaseError::Postgres(_)) => {
                "check the rights of the user, the room on the server's disk, and its log".into()
            }
            Self::Io { .. } | Self::Database(_) => "check the path, its permissions, and the room on the disk".into(),
            Self::Inconsistent { .. } => {
                "the node left logs out, or the index is damaged: remove it and make it anew, from another node if it happens again".into()
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
            Self::BadUrl(_) => "usage",
            Self::Unreachable { .. } => "database",
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
            | Self::TooLong(_)
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
            Self::TooLong(_) => "ask for fewer days, or by a longer period",
            Self::Reversed { .. } => "give the earlier day to --since",
        }
    }
}
