//! `ayumi misp`: what goes between a MISP server, its feeds, and this account.

pub(crate) mod origin;
mod pull;
mod push;
mod sync;

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::cx::Cx;
use crate::error::{InputError, Result};
use crate::output::Answer;
use crate::text::{clean, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write events of a MISP server, or of a feed, into a folder
    Pull(pull::Args),
    /// Bring events from files to a MISP server
    Push(push::Args),
    /// Bring what was bought to the MISP server, or into a feed
    Sync(sync::Args),
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Command::Pull(args) => args.run().await,
            Command::Push(args) => args.run().await,
            Command::Sync(args) => args.run(cx).await,
        }
    }
}

/// Rows of what became of each event, with the causes below; negative where one failed.
fn listed<const N: usize>(rows: &[Value], columns: [&str; N], empty: &'static str) -> Answer {
    let cell = |row: &Value, key: &str| match &row[key] {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let failed = rows.iter().filter(|row| row["state"] == "failed");
    let failed = failed.collect::<Vec<_>>();
    let text = || {
        let cells = rows.iter().map(|row| columns.map(|key| cell(row, key)));
        let causes = failed.iter().map(|row| {
            let (name, cause) = (cell(row, columns[0]), cell(row, "cause"));
            format!("\n{}: {}", clean(&name), clean(&cause))
        });
        table(columns, cells) + &causes.collect::<String>()
    };
    Answer::list(rows, text, empty).negative_if(!failed.is_empty())
}

fn make_folder(folder: &Path) -> Result<(), InputError> {
    let made = DirBuilder::new().recursive(true).create(folder);
    made.map_err(|cause| InputError::File {
        path: folder.to_owned(),
        cause,
    })
}

/// Writes a file whole or not at all; `None` where it has these bytes already, else whether there was one.
fn put(path: &Path, bytes: &[u8]) -> Result<Option<bool>, InputError> {
    let there = fs::read(path).ok();
    if there.as_deref() == Some(bytes) {
        return Ok(None);
    }
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut aside = tempfile::NamedTempFile::new_in(folder)?;
        aside.write_all(bytes)?;
        aside.as_file().sync_all()?;
        aside.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|cause| InputError::File {
        path: path.to_owned(),
        cause,
    })?;
    Ok(Some(there.is_some()))
}
