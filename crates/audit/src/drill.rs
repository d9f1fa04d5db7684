//! From a figure to what is behind it: findings and tasks, with their transactions.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use ayumi_contracts::ICTIOperator::{Outcome, Response, State};
use ayumi_contracts::Named;

use crate::answer::{EventRow, Finding, Step, TaskRow, Who, id_of, product_of};
use crate::db::{Value, list, params};
use crate::error::Result;
use crate::event::{block_of, index_of, name_of};
use crate::members::Members;
use crate::query::{Day, Query};
use crate::reader::{Reader, actions};
use crate::record::{Record, Task};
use crate::rules::Rule;

impl Reader {
    /// The events, oldest first; with a period, those of its days.
    pub fn events(&self, query: &Query) -> Result<Vec<EventRow>> {
        self.at_once(|| {
            let (since, until) = self.event_range(query)?;
            let from = query.after.map_or(since, |after| since.max(after.saturating_add(1)));
            self.db.rows(
                "SELECT event.id, block.at, transaction_hash, kind, subject FROM event JOIN block ON block.number = event.id >> 20
                 WHERE event.id >= ?1 AND event.id < ?2 ORDER BY event.id LIMIT ?3",
                params![from, until, query.limit()],
                |row| {
                    let (id, hash): (i64, [u8; 32]) = (row.get(0)?, row.get(2)?);
                    Ok(EventRow {
                        id,
                        at: row.get(1)?,
                        block: block_of(id),
                        log: index_of(id),
                        transaction: hash.into(),
                        kind: name_of(row.get(3)?).to_owned(),
                        subject: row.get(4)?,
                    })
                },
            )
        })
    }

