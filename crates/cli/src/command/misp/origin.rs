//! Where events are read from: a MISP server or a feed.

use std::path::{Path, PathBuf};
use std::vec;

use ayumi_misp_client::{Client, Entry, Error, Feed, Index, Query};
use uuid::Uuid;

use crate::args::MispArgs;
use crate::error::Result;

const MANIFEST: &str = "manifest.json";

/// Events, one at a time.
pub(crate) enum Origin {
    Server(Client, Box<Index>),
    Feed(Feed, vec::IntoIter<Entry>),
}

impl Origin {
    /// The events of the server that `misp` names.
    pub(crate) fn server(misp: &MispArgs, query: Query) -> Result<Self> {
        let client = misp.client()?;
        let index = Box::new(client.index(query));
        Ok(Self::Server(client, index))
    }

    /// Those events of a feed, in a folder or below a URL, that are wanted.
    pub(crate) async fn feed(
        place: &str,
        misp: &MispArgs,
        is_wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Self> {
        let feed = if is_url(Path::new(place)) {
            Feed::at(&misp.open(place.trim_end_matches(MANIFEST))?)?
        } else {
            Feed::in_folder(Path::new(place))
        };
        let mut entries = feed.entries().await?;
        entries.retain(is_wanted);
        Ok(Self::Feed(feed, entries.into_iter()))
    }

    /// What is at a URL: the feed of a manifest, an event's page, or all that a server has. Who enters it is in `misp`.
    pub(crate) async fn at(url: &str, misp: &MispArgs) -> Result<Self> {
        if url.ends_with(MANIFEST) {
            return Self::feed(url, misp, |_| true).await;
        }
        let (base, uuid) = event_page(url);
        let misp = MispArgs {
            misp_url: Some(base.to_owned()),
            ..misp.clone()
        };
        let query = Query {
            uuids: uuid.into_iter().collect(),
            ..Query::default()
        };
        Self::server(&misp, query)
    }

    /// The next entry; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Entry>> {
        match self {
            Self::Server(_, index) => Ok(index.next().await?),
            Self::Feed(_, entries) => Ok(entries.next()),
        }
    }

    /// The bytes of an event.
    pub(crate) async fn event(&self, uuid: Uuid) -> Result<Vec<u8>, Error> {
        match self {
            Self::Server(client, _) => {
                let event = client.event(uuid).await?;
                event.ok_or(Error::NoEvent(uuid))
            }
            Self::Feed(feed, _) => feed.event(uuid).await,
        }
    }

    /// What people call the place of an event.
    pub(crate) fn place(&self, uuid: Uuid) -> PathBuf {
        match self {
            Self::Server(client, _) => {
                format!("{}/events/view/{uuid}", client.url().trim_end_matches('/')).into()
            }
            Self::Feed(..) => format!("{uuid}.json").into(),
        }
    }
}

/// Whether an argument is a URL, and no path.
pub(crate) fn is_url(argument: &Path) -> bool {
    let text = argument.to_string_lossy();
    text.starts_with("https://") || text.starts_with("http://")
}

/// Whether a failure is of one event, so that the others can be read all the same.
pub(crate) fn is_of_one_event(error: &Error) -> bool {
    matches!(
        error,
        Error::NoEvent(_)
            | Error::TooLarge { .. }
            | Error::Refused { .. }
            | Error::NotMisp { .. }
            | Error::BadFeed { .. }
    )
}

/// The base URL of an event's page, and which event it is of.
pub(crate) fn event_page(url: &str) -> (&str, Option<Uuid>) {
    let page = url.split_once("/events/").and_then(|(base, rest)| {
        let uuid = rest
            .trim_start_matches("view/")
            .trim_end_matches('/')
            .parse()
            .ok()?;
        Some((base, Some(uuid)))
    });
    page.unwrap_or((url, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_an_event_is_told_from_its_server() {
        let uuid = "5f9b2c1e-0d3a-4b1f-9c47-2a6e8d0f1b23";
        for page in ["events/view/", "events/"] {
            let url = format!("https://misp.example/below/{page}{uuid}");
            assert_eq!(
                event_page(&url),
                ("https://misp.example/below", uuid.parse().ok())
            );
        }
        for server in ["https://misp.example", "https://misp.example/events/index"] {
            assert_eq!(event_page(server), (server, None));
        }
    }
}
