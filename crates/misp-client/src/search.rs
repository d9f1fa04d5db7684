use std::collections::{HashSet, VecDeque};

use ayumi_misp::model;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Client, list};
use crate::error::Result;

/// Events on a page of the index.
const PAGE: usize = 100;

const SEARCH: &str = "events/restSearch";

/// Which events of a server are wanted: all that every given filter finds.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// With one of these uuids.
    pub uuids: Vec<Uuid>,
    /// With one of these tags.
    pub tags: Vec<String>,
    /// Changed at this time or later, in Unix seconds.
    pub since: Option<u64>,
    /// Published, or not published.
    pub published: Option<bool>,
}

/// What an index tells of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The id everywhere.
    pub uuid: Uuid,
    /// Last change, Unix seconds; 0 where it is not said.
    pub timestamp: u64,
    /// The title; not cleaned.
    pub info: String,
}

/// The entries of events, page by page until a short one.
#[derive(Debug)]
pub struct Index {
    client: Client,
    query: Query,
    page: u32,
    is_last: bool,
    seen: HashSet<Uuid>,
    waiting: VecDeque<Entry>,
}

/// Events byte for byte as received, one at a time.
#[derive(Debug)]
pub struct Events {
    index: Index,
}

impl Entry {
    /// Of an event's fields; `None` without a uuid.
    pub(crate) fn of(event: &model::Event) -> Option<Self> {
        let text = |text: &ayumi_misp::Text| text.text().unwrap_or_default().into_owned();
        Some(Self {
            uuid: text(&event.uuid).parse().ok()?,
            timestamp: text(&event.timestamp).parse().unwrap_or(0),
            info: text(&event.info),
        })
    }
}

impl Index {
    pub(crate) fn new(client: Client, query: Query) -> Self {
        Self {
            client,
            query,
            page: 0,
            is_last: false,
            seen: HashSet::new(),
            waiting: VecDeque::new(),
        }
    }

    /// The next entry; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Entry>> {
        while self.waiting.is_empty() && !self.is_last {
            self.turn_page().await?;
        }
        Ok(self.waiting.pop_front())
    }

    /// A page that is short, or has nothing new, is the last: a server may not know pages, and give the first for ever.
    async fn turn_page(&mut self) -> Result<()> {
        self.page += 1;
        let answer = self.client.ask(SEARCH, &self.question()).await?;
        let what = format!("POST {SEARCH}");
        let found = list(answer).ok_or_else(|| self.client.not_misp(&what))?;
        let length = found.len();
        for item in found {
            let event = item.get("Event").unwrap_or(&item).clone();
            let event = serde_json::from_value::<model::Event>(event);
            let entry = event.ok().and_then(|event| Entry::of(&event));
            let entry = entry.ok_or_else(|| self.client.not_misp(&what))?;
            if self.seen.insert(entry.uuid) {
                self.waiting.push_back(entry);
            }
        }
        self.is_last = length < PAGE || self.waiting.is_empty();
        Ok(())
    }

    fn question(&self) -> Value {
        let mut question = json!({
            "returnFormat": "json",
            "metadata": true,
            "limit": PAGE,
            "page": self.page,
        });
        let Query {
            uuids,
            tags,
            since,
            published,
        } = &self.query;
        if !uuids.is_empty() {
            question["uuid"] = json!(uuids);
        }
        if !tags.is_empty() {
            question["tags"] = json!(tags);
        }
        if let Some(since) = since {
            question["timestamp"] = json!(since);
        }
        if let Some(published) = published {
            question["published"] = json!(published);
        }
        question
    }
}

impl Events {
    pub(crate) fn new(index: Index) -> Self {
        Self { index }
    }

    /// The next event with its entry; `None` after the last. One that was deleted since the index was read is passed over.
    pub async fn next(&mut self) -> Result<Option<(Entry, Vec<u8>)>> {
        while let Some(entry) = self.index.next().await? {
            if let Some(bytes) = self.index.client.event(entry.uuid).await? {
                return Ok(Some((entry, bytes)));
            }
        }
        Ok(None)
    }
}
