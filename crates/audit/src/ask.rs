//! The questions there are, by name: what `GET /v1/NAME?since=…&by=…` answers, and what `ayumi audit NAME --json` prints,
//! is the same JSON.

use serde::Serialize;
use serde_json::Value;

use crate::error::Result;
use crate::query::Query;
use crate::reader::Reader;

/// A question to an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// [`Reader::status`]: how far the index reaches.
    Status,
    /// [`Reader::overview`]: everything at once.
    Overview,
    /// [`Reader::activity`]: what was done.
    Activity,
    /// [`Reader::timeline`]: the same over time.
    Timeline,
    /// [`Reader::organisations`]: how well they deliver, use and answer.
    Organisations,
    /// [`Reader::products`]: editions with their gap.
    Products,
    /// [`Reader::gap`]: expected and actual actions.
    Gap,
    /// [`Reader::money`]: where it went.
    Money,
    /// [`Reader::findings`]: what needs a look.
    Findings,
    /// [`Reader::tasks`]: step by step, with transactions.
    Tasks,
    /// [`Reader::events`]: as they are on the chain.
    Events,
}

impl Ask {
    /// All questions.
    pub const ALL: [Self; 11] = [
        Self::Status,
        Self::Overview,
        Self::Activity,
        Self::Timeline,
        Self::Organisations,
        Self::Products,
        Self::Gap,
        Self::Money,
        Self::Findings,
        Self::Tasks,
        Self::Events,
    ];

    /// The last part of its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Overview => "overview",
            Self::Activity => "activity",
            Self::Timeline => "timeline",
            Self::Organisations => "organisations",
            Self::Products => "products",
            Self::Gap => "gap",
            Self::Money => "money",
            Self::Findings => "findings",
            Self::Tasks => "tasks",
            Self::Events => "events",
        }
    }

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.name() == name)
    }
}

impl Reader {
    /// The answer to a question, as JSON.
    pub fn answer(&self, ask: Ask, query: &Query) -> Result<Value> {
        match ask {
            Ask::Status => self.status().map(|answer| json(&answer)),
            Ask::Overview => self.overview(query).map(|answer| json(&answer)),
            Ask::Activity => self.activity(query).map(|answer| json(&answer)),
            Ask::Timeline => self.timeline(query).map(|answer| json(&answer)),
            Ask::Organisations => self.organisations(query).map(|answer| json(&answer)),
            Ask::Products => self.products(query).map(|answer| json(&answer)),
            Ask::Gap => self.gap(query).map(|answer| json(&answer)),
            Ask::Money => self.money(query).map(|answer| json(&answer)),
            Ask::Findings => self.findings(query).map(|answer| json(&answer)),
            Ask::Tasks => self.tasks(query).map(|answer| json(&answer)),
            Ask::Events => self.events(query).map(|answer| json(&answer)),
        }
    }
}

fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("answers are plain structures with string keys")
}
