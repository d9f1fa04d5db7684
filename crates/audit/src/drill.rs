//! From a figure to what is behind it: findings and tasks, with their transactions.

use alloy::primitives::B256;
use ayumi_contracts::ICTIOperator::{Outcome, Response, State};
use ayumi_contracts::Named;
use rusqlite::{OptionalExtension, params};

use crate::answer::{EventRow, Finding, Step, TaskRow, Who, id_of, product_of};
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
            let mut rows = self.db.prepare_cached(
                "SELECT event.id, block.at, transaction_hash, kind, subject FROM event JOIN block ON block.number = event.id >> 20
                 WHERE event.id >= ?1 AND event.id < ?2 ORDER BY event.id LIMIT ?3",
            )?;
            let rows = rows.query_map(params![from, until, query.limit()], |row| {
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
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// What needs a look, newest first; with a period, what showed in it.
    pub fn findings(&self, query: &Query) -> Result<Vec<Finding>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let parties = parties_asked(query, &members)?;
            let (since, until) = self.event_range(query)?;
            let mut rows = self.db.prepare_cached(
                "SELECT finding.event, rule, producer, consumer, product, task, evidence, block.at
                 FROM finding JOIN block ON block.number = finding.event >> 20
                 WHERE finding.event >= ?1 AND finding.event < ?2 AND (?3 IS NULL OR finding.event * 8 + rule < ?3)
                     AND (?4 IS NULL OR product = ?4)
                     AND (?5 IS NULL OR producer IN (SELECT value FROM json_each(?5))
                         OR consumer IN (SELECT value FROM json_each(?5)))
                 ORDER BY finding.event DESC, rule DESC LIMIT ?6",
            )?;
            let product = query.product.map(id_of);
            let mut rows = rows.query(params![since, until, query.after, product, parties, query.limit()])?;
            let mut findings = Vec::new();
            while let Some(row) = rows.next()? {
                let (event, number): (i64, i64) = (row.get(0)?, row.get(1)?);
                let Some(rule) = Rule::numbered(number) else { continue };
                let (producer, consumer, task): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(5)?);
                let evidence: String = row.get(6)?;
                findings.push(Finding {
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
                    transactions: self.transactions(&evidence)?,
                });
            }
            Ok(findings)
        })
    }

    fn transactions(&self, events: &str) -> Result<Vec<B256>> {
        let events: Vec<i64> = serde_json::from_str(events).unwrap_or_default();
        let mut hashes = Vec::new();
        for event in events.into_iter().filter(|event| *event != 0) {
            hashes.push(self.transaction(event)?);
        }
        hashes.dedup();
        Ok(hashes)
    }

    pub(crate) fn transaction(&self, event: i64) -> Result<B256> {
        let mut row = self
            .db
            .prepare_cached("SELECT transaction_hash FROM event WHERE id = ?1")?;
        let hash: Option<[u8; 32]> = row.query_row([event], |row| row.get(0)).optional()?;
        // Where the raw row is missing, the rest is still told.
        Ok(hash.unwrap_or_default().into())
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
            let of_product = if query.product.is_some() { "product = ?4" } else { "?4 IS NULL" };
            let of_party = if parties.is_some() {
                "(consumer IN (SELECT value FROM json_each(?5)) OR product IN
                     (SELECT id FROM product WHERE producer IN (SELECT value FROM json_each(?5))))"
            } else {
                "?5 IS NULL"
            };
            let mut rows = self.db.prepare_cached(&format!(
                "SELECT * FROM task WHERE {of_product} AND {of_party} AND id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            ))?;
            let product = query.product.map(id_of);
            let rows = rows.query_map(params![since, before, query.limit(), product, parties], Task::read)?;
            let tasks = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            tasks.iter().map(|task| self.task_row(&members, task)).collect()
        })
    }

    fn task_row(&self, members: &Members, task: &Task) -> Result<TaskRow> {
        let product = product_of(task.product);
        let producer = "SELECT producer FROM product WHERE id = ?1";
        let producer: i64 = self
            .db
            .prepare_cached(producer)?
            .query_row([task.product], |row| row.get(0))?;
        let state = name::<State>(task.state, 1);
        let steps = [
            ("requested", task.requested, task.requested_at),
            ("delivered", task.delivered, task.delivered_at),
            (state, task.ended, task.ended_at),
            ("feedback", task.feedback, task.feedback_at),
            ("answered", task.answered, task.answered_at),
        ];
        let mut taken: Vec<_> = steps
            .into_iter()
            .filter(|(_, event, _)| *event != 0)
            .collect();
        taken.sort_unstable_by_key(|(_, event, _)| *event);
        let mut steps = Vec::new();
        for (step, event, at) in taken {
            steps.push(Step {
                step: step.to_owned(),
                at,
                block: block_of(event),
                transaction: self.transaction(event)?,
            });
        }
        let is_told = task.feedback != 0;
        Ok(TaskRow {
            id: task.id,
            who: Who {
                organisation: Some(members.organisation_of(producer)),
                account: Some(members.address(producer)),
                product,
                ..Who::default()
            },
            consumer: members.address(task.consumer),
            consumer_organisation: members.organisation_of(task.consumer),
            state: state.to_owned(),
            class: ["external", "internal", "flagged"]
                [usize::try_from(task.class).unwrap_or(0).min(2)]
            .to_owned(),
            steps,
            actions: is_told.then(|| actions(task.actions)),
            outcome: is_told.then(|| name::<Outcome>(task.outcome, 0).to_owned()),
            usefulness: is_told.then_some(task.usefulness),
            response: (task.answered != 0).then(|| name::<Response>(task.response, 0).to_owned()),
        })
    }
}

/// The name of a value of the contracts' enums, of which those before `first` have none.
fn name<E: Named>(value: i64, first: i64) -> &'static str {
    let place = usize::try_from(value - first).ok();
    place
        .and_then(|place| E::ALL.get(place))
        .map_or("unknown", |(_, name)| *name)
}

/// The parties of who is asked for, as a JSON list.
fn parties_asked(query: &Query, members: &Members) -> Result<Option<String>> {
    let asked = members.asked(query)?;
    Ok(asked.map(|asked| {
        let parties = asked
            .iter()
            .filter_map(|key| members.memberships.get(key))
            .map(|row| row.party);
        serde_json::to_string(&parties.collect::<Vec<_>>()).expect("a list of numbers")
    }))
}
