use std::path::PathBuf;

use ayumi_audit::Location;

use crate::error::Result;

/// Where an index is.
#[derive(Debug, clap::Args)]
#[group(id = "index-place", multiple = false)]
pub(super) struct IndexArgs {
    /// File that holds the index
    #[arg(long, value_name = "FILE", env = "AYUMI_INDEX", hide_env_values = true)]
    index: Option<PathBuf>,
    /// PostgreSQL database that holds the index, as postgres://USER@HOST/NAME; with a password, better from the environment
    #[arg(
        long,
        value_name = "URL",
        env = "AYUMI_AUDIT_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// File that holds the database's URL
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_AUDIT_DATABASE_FILE",
        hide_env_values = true
    )]
    database_file: Option<PathBuf>,
}

impl IndexArgs {
    pub(super) fn is_given(&self) -> bool {
        self.index.is_some() || self.database.is_some() || self.database_file.is_some()
    }

    pub(super) fn location(&self) -> Result<Option<Location>> {
        Ok(Location::of(
            self.index.as_deref(),
            self.database.as_deref(),
            self.database_file.as_deref(),
        )?)
    }
}