    /// What needs a look, newest first; with a period, what showed in it.
    pub fn findings(&self, query: &Query) -> Result<Vec<Finding>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let parties = parties_asked(query, &members)?;
            let (since, until) = self.event_range(query)?;
            let of_product = if query.product.is_some() { "product = ?4" } else { "CAST(?4 AS BIGINT) IS NULL" };
            let of_party = match &parties {
                Some(_) => format!("({} OR {})", self.db.among("producer", 5), self.db.among("consumer", 5)),
                None => "CAST(?5 AS BIGINT) IS NULL".into(),
            };
            let sql = format!(
                "SELECT finding.event, rule, producer, consumer, product, task, evidence, block.at
                 FROM finding JOIN block ON block.number = finding.event >> 20
                 WHERE finding.event >= ?1 AND finding.event < ?2 AND finding.event * 8 + rule < ?3 AND {of_product}
                     AND {of_party}
                 ORDER BY finding.event DESC, rule DESC LIMIT ?6",
            );
            let (product, after) = (query.product.map(id_of), query.after.unwrap_or(i64::MAX));
            let limit = query.limit();
            let asked = params![since, until, after, product, parties, limit];
            let mut findings = Vec::new();
            self.db.each(&sql, asked, |row| {
                let (event, number): (i64, i64) = (row.get(0)?, row.get(1)?);
                let Some(rule) = Rule::numbered(number) else { return Ok(()) };
                let (producer, consumer, task): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(5)?);
                let evidence: String = row.get(6)?;
                let evidence: Vec<i64> = serde_json::from_str(&evidence).unwrap_or_default();
                let finding = Finding {
                    id: event * 8 + number,
                    rule,
                    meaning: rule.meaning().to_owned(),
                    at: row.get(7)?,
                    producer: members.address(producer),
                    producer_organisation: members.organisation_of(producer),
                    consumer: members.address(consumer),
                    consumer_organisation: members.organisation_of(consumer),
                    product: product_of(row.get(4)?),
                    task: (task != 0).then_some(task),
                    transactions: Vec::new(),
                };
                findings.push((finding, evidence));
                Ok(())
            })?;
            let hashes = self.transactions(findings.iter().flat_map(|(_, events)| events).copied())?;
            let findings = findings.into_iter().map(|(mut finding, events)| {
                let events = events.iter().filter(|event| **event != 0);
                finding.transactions = events.map(|event| transaction(&hashes, *event)).collect();
                finding.transactions.dedup();
                finding
            });
            Ok(findings.collect())
        })
    }

    /// The transactions of events.
    fn transactions(&self, events: impl Iterator<Item = i64>) -> Result<BTreeMap<i64, B256>> {
        let sql = format!(
            "SELECT id, transaction_hash FROM event WHERE {}",
            self.db.among("id", 1)
        );
        let hashes = self.db.rows(&sql, params![list(events)], |row| {
            Ok((row.get(0)?, row.get::<[u8; 32]>(1)?.into()))
        })?;
        Ok(hashes.into_iter().collect())
    }

    /// The tasks, newest first, each with its steps and their transactions: of a product, of who is asked for on either
    /// side, and with a period, those requested in it.
    pub fn tasks(&self, query: &Query) -> Result<Vec<TaskRow>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let parties = parties_asked(query, &members)?;
            let first = |day| -> Result<i64> { Ok(self.first_at("task", "id", "requested_at", day)?.unwrap_or(i64::MAX)) };
            let since = query.since.map(first).transpose()?.unwrap_or(0);
            let until = query.until.map(|day| first(Day(day.0 + 1))).transpose()?.unwrap_or(i64::MAX);
            let before = query.after.map_or(until, |after| until.min(after));
            let of_product = if query.product.is_some() { "product = ?4" } else { "CAST(?4 AS BIGINT) IS NULL" };
            let of_party = match &parties {
                Some(_) => format!(
                    "({} OR product IN (SELECT id FROM product WHERE {}))",
                    self.db.among("consumer", 5),
                    self.db.among("producer", 5)
                ),
                None => "CAST(?5 AS BIGINT) IS NULL".into(),
            };
            let sql = format!(
                "SELECT * FROM task WHERE {of_product} AND {of_party} AND id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            );
            let (product, limit) = (query.product.map(id_of), query.limit());
            let asked = params![since, before, limit, product, parties];
            let tasks = self.db.rows(&sql, asked, Task::read)?;
            let events = tasks.iter().flat_map(|task| steps(task).map(|(_, event, _)| event));
            let hashes = self.transactions(events)?;
            let producers = self.producers(tasks.iter().map(|task| task.product))?;
            let rows = tasks.iter().map(|task| {
                let producer = producers.get(&task.product).copied().unwrap_or_default();
                task_row(&members, task, producer, &hashes)
            });
            Ok(rows.collect())
        })
    }

    fn producers(&self, products: impl Iterator<Item = i64>) -> Result<BTreeMap<i64, i64>> {
        let sql = format!(
            "SELECT id, producer FROM product WHERE {}",
            self.db.among("id", 1)
        );
        let producers = self.db.rows(&sql, params![list(products)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(producers.into_iter().collect())
    }
}

/// Where the raw row is missing, the rest is still told.
fn transaction(hashes: &BTreeMap<i64, B256>, event: i64) -> B256 {
    hashes.get(&event).copied().unwrap_or_default()
}

/// The steps of a task, with event and time, those that were not taken with event 0.
fn steps(task: &Task) -> [(&'static str, i64, i64); 5] {
    [
        ("requested", task.requested, task.requested_at),
        ("delivered", task.delivered, task.delivered_at),
        (name::<State>(task.state, 1), task.ended, task.ended_at),
        ("feedback", task.feedback, task.feedback_at),
        ("answered", task.answered, task.answered_at),
    ]
}

fn task_row(
    members: &Members,
    task: &Task,
    producer: i64,
    hashes: &BTreeMap<i64, B256>,
) -> TaskRow {
    let mut taken: Vec<_> = steps(task)
        .into_iter()
        .filter(|(_, event, _)| *event != 0)
        .collect();
    taken.sort_unstable_by_key(|(_, event, _)| *event);
    let steps = taken.into_iter().map(|(step, event, at)| Step {
        step: step.to_owned(),
        at,
        block: block_of(event),
        transaction: transaction(hashes, event),
    });
    let is_told = task.feedback != 0;
    TaskRow {
        id: task.id,
        who: Who {
            organisation: Some(members.organisation_of(producer)),
            account: Some(members.address(producer)),
            product: product_of(task.product),
            ..Who::default()
        },
        consumer: members.address(task.consumer),
        consumer_organisation: members.organisation_of(task.consumer),
        state: name::<State>(task.state, 1).to_owned(),
        class: ["external", "internal", "flagged"][usize::try_from(task.class).unwrap_or(0).min(2)]
            .to_owned(),
        steps: steps.collect(),
        actions: is_told.then(|| actions(task.actions)),
        outcome: is_told.then(|| name::<Outcome>(task.outcome, 0).to_owned()),
        usefulness: is_told.then_some(task.usefulness),
        response: (task.answered != 0).then(|| name::<Response>(task.response, 0).to_owned()),
    }
}

/// The name of a value of the contracts' enums, of which those before `first` have none.
fn name<E: Named>(value: i64, first: i64) -> &'static str {
    let place = usize::try_from(value - first).ok();
    place
        .and_then(|place| E::ALL.get(place))
        .map_or("unknown", |(_, name)| *name)
}

/// The parties of who is asked for.
fn parties_asked(query: &Query, members: &Members) -> Result<Option<Value<'static>>> {
    let asked = members.asked(query)?;
    Ok(asked.map(|asked| {
        let rows = asked.iter().filter_map(|key| members.memberships.get(key));
        list(rows.map(|row| row.party))
    }))
}
