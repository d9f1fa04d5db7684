//! The folder that a Besu QBFT consortium without fees starts from, and the check that its files agree.

mod check;
mod compose;
mod config;
mod files;
mod genesis;
mod init;
mod node;
mod profile;
mod token;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Result;
use crate::output::Answer;
use crate::text::{clean, pairs, table};
use check::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Consortium,
}

#[derive(Debug, clap::Subcommand)]
enum Consortium {
    /// Write the genesis, keys and settings of a new consortium into a new folder
    Init(init::Args),
    /// Check that the files of such a folder agree
    Check {
        /// The folder that `init` wrote
        folder: PathBuf,
    },
}

/// What the folder holds, and what is wrong with it.
#[derive(Serialize)]
struct Told<'a> {
    folder: &'a Path,
    #[serde(flatten)]
    report: &'a Report,
}

impl Args {
    pub(crate) fn run(self) -> Result<Answer> {
        match self.command {
            Consortium::Init(args) => {
                let folder = init::write_all(&args)?;
                Ok(told(
                    &folder,
                    &check::examine(&folder)?,
                    Some(&next(&folder)),
                ))
            }
            Consortium::Check { folder } => Ok(told(&folder, &check::examine(&folder)?, None)),
        }
    }
}

/// The report in both forms; a negative answer where anything is wrong.
fn told(folder: &Path, report: &Report, next: Option<&str>) -> Answer {
    let chain_id = report.chain_id.map(|id| id.to_string());
    let mut parts = vec![pairs([
        ("folder", folder.display().to_string()),
        ("chain id", chain_id.unwrap_or_default()),
        ("validators", report.validators.len().to_string()),
        ("faults borne", report.faults_borne().to_string()),
    ])];
    if report.findings.is_empty() {
        parts.push("All files agree.".into());
    } else {
        let rows = report.findings.iter().map(|finding| {
            let severity = finding.severity.name().to_owned();
            [severity, finding.file.clone(), finding.problem.clone()]
        });
        parts.push(table(["", "file", "problem"], rows));
    }
    parts.extend(next.filter(|_| !report.is_wrong()).map(str::to_owned));
    Answer::new(&Told { folder, report }, parts.join("\n\n")).negative_if(report.is_wrong())
}

fn next(folder: &Path) -> String {
    let folder = clean(&folder.display().to_string());
    format!(
        "Start it:   cd {folder} && docker compose up -d\nUse it:     ayumi deploy --network {folder}/{}",
        profile::FILE
    )
}
