use std::fs;
use std::path::{Path, PathBuf};

use ayumi_misp::Document;
use ayumi_misp_client::{Client, Entry, Error, Feed, Index, Query};
use serde_json::{Value, json};
use uuid::Uuid;

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

/// Where events are pulled from.
enum Source {
    Server(Client, Box<Index>),
    Feed(Feed, std::vec::IntoIter<Entry>),
}

impl Args {
    pub(super) async fn run(self) -> Result<Answer> {
        let mut source = self.source().await?;
        make_folder(&self.folder)?;
        let mut rows = Vec::new();
        while let Some(entry) = source.next().await? {
            rows.push(pull(&source, &entry, &self.folder).await?);
        }
        Ok(listed(
            &rows,
            ["uuid", "info", "state", "file"],
            "no events match",
        ))
    }

    async fn source(&self) -> Result<Source> {
        let Some(feed) = &self.feed else {
            let query = Query {
                uuids: self.uuid.clone(),
                tags: self.tag.clone(),
                since: self.since.map(Moment::start),
                published: self.published.then_some(true),
            };
            let client = self.misp.client()?;
            let index = client.index(query);
            return Ok(Source::Server(client, Box::new(index)));
        };
        let feed = if feed.starts_with("http://") || feed.starts_with("https://") {
            let base = feed.trim_end_matches("manifest.json");
            Feed::at(&self.misp.open(base)?)?
        } else {
            Feed::in_folder(Path::new(feed))
        };
        let mut entries = feed.entries().await?;
        let since = self.since.map_or(0, Moment::start);
        entries.retain(|entry| {
            entry.timestamp >= since && (self.uuid.is_empty() || self.uuid.contains(&entry.uuid))
        });
        Ok(Source::Feed(feed, entries.into_iter()))
    }
}

impl Source {
    async fn next(&mut self) -> Result<Option<Entry>> {
        match self {
            Self::Server(_, index) => Ok(index.next().await?),
            Self::Feed(_, entries) => Ok(entries.next()),
        }
    }

    async fn event(&self, uuid: Uuid) -> Result<Vec<u8>, Error> {
        match self {
            Self::Server(client, _) => {
                let event = client.event(uuid).await?;
                event.ok_or(Error::NoEvent(uuid))
            }
            Self::Feed(feed, _) => feed.event(uuid).await,
        }
    }
}

/// One event that cannot be had does not keep the others away; a server that cannot be reached does.
async fn pull(source: &Source, entry: &Entry, folder: &Path) -> Result<Value> {
    let file = folder.join(format!("{}.json", entry.uuid));
    let row = |state: &str, cause: Option<String>| json!({ "uuid": entry.uuid, "info": entry.info, "timestamp": entry.timestamp, "state": state, "file": file, "cause": cause });
    if entry.timestamp != 0 && timestamp(&file) == Some(entry.timestamp) {
        return Ok(row("same", None));
    }
    let bytes = match source.event(entry.uuid).await {
        Ok(bytes) => bytes,
        Err(
            error @ (Error::NoEvent(_)
            | Error::TooLarge { .. }
            | Error::Refused { .. }
            | Error::NotMisp { .. }
            | Error::BadFeed { .. }),
        ) => return Ok(row("failed", Some(error.to_string()))),
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
