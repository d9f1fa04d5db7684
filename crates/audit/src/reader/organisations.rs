//! How well organisations deliver, use and answer.

use std::collections::BTreeMap;

use super::{Reader, shrunk};
use crate::answer::{Metrics, OrganisationRow, Series, Steps};
use crate::db::{list, params};
use crate::error::Result;
use crate::figures::Count;
use crate::members::Members;
use crate::query::{By, Day, Query};
use crate::record::Party;
use crate::sums::{Classes, Grain, series};
use crate::tally::Scope;

/// The z of a lower limit that chance alone passes once in a hundred times.
const Z_99: f64 = 2.326;

impl Reader {
    /// The organisations, with how well they deliver, use and answer.
    pub fn organisations(&self, query: &Query) -> Result<Vec<OrganisationRow>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let groups = self.by_member(query, &members, By::Organisation, Grain::Aged, &[0, 1])?;
            let accounts = |organisation: i64| {
                members
                    .parties
                    .values()
                    .filter(move |party: &&Party| party.organisation == organisation)
            };
            let taken = |classes: &Classes| {
                let [_, external, _] = series(classes);
                external.count(Count::Redeemed) + external.count(Count::Feedback)
            };
            let enrolled = members
                .parties
                .values()
                .filter(|party| party.organisation != 0)
                .count();
            let in_all: u64 = groups
                .iter()
                .filter(|((id, ..), _)| *id != 0)
                .map(|(_, [_, buyer])| taken(buyer))
                .sum();
            let last_steps = self.last_steps()?;
            let mut rows = Vec::new();
            for ((id, ..), [seller, buyer]) in &groups {
                let organisation = members.organisations.get(id);
                let own = accounts(*id).count();
                let (usefulness, votes) = self.votes_of(accounts(*id).map(|party| party.id))?;
                let taken = taken(buyer);
                #[allow(clippy::cast_precision_loss)] // counts
                let expected = in_all as f64 * own as f64 / enrolled.max(1) as f64;
                let is_enough = *id != 0 && expected >= 5.0;
                #[allow(clippy::cast_precision_loss)]
                let is_low = is_enough && (taken as f64) < poisson_lower(expected);
                rows.push(OrganisationRow {
                    number: *id,
                    organisation: members.name(*id),
                    suspended: organisation.is_some_and(|organisation| organisation.suspended),
                    accounts: own as u64,
                    steps: Steps::series(seller, buyer),
                    as_producer: Series::of(seller, Metrics::of),
                    as_consumer: Series::of(buyer, Metrics::of),
                    usefulness,
                    votes,
                    last_step: last_steps.get(id).copied().flatten().map(Day),
                    taken,
                    expected: is_enough.then_some(expected),
                    is_low,
                });
            }
            Ok(rows)
        })
    }

    /// Q1 of all products of these producers, and their votes.
    fn votes_of(&self, producers: impl Iterator<Item = i64>) -> Result<(Option<f64>, u64)> {
        let sql = format!(
            "SELECT CAST(sum(vote_sum) AS BIGINT), CAST(sum(votes) AS BIGINT) FROM product WHERE {}",
            self.db.among("producer", 1)
        );
        let votes = self.db.row(&sql, params![list(producers)], |row| {
            let (sum, votes): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok(shrunk(sum.unwrap_or(0), votes.unwrap_or(0)))
        })?;
        Ok(votes.unwrap_or((None, 0)))
    }

    /// The last day on which an organisation did something as consumer.
    fn last_steps(&self) -> Result<BTreeMap<i64, Option<i64>>> {
        let rows = self.db.rows(
            "SELECT organisation, max(last) FROM
                 (SELECT organisation, (SELECT slot FROM tally WHERE scope = ?1 AND level = 0 AND key = membership.id
                      ORDER BY slot DESC LIMIT 1) AS last FROM membership WHERE id = team_id) AS steps
             GROUP BY organisation",
            params![Scope::BuyingTeam as i64],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(rows.into_iter().collect())
    }
}

/// The lower limit of a count of which so many are expected, by the square-root approximation.
fn poisson_lower(expected: f64) -> f64 {
    (expected.sqrt() - Z_99 / 2.0).max(0.0).powi(2)
}
