//! What is asked: the same for the command, the page and the HTTP interface.

use std::fmt;
use std::str::FromStr;

use ayumi_contracts::ProductId;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::error::QueryError;

/// The most rows of a list, where nothing else is asked for.
pub(crate) const LIMIT: usize = 1_000;

/// A day of UTC, as days since the epoch; written `2026-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

const EPOCH: Date = Date::constant(1970, 1, 1);

impl Day {
    fn date(self) -> Date {
        EPOCH.saturating_add(jiff::Span::new().days(self.0.clamp(-4_000_000, 2_900_000)))
    }

    fn of(date: Date) -> Self {
        Self(EPOCH.duration_until(date).as_hours() / 24)
    }

    /// The Monday that begins the day's week.
    #[must_use]
    pub fn week(self) -> Self {
        Self(self.0 - i64::from(self.date().weekday().since(Weekday::Monday)))
    }

    /// The first of the day's month.
    #[must_use]
    pub fn month(self) -> Self {
        Self::of(self.date().first_of_month())
    }

    /// The first day of the next month.
    #[must_use]
    pub fn next_month(self) -> Self {
        Self(Self::of(self.date().last_of_month()).0 + 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl FromStr for Day {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(Self::of)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What rows are told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// A row for each account.
    Account,
    /// A row for each team.
    Team,
    /// A row for each organisation.
    Organisation,
    /// A row for each account that published.
    Producer,
    /// A row for each product.
    Product,
    /// A row for each day.
    Day,
    /// A row for each week from Monday.
    Week,
    /// A row for each month.
    Month,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Team,
        Self::Organisation,
        Self::Producer,
        Self::Product,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Team => "team",
            Self::Organisation => "organisation",
            Self::Producer => "producer",
            Self::Product => "product",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    /// Whether it is a period.
    pub fn is_period(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month)
    }
}

/// Which part of the chain is asked for. All parts are days of UTC by block time; without any, it is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The first day.
    pub since: Option<Day>,
    /// The last day.
    pub until: Option<Day>,
    /// What rows are told by.
    pub by: Option<By>,
    /// The name or number of an organisation.
    pub organisation: Option<String>,
    /// The label of a team.
    pub team: Option<String>,
    /// The address of an account; of a producer where the figure is of producers.
    pub account: Option<String>,
    /// A product.
    pub product: Option<ProductId>,
    /// The most rows of a list.
    pub limit: Option<usize>,
    /// Rows of a list after the one with this id, which each answer's last row has.
    pub after: Option<i64>,
}

impl Query {
    /// The parameters of a URL.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let text = |name, value: Option<String>| value.map(|value| (name, value));
        [
            text("since", self.since.map(|day| day.to_string())),
            text("until", self.until.map(|day| day.to_string())),
            text("by", self.by.map(|by| by.name().to_owned())),
            text("organisation", self.organisation.clone()),
            text("team", self.team.clone()),
            text("account", self.account.clone()),
            text("product", self.product.map(|product| product.to_string())),
            text("limit", self.limit.map(|limit| limit.to_string())),
            text("after", self.after.map(|after| after.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Out of the parameters of a URL. Empty values are as if they were not there, as forms send them.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, QueryError> {
        let mut query = Self::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.set(name, value)?;
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        match name {
            "since" => self.since = Some(read(value, "since", "a day such as 2026-12-31")?),
            "until" => self.until = Some(read(value, "until", "a day such as 2026-12-31")?),
            "by" => {
                let by = By::from_name(value);
                let expected = "account, team, organisation, producer, product, day, week or month";
                self.by = Some(by.ok_or(malformed("by", value, expected))?);
            }
            "organisation" => self.organisation = Some(value.to_owned()),
            "team" => self.team = Some(value.to_owned()),
            "account" => self.account = Some(value.to_owned()),
            "product" => {
                let expected = "a producer's number and a count, such as 3-17";
                self.product = Some(read(value, "product", expected)?);
            }
            "limit" => self.limit = Some(read(value, "limit", "a number")?),
            "after" => self.after = Some(read(value, "after", "the id of a row")?),
            other => return Err(QueryError::UnknownParameter(other.to_owned())),
        }
        Ok(())
    }

    pub(crate) fn limit(&self) -> usize {
        // What counts rows in a database has a sign.
        self.limit
            .unwrap_or(LIMIT)
            .min(usize::try_from(i64::MAX).unwrap_or(usize::MAX))
    }
}

fn read<T: FromStr>(
    value: &str,
    name: &'static str,
    expected: &'static str,
) -> Result<T, QueryError> {
    value.parse().map_err(|_| malformed(name, value, expected))
}

fn malformed(name: &'static str, value: &str, expected: &'static str) -> QueryError {
    QueryError::Malformed {
        name,
        value: value.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back_from_its_parameters() {
        let query = Query {
            since: "2026-02-28".parse().ok(),
            until: "2026-12-31".parse().ok(),
            by: Some(By::Week),
            organisation: Some("CSIRT Aoba & co".into()),
            team: Some("soc".into()),
            account: Some("0x00000000000000000000000000000000000A11cE".into()),
            product: "3-17".parse().ok(),
            limit: Some(5),
            after: Some(7),
        };
        let pairs = query.pairs();
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(Query::from_pairs(pairs), Ok(query));
        assert_eq!(
            Query::from_pairs([("since", ""), ("team", "")]),
            Ok(Query::default())
        );
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        for (name, value) in [
            ("since", "yesterday"),
            ("until", "2026-02-30"),
            ("by", "moon"),
            ("product", "3"),
            ("limit", "-1"),
            ("after", "x"),
            ("colour", "red"),
        ] {
            assert!(
                Query::from_pairs([(name, value)]).is_err(),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn days_know_their_weeks_and_months() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(day("1970-01-01"), Day(0));
        assert_eq!(day("2026-11-22").week(), day("2026-11-16"));
        assert_eq!(day("2026-11-16").week(), day("2026-11-16"));
        assert_eq!(day("2026-02-28").month(), day("2026-02-01"));
        assert_eq!(day("2026-02-28").next_month(), day("2026-03-01"));
        assert_eq!(day("1969-12-31"), Day(-1));
        assert_eq!(Day(20_779).to_string(), "2026-11-22");
    }
}
