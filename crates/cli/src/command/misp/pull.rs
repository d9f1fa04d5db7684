use std::fs;
use std::path::{Path, PathBuf};

use ayumi_misp::Document;
use ayumi_misp_client::{Entry, Query};
use serde_json::{Value, json};
use uuid::Uuid;

use super::origin::{Origin, is_of_one_event};
use super::{listed, make_folder, put};
use crate::args::{MispArgs, Moment};
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for the events: each as <uuid>.json, byte for byte as received
    folder: PathBuf,
    /// Only these events
    #[arg(long, value_name = "UUID", value_delimiter = ',')]
    uuid: Vec<Uuid>,
    /// Only those with one of these tags
    #[arg(long, conflicts_with = "feed")]
    tag: Vec<String>,
    /// Only those changed since
    #[arg(long, value_name = "DATE")]
    since: Option<Moment>,
    /// Only published ones
    #[arg(long, conflicts_with = "feed")]
    published: bool,
    /// Read a feed, by the URL or folder that its manifest.json is in, instead of a server
    #[arg(long, value_name = "URL|DIR")]
    feed: Option<String>,
    #[command(flatten)]
    misp: MispArgs,
}

impl Args {
    pub(super) async fn run(self) -> Result<Answer> {
        let mut origin = self.origin().await?;
        make_folder(&self.folder)?;
        let mut rows = Vec::new();
        while let Some(entry) = origin.next().await? {
            rows.push(pull(&origin, &entry, &self.folder).await?);
        }
        Ok(listed(
            &rows,
            ["uuid", "info", "state", "file"],
            "no events match",
        ))
    }

    async fn origin(&self) -> Result<Origin> {
        let since = self.since.map(Moment::start);
        if let Some(feed) = &self.feed {
            let is_wanted = |entry: &Entry| {
                entry.timestamp >= since.unwrap_or(0)
                    && (self.uuid.is_empty() || self.uuid.contains(&entry.uuid))
            };
            return Origin::feed(feed, &self.misp, is_wanted).await;
        }
        let query = Query {
            uuids: self.uuid.clone(),
            tags: self.tag.clone(),
            since,
            published: self.published.then_some(true),
        };
        Origin::server(&self.misp, query)
    }
}

/// One event that cannot be had does not keep the others away; a server that cannot be reached does.
async fn pull(origin: &Origin, entry: &Entry, folder: &Path) -> Result<Value> {
    let file = folder.join(format!("{}.json", entry.uuid));
    let row = |state: &str, cause: Option<String>| json!({ "uuid": entry.uuid, "info": entry.info, "timestamp": entry.timestamp, "state": state, "file": file.to_string_lossy(), "cause": cause });
    if entry.timestamp != 0 && timestamp(&file) == Some(entry.timestamp) {
        return Ok(row("same", None));
    }
    let bytes = match origin.event(entry.uuid).await {
        Ok(bytes) => bytes,
        Err(error) if is_of_one_event(&error) => {
            return Ok(row("failed", Some(error.to_string())));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(match put(&file, &bytes)? {
        None => row("same", None),
        Some(false) => row("new", None),
        Some(true) => row("changed", None),
    })
}

/// Of the event in a file, if it is whole.
fn timestamp(file: &Path) -> Option<u64> {
    let document = Document::parse(&fs::read(file).ok()?).ok()?;
    document.event()?.timestamp.text()?.parse().ok()
}
