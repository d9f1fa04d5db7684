//! The records that follow from the events: a struct and a table for each, and a cache that knows what was before.

use std::collections::HashMap;

use alloy::primitives::U256;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result;

/// A record's key; the second part is 0 where one is enough.
pub(crate) type Key = (i64, i64);

/// An amount of wei, as a blob of big-endian bytes without leading zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wei(pub(crate) U256);

impl ToSql for Wei {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_be_bytes_trimmed_vec().into())
    }
}

impl FromSql for Wei {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(
            U256::try_from_be_slice(value.as_blob()?).unwrap_or(U256::MAX),
        ))
    }
}

/// A row of a table that follows from the events.
pub(crate) trait Record: Clone + PartialEq + Serialize + DeserializeOwned {
    const TABLE: &'static str;
    const LOAD: &'static str;
    const SAVE: &'static str;
    const DELETE: &'static str;

    fn key(&self) -> Key;
    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;
    fn save(&self, db: &Connection) -> rusqlite::Result<()>;
}

macro_rules! record {
    ($(#[$doc:meta])* $name:ident in $table:literal by ($one:ident, $two:expr, $second:literal)
        { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub(crate) struct $name { $(pub(crate) $field: $type),* }

        impl Record for $name {
            const TABLE: &'static str = $table;
            const LOAD: &'static str = concat!(
                "SELECT * FROM ", $table, " WHERE ", stringify!($one), " = ?1 AND ", $second, " = ?2");
            const SAVE: &'static str = concat!(
                "INSERT OR REPLACE INTO ", $table, " (", record!(@names $($field),*), ") VALUES (", record!(@marks $($field),*), ")");
            const DELETE: &'static str = concat!(
                "DELETE FROM ", $table, " WHERE ", stringify!($one), " = ?1 AND ", $second, " = ?2");

            fn key(&self) -> Key {
                let two: fn(&Self) -> i64 = $two;
                (self.$one, two(self))
            }

            fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
                let mut place = 0..;
                Ok(Self { $($field: row.get(place.next().unwrap_or(0))?),* })
            }

            fn save(&self, db: &Connection) -> rusqlite::Result<()> {
                db.prepare_cached(Self::SAVE)?.execute(params![$(self.$field),*]).map(|_| ())
            }
        }
    };
    (@names $first:ident $(, $rest:ident)*) => { concat!(stringify!($first) $(, ", ", stringify!($rest))*) };
    (@marks $first:ident $(, $rest:ident)*) => { concat!("?" $(, record!(@mark $rest))*) };
    (@mark $field:ident) => { ", ?" };
}

record! { Organisation in "organisation" by (id, |_| 0, "0") { id: i64, name: String, suspended: bool } }

record! {
    Party in "party" by (id, |_| 0, "0") {
        id: i64, address: [u8; 20], number: i64, organisation: i64, membership: i64, enrolled_at: i64, suspended: bool,
        trades: i64,
    }
}

record! {
    Membership in "membership" by (id, |_| 0, "0") {
        id: i64, party: i64, organisation: i64, team: String, since: i64,
    }
}

record! {
    Solver in "solver" by (id, |_| 0, "0") { id: i64, organisation: i64, endpoint: String, suspended: bool }
}

record! {
    Product in "product" by (id, |_| 0, "0") {
        id: i64, producer: i64, membership: i64, event: i64, at: i64, title: String, price: Wei, reward_bps: i64, stock: i64,
        solver: i64, actions: i64, category: i64, level: i64, tlp: i64, valid_from: i64, valid_until: i64, status: i64,
        previous: i64, next: i64, first_used_at: i64,
    }
}

record! {
    Purchase in "purchase" by (id, |_| 0, "0") {
        id: i64, product: i64, consumer: i64, seller: i64, buyer: i64, at: i64, quantity: i64, price: Wei, used: i64,
        returned: i64, left_over: i64, earlier: i64, later: i64, before: i64, class: i64,
    }
}

record! {
    Refund in "refund" by (id, |_| 0, "0") {
        id: i64, product: i64, seller: i64, buyer: i64, at: i64, quantity: i64, price: Wei, class: i64,
    }
}

record! {
    Handover in "handover" by (sender, |handover| handover.receiver, "receiver") {
        sender: i64, receiver: i64, product: i64, event: i64,
    }
}

