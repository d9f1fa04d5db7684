//! The questions there are, by name: what `GET /v1/NAME?since=…&by=…` answers, and what `ayumi audit NAME --json` prints,
//! is the same JSON.

use serde::Serialize;
use serde_json::Value;

use crate::error::{QueryError, Result};
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

    /// The part of a query that the question is answered by.
    pub fn part_of(self, query: &Query) -> Query {
        let is_told_by = matches!(
            self,
            Self::Activity | Self::Timeline | Self::Gap | Self::Money
        );
        let is_of_members = !matches!(self, Self::Status | Self::Events);
        let is_of_products = is_of_members && self != Self::Organisations;
        let has_period = self != Self::Status;
        let query = query.clone();
        Query {
            since: query.since.filter(|_| has_period),
            until: query.until.filter(|_| has_period),
            by: query.by.filter(|_| is_told_by),
            organisation: query.organisation.filter(|_| is_of_members),
            team: query.team.filter(|_| is_of_members),
            account: query.account.filter(|_| is_of_members),
            product: query.product.filter(|_| is_of_products),
            ..query
        }
    }

    /// Refuses what the question would not be answered by, so that nobody takes the answer for another.
    fn check(self, query: &Query) -> Result<(), QueryError> {
        let (given, taken) = (query.pairs(), self.part_of(query).pairs());
        let not_taken = given.iter().find(|pair| !taken.contains(pair));
        if let Some((name, _)) = not_taken {
            return Err(QueryError::NotBy {
                figure: self.name(),
                by: name,
            });
        }
        let is_of_member =
            query.organisation.is_some() || query.team.is_some() || query.account.is_some();
        let takes_both = matches!(self, Self::Tasks | Self::Findings);
        if query.product.is_some() && is_of_member && !takes_both {
            return Err(QueryError::NotBy {
                figure: "a product's figures",
                by: "member",
            });
        }
        Ok(())
    }

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.name() == name)
    }
}

impl Reader {
    /// The answer to a question, as JSON.
    pub fn answer(&self, ask: Ask, query: &Query) -> Result<Value> {
        ask.check(query)?;
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
