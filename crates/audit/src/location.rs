//! Where an index is.

use std::fmt;
use std::path::{Path, PathBuf};

use postgres::config::Host;

use crate::error::{Error, Result};

/// Where an index is.
#[derive(Debug, Clone)]
pub enum Location {
    /// In a file of SQLite.
    File(PathBuf),
    /// In a database of PostgreSQL.
    Server(Box<Server>),
}

/// A database of PostgreSQL. It is shown without its password.
#[derive(Clone)]
pub struct Server {
    config: postgres::Config,
}

impl Location {
    /// The one that a command was told of: a file, a URL, or a file with a URL; `None` where it was told of none.
    pub fn of(
        index: Option<&Path>,
        database: Option<&str>,
        database_file: Option<&Path>,
    ) -> Result<Option<Self>> {
        if let Some(url) = database {
            return Self::from_url(url).map(Some);
        }
        if let Some(path) = database_file {
            let url = std::fs::read_to_string(path).map_err(|cause| Error::Io {
                path: path.to_owned(),
                cause,
            })?;
            return Self::from_url(url.trim()).map(Some);
        }
        // It would be made as a folder, with the password in its name.
        if index.and_then(Path::to_str).is_some_and(is_url) {
            return Err(Error::BadUrl("it is given as a file".into()));
        }
        Ok(index.map(Self::from))
    }

    /// The database at `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    pub fn from_url(url: &str) -> Result<Self> {
        if !is_url(url) {
            return Err(Error::BadUrl(
                "it does not begin with postgres:// or postgresql://".into(),
            ));
        }
        let config: postgres::Config = url.parse().map_err(|error: postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Error::BadUrl(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Error::BadUrl("it names no host".into()));
        }
        Ok(Self::Server(Box::new(Server { config })))
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

impl Server {
    pub(crate) fn config(&self) -> &postgres::Config {
        &self.config
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => server.fmt(f),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        f.write_str("postgres://")?;
        if let Some(user) = config.get_user() {
            write!(f, "{user}@")?;
        }
        match (config.get_hosts().first(), config.get_hostaddrs().first()) {
            (Some(Host::Tcp(name)), _) => f.write_str(name)?,
            (Some(Host::Unix(path)), _) => path.display().fmt(f)?,
            (None, Some(address)) => address.fmt(f)?,
            (None, None) => {}
        }
        if let Some(port) = config.get_ports().first() {
            write!(f, ":{port}")?;
        }
        match config.get_dbname() {
            Some(name) => write!(f, "/{name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://ayumi:s3cret@db.example:5433/audit?sslmode=require",
            "postgresql://ayumi@%2Frun%2Fpostgresql/audit?password=s3cret",
        ] {
            let location = Location::from_url(url).unwrap();
            let shown = format!("{location} {location:?}");
            assert!(
                !shown.contains("s3cret") && shown.contains("ayumi") && shown.contains("/audit"),
                "{shown}"
            );
        }
        for url in [
            "postgres://ayumi:s3cret@db.example:port/audit",
            "postgres://ayumi:s3cret@db.example/audit?sslmode=s3cret",
            "postgres://ayumi:s3cret@db.example/audit?colour=red",
            "postgres://ayumi:s3cret",
            "mysql://ayumi:s3cret@db.example/audit",
            "s3cret",
            "",
        ] {
            let error = Location::from_url(url).unwrap_err();
            let shown = format!("{error} {error:?} {}", error.hint());
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn a_url_is_not_taken_for_a_file() {
        let url = Path::new("postgres://ayumi:s3cret@db.example/audit");
        let refused = Location::of(Some(url), None, None).unwrap_err();
        assert!(matches!(refused, Error::BadUrl(_)), "{refused}");
    }
}
