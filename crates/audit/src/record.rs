//! The records that follow from the events: a struct and a table for each, and a cache that knows what was before.

use std::collections::HashMap;

use alloy::primitives::U256;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::{Clash, Db, FromValue, Row, Table, ToValue, Value};
use crate::error::{DatabaseError, Result};

/// Records of a table that are kept after they were written, since the next events often are about them again.
const RECENT: usize = 5_000;

/// A record's key; the second part is 0 where one is enough.
pub(crate) type Key = (i64, i64);

/// An amount of wei, as a blob of big-endian bytes without leading zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wei(pub(crate) U256);

impl ToValue for Wei {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self.0.to_be_bytes_trimmed_vec().into())
    }
}

impl FromValue for Wei {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
        let bytes = Vec::from_value(value)?;
        Ok(Self(U256::try_from_be_slice(&bytes).unwrap_or(U256::MAX)))
    }
}

/// A row of a table that follows from the events.
pub(crate) trait Record: Clone + PartialEq + Serialize + DeserializeOwned {
    const TABLE: Table;

    fn key(&self) -> Key;
    fn read(row: Row<'_>) -> Result<Self>;
    fn values(&self) -> Vec<Value<'_>>;
}

macro_rules! record {
    ($(#[$doc:meta])* $name:ident in $table:literal by ($($key:ident),*)
        { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub(crate) struct $name { $(pub(crate) $field: $type),* }

        impl Record for $name {
            const TABLE: Table = Table { name: $table, key: &[$(stringify!($key)),*] };

            fn key(&self) -> Key {
                record!(@key self, $($key),*)
            }

            fn read(row: Row<'_>) -> Result<Self> {
                let mut place = 0..;
                Ok(Self { $($field: row.get(place.next().unwrap_or(0))?),* })
            }

            fn values(&self) -> Vec<Value<'_>> {
                vec![$(self.$field.to_value()),*]
            }
        }
    };
    (@key $record:ident, $one:ident) => { ($record.$one, 0) };
    (@key $record:ident, $one:ident, $two:ident) => { ($record.$one, $record.$two) };
}

record! { Organisation in "organisation" by (id) { id: i64, name: String, suspended: bool } }

record! {
    Party in "party" by (id) {
        id: i64, address: [u8; 20], number: i64, organisation: i64, membership: i64, enrolled_at: i64, suspended: bool,
        trades: i64,
    }
}

record! {
    Membership in "membership" by (id) {
        id: i64, party: i64, organisation: i64, team: String, team_id: i64, since: i64,
    }
}

record! {
    Solver in "solver" by (id) { id: i64, organisation: i64, endpoint: String, suspended: bool }
}

record! {
    Product in "product" by (id) {
        id: i64, producer: i64, membership: i64, event: i64, at: i64, title: String, price: Wei, reward_bps: i64, stock: i64,
        solver: i64, actions: i64, category: i64, level: i64, tlp: i64, valid_from: i64, valid_until: i64, status: i64,
        previous: i64, next: i64, first_used_at: i64, votes: i64, vote_sum: i64,
    }
}

record! {
    Purchase in "purchase" by (id) {
        id: i64, product: i64, consumer: i64, seller: i64, buyer: i64, at: i64, quantity: i64, price: Wei, used: i64,
        returned: i64, left_over: i64, earlier: i64, later: i64, before: i64, class: i64,
    }
}

record! {
    Refund in "refund" by (id) {
        id: i64, product: i64, seller: i64, buyer: i64, at: i64, quantity: i64, price: Wei, class: i64,
    }
}

record! {
    Handover in "handover" by (sender, receiver) {
        sender: i64, receiver: i64, product: i64, event: i64,
    }
}

record! {
    Holding in "holding" by (consumer, product) {
        consumer: i64, product: i64, oldest: i64, newest: i64, run: i64,
    }
}

record! {
    Pair in "pair" by (producer, consumer) {
        producer: i64, consumer: i64, trades: i64, last_purchase: i64, last_task: i64, rule: i64,
    }
}

record! {
    Vote in "vote" by (product, organisation) {
        product: i64, organisation: i64, total: i64, count: i64,
    }
}

record! {
    Task in "task" by (id) {
        id: i64, product: i64, consumer: i64, state: i64, class: i64, before: i64, bought_at: i64, deadline: i64,
        requested: i64, requested_at: i64, requested_seller: i64, requested_buyer: i64,
        delivered: i64, delivered_at: i64, delivered_seller: i64, delivered_buyer: i64,
        ended: i64, ended_at: i64, ended_seller: i64, ended_buyer: i64,
        feedback: i64, feedback_at: i64, feedback_seller: i64, feedback_buyer: i64,
        answered: i64, answered_at: i64, answered_seller: i64, answered_buyer: i64,
        reward: Wei, actions: i64, outcome: i64, usefulness: i64, response: i64,
    }
}

impl Vote {
    /// The mean, in millionths: whole numbers add up to the same in every order.
    pub(crate) fn millionths(&self) -> i64 {
        self.total * 1_000_000 / self.count.max(1)
    }
}

/// A record as it is now, and as it was when the cache was last written out.
#[derive(Debug)]
pub(crate) struct Kept<R> {
    before: Option<R>,
    now: Option<R>,
}

/// The records of one table that were touched since the cache was last written out, and some that were read or written
/// before; `None` where there is none of that key.
#[derive(Debug)]
pub(crate) struct Cache<R> {
    touched: HashMap<Key, Kept<R>>,
    recent: HashMap<Key, Option<R>>,
}

impl<R> Default for Cache<R> {
    fn default() -> Self {
        Self {
            touched: HashMap::new(),
            recent: HashMap::new(),
        }
    }
}

impl<R: Record> Cache<R> {
    fn kept(&mut self, db: &Db, key: Key) -> Result<&mut Kept<R>> {
        use std::collections::hash_map::Entry;
        Ok(match self.touched.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let stored = match self.recent.remove(&key) {
                    Some(stored) => stored,
                    None => load(db, key)?,
                };
                entry.insert(Kept {
                    before: stored.clone(),
                    now: stored,
                })
            }
        })
    }

