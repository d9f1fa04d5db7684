use std::path::{Path, PathBuf};

use ayumi_misp_client::{Client, Error, EventCopy, Pushed};
use serde_json::{Value, json};

use super::listed;
use crate::args::MispArgs;
use crate::error::{InputError, Result};
use crate::flow::read_document;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// MISP JSON documents, one event each
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    misp: MispArgs,
}

impl Args {
    /// All files are read before the first goes.
    pub(super) async fn run(self) -> Result<Answer> {
        let client = self.misp.client()?;
        let copies = self.files.iter().map(|file| {
            let bytes = read_document(file)?;
            EventCopy::of(&bytes).map_err(|cause| InputError::NotForMisp {
                path: file.clone(),
                cause,
            })
        });
        let copies = copies.collect::<Result<Vec<_>, _>>()?;
        client.version().await?; // what fails for all fails first
        let mut rows = Vec::new();
        for (file, copy) in self.files.iter().zip(&copies) {
            rows.push(push(&client, file, copy).await?);
        }
        Ok(listed(&rows, ["file", "uuid", "state"], "no files"))
    }
}

async fn push(client: &Client, file: &Path, copy: &EventCopy) -> Result<Value> {
    let (state, cause) = told(client.push(copy).await.map(Pushed::name))?;
    Ok(
        json!({ "file": file.to_string_lossy(), "uuid": copy.uuid(), "state": state, "cause": cause }),
    )
}

/// One event that the server does not take does not keep the others away; what fails for all does.
pub(super) fn told(outcome: Result<&'static str, Error>) -> Result<(&'static str, Option<String>)> {
    match outcome {
        Ok(state) => Ok((state, None)),
        Err(
            error @ (Error::Refused { .. }
            | Error::NotAllowed { .. }
            | Error::NotFound { .. }
            | Error::NoCopy(_)
            | Error::TooLarge { .. }),
        ) => Ok(("failed", Some(error.to_string()))),
        Err(error) => Err(error.into()),
    }
}
