//! What records were before blocks changed them.

use std::collections::BTreeMap;

use super::Ledger;
use crate::db::{Clash, Db, Table, Value, params};
use crate::error::{DatabaseError, Result};
use crate::record::{
    Cache, Handover, Holding, Key, Membership, Organisation, Pair, Party, Product, Purchase,
    Record, Refund, Solver, Task, Vote,
};

const UNDO: Table = Table {
    name: "undo",
    key: &["block", "what", "one", "two"],
};

/// What a block changes, on its way into the table.
pub(super) struct Undo {
    block: i64,
    is_kept: bool,
    rows: Vec<Vec<Value<'static>>>,
}

impl Undo {
    pub(super) fn of(block: i64, is_kept: bool) -> Self {
        Self {
            block,
            is_kept,
            rows: Vec::new(),
        }
    }

    pub(super) fn keep<R: Record>(&mut self, key: Key, before: Option<&R>) {
        if self.is_kept {
            let record = before
                .map(|record| serde_json::to_string(record).expect("records are plain structures"));
            let row = params![self.block, R::TABLE.name, key.0, key.1, record].to_vec();
            self.rows
                .push(row.into_iter().map(Value::into_owned).collect());
        }
    }

    /// Writes records that no roll-up is of.
    pub(super) fn write<R: Record>(&mut self, db: &Db, cache: &mut Cache<R>) -> Result<()> {
        cache.write(db, |key, before, _| {
            self.keep(key, before);
            Ok(())
        })
    }

    pub(super) fn end(self, db: &Db) -> Result<()> {
        db.insert(UNDO, Clash::Fail, self.rows)
    }
}

fn restore<R: Record>(cache: &mut Cache<R>, db: &Db, key: Key, record: Option<&str>) -> Result<()> {
    let record = record.map(serde_json::from_str).transpose();
    let record = record.map_err(|_| DatabaseError::Unreadable {
        expected: "a record",
        found: "other text",
    })?;
    cache.restore(db, key, record)
}

impl Ledger {
    /// Has the records be again what they were before the blocks after `block`.
    pub(crate) fn restore(&mut self, db: &Db, block: i64) -> Result<()> {
        self.load(db)?;
        let mut oldest = BTreeMap::new();
        db.each(
            "SELECT what, one, two, record FROM undo WHERE block > ?1 ORDER BY block DESC",
            params![block],
            |row| {
                let key: (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let record: Option<String> = row.get(3)?;
                oldest.insert(key, record);
                Ok(())
            },
        )?;
        for ((what, one, two), record) in oldest {
            self.restore_one(db, &what, (one, two), record.as_deref())?;
        }
        self.write(db, block, false)
    }

    fn restore_one(&mut self, db: &Db, what: &str, key: Key, record: Option<&str>) -> Result<()> {
        const ORGANISATION: &str = Organisation::TABLE.name;
        const SOLVER: &str = Solver::TABLE.name;
        const PARTY: &str = Party::TABLE.name;
        const MEMBERSHIP: &str = Membership::TABLE.name;
        const PRODUCT: &str = Product::TABLE.name;
        const PURCHASE: &str = Purchase::TABLE.name;
        const REFUND: &str = Refund::TABLE.name;
        const HANDOVER: &str = Handover::TABLE.name;
        const HOLDING: &str = Holding::TABLE.name;
        const PAIR: &str = Pair::TABLE.name;
        const VOTE: &str = Vote::TABLE.name;
        const TASK: &str = Task::TABLE.name;
        match what {
            ORGANISATION => restore(&mut self.organisations, db, key, record),
            SOLVER => restore(&mut self.solvers, db, key, record),
            PARTY => restore(&mut self.parties, db, key, record),
            MEMBERSHIP => restore(&mut self.memberships, db, key, record),
            PRODUCT => restore(&mut self.products, db, key, record),
            PURCHASE => restore(&mut self.purchases, db, key, record),
            REFUND => restore(&mut self.refunds, db, key, record),
            HANDOVER => restore(&mut self.handovers, db, key, record),
            HOLDING => restore(&mut self.holdings, db, key, record),
            PAIR => restore(&mut self.pairs, db, key, record),
            VOTE => restore(&mut self.votes, db, key, record),
            TASK => restore(&mut self.tasks, db, key, record),
            _ => Err(DatabaseError::Unreadable {
                expected: "a table's name",
                found: "another word",
            }
            .into()),
        }
    }
}