    /// Reads all of these at once that are not here yet.
    pub(crate) fn fetch(&mut self, db: &Db, keys: impl IntoIterator<Item = Key>) -> Result<()> {
        let mut missing: Vec<_> = keys
            .into_iter()
            .filter(|key| !self.touched.contains_key(key) && !self.recent.contains_key(key))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        self.recent.extend(missing.iter().map(|key| (*key, None)));
        let recent = &mut self.recent;
        db.find(R::TABLE, missing.into_iter().map(values_of::<R>), |row| {
            let record = R::read(row)?;
            recent.insert(record.key(), Some(record));
            Ok(())
        })
    }

    /// The record as it is, where it is here already.
    pub(crate) fn here(&self, key: Key) -> Option<&R> {
        let touched = self.touched.get(&key).map(|kept| &kept.now);
        touched.or_else(|| self.recent.get(&key))?.as_ref()
    }

    /// The record, to read or change.
    pub(crate) fn get(&mut self, db: &Db, key: Key) -> Result<Option<&mut R>> {
        Ok(self.kept(db, key)?.now.as_mut())
    }

    /// The record, made where there is none.
    pub(crate) fn or_insert(&mut self, db: &Db, new: R) -> Result<&mut R> {
        Ok(self.kept(db, new.key())?.now.get_or_insert(new))
    }

    /// Puts a record that is not there yet. No look at the table is taken.
    pub(crate) fn insert(&mut self, new: R) {
        self.touched.insert(
            new.key(),
            Kept {
                before: None,
                now: Some(new),
            },
        );
    }

    /// Puts what was, in the place of what is.
    pub(crate) fn restore(&mut self, db: &Db, key: Key, earlier: Option<R>) -> Result<()> {
        self.kept(db, key)?.now = earlier;
        Ok(())
    }

    /// Writes what changed, and tells of each change.
    pub(crate) fn write(
        &mut self,
        db: &Db,
        mut tell: impl FnMut(Key, Option<&R>, Option<&R>) -> Result<()>,
    ) -> Result<()> {
        // In order, so that tables grow at their ends.
        let mut records: Vec<_> = self.touched.drain().collect();
        records.sort_unstable_by_key(|(key, _)| *key);
        if self.recent.len() + records.len() > RECENT {
            self.recent.clear();
        }
        let is_changed = |(_, kept): &&(Key, Kept<R>)| kept.before != kept.now;
        for (key, Kept { before, now }) in records.iter().filter(is_changed) {
            tell(*key, before.as_ref(), now.as_ref())?;
        }
        let changed = || records.iter().filter(is_changed);
        let gone = changed().filter(|(_, kept)| kept.now.is_none());
        db.remove(R::TABLE, gone.map(|(key, _)| values_of::<R>(*key)))?;
        let there = changed().filter_map(|(_, kept)| kept.now.as_ref());
        db.insert(R::TABLE, Clash::Replace, there.map(R::values))?;
        let records = records.into_iter().map(|(key, kept)| (key, kept.now));
        self.recent.extend(records.take(RECENT));
        Ok(())
    }
}

fn values_of<R: Record>((one, two): Key) -> Vec<Value<'static>> {
    let key = [Value::Integer(one), Value::Integer(two)];
    key.into_iter().take(R::TABLE.key.len()).collect()
}

/// A stored record.
pub(crate) fn load<R: Record>(db: &Db, key: Key) -> Result<Option<R>> {
    let mut found = None;
    db.find(R::TABLE, [values_of::<R>(key)], |row| {
        found = Some(R::read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// All stored records of a table.
pub(crate) fn all<R: Record>(db: &Db) -> Result<Vec<R>> {
    db.rows(&format!("SELECT * FROM {}", R::TABLE.name), &[], R::read)
}