record! {
    Holding in "holding" by (consumer, |holding| holding.product, "product") {
        consumer: i64, product: i64, oldest: i64, newest: i64, run: i64,
    }
}

record! {
    Pair in "pair" by (producer, |pair| pair.consumer, "consumer") {
        producer: i64, consumer: i64, trades: i64, last_purchase: i64, last_task: i64, rule: i64,
    }
}

record! {
    Vote in "vote" by (product, |vote| vote.organisation, "organisation") {
        product: i64, organisation: i64, total: i64, count: i64,
    }
}

record! {
    Task in "task" by (id, |_| 0, "0") {
        id: i64, product: i64, consumer: i64, state: i64, class: i64, before: i64, bought_at: i64, deadline: i64,
        requested: i64, requested_at: i64, requested_seller: i64, requested_buyer: i64,
        delivered: i64, delivered_at: i64, delivered_seller: i64, delivered_buyer: i64,
        ended: i64, ended_at: i64, ended_seller: i64, ended_buyer: i64,
        feedback: i64, feedback_at: i64, feedback_seller: i64, feedback_buyer: i64,
        answered: i64, answered_at: i64, answered_seller: i64, answered_buyer: i64,
        reward: Wei, actions: i64, outcome: i64, usefulness: i64, response: i64,
    }
}

/// A record as it is now, and as it was when the cache was last written out.
#[derive(Debug)]
pub(crate) struct Kept<R> {
    before: Option<R>,
    now: Option<R>,
}

/// The records of one table that were touched since the cache was last written out.
#[derive(Debug)]
pub(crate) struct Cache<R>(HashMap<Key, Kept<R>>);

impl<R> Default for Cache<R> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<R: Record> Cache<R> {
    fn kept(&mut self, db: &Connection, key: Key) -> Result<&mut Kept<R>> {
        use std::collections::hash_map::Entry;
        Ok(match self.0.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let stored = load(db, key)?;
                entry.insert(Kept {
                    before: stored.clone(),
                    now: stored,
                })
            }
        })
    }

    /// The record, to read or change.
    pub(crate) fn get(&mut self, db: &Connection, key: Key) -> Result<Option<&mut R>> {
        Ok(self.kept(db, key)?.now.as_mut())
    }

    /// The record, made where there is none.
    pub(crate) fn or_insert(&mut self, db: &Connection, new: R) -> Result<&mut R> {
        Ok(self.kept(db, new.key())?.now.get_or_insert(new))
    }

    /// Puts a record that is not there yet. No look at the table is taken.
    pub(crate) fn insert(&mut self, new: R) {
        self.0.insert(
            new.key(),
            Kept {
                before: None,
                now: Some(new),
            },
        );
    }

    /// Puts what was, in the place of what is.
    pub(crate) fn restore(&mut self, db: &Connection, key: Key, earlier: Option<R>) -> Result<()> {
        self.kept(db, key)?.now = earlier;
        Ok(())
    }

    /// Writes what changed, tells of each change, and forgets it all.
    pub(crate) fn write(
        &mut self,
        db: &Connection,
        mut tell: impl FnMut(Key, Option<&R>, Option<&R>) -> Result<()>,
    ) -> Result<()> {
        // In order, so that tables grow at their ends.
        let mut records: Vec<_> = self.0.drain().collect();
        records.sort_unstable_by_key(|(key, _)| *key);
        for (key, Kept { before, now }) in records {
            if before == now {
                continue;
            }
            tell(key, before.as_ref(), now.as_ref())?;
            match now {
                Some(now) => now.save(db)?,
                None => {
                    db.prepare_cached(R::DELETE)?
                        .execute(params![key.0, key.1])?;
                }
            }
        }
        Ok(())
    }
}

/// A stored record.
pub(crate) fn load<R: Record>(db: &Connection, key: Key) -> Result<Option<R>> {
    let row = db
        .prepare_cached(R::LOAD)?
        .query_row(params![key.0, key.1], R::read);
    Ok(row.optional()?)
}

/// All stored records of a table.
pub(crate) fn all<R: Record>(db: &Connection) -> Result<Vec<R>> {
    let mut rows = db.prepare(&format!("SELECT * FROM {}", R::TABLE))?;
    let rows = rows.query_map([], R::read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
