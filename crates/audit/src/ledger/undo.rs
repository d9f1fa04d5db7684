//! What records were before blocks changed them.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::Ledger;
use crate::error::Result;
use crate::record::{
    Cache, Handover, Holding, Key, Membership, Organisation, Pair, Party, Product, Purchase,
    Record, Refund, Solver, Task, Vote,
};

pub(super) struct Undo<'a> {
    pub(super) db: &'a Connection,
    pub(super) block: i64,
    pub(super) is_kept: bool,
}

impl Undo<'_> {
    pub(super) fn keep<R: Record>(&self, key: Key, before: Option<&R>) -> Result<()> {
        if self.is_kept {
            let record = before
                .map(|record| serde_json::to_string(record).expect("records are plain structures"));
            self.db
                .prepare_cached("INSERT INTO undo VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![self.block, R::TABLE, key.0, key.1, record])?;
        }
        Ok(())
    }
}

fn restore<R: Record>(
    cache: &mut Cache<R>,
    db: &Connection,
    key: Key,
    record: Option<&str>,
) -> Result<()> {
    let record = record.map(serde_json::from_str).transpose();
    let record = record.map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
    cache.restore(db, key, record)
}

impl Ledger {
    /// Has the records be again what they were before the blocks after `block`.
    pub(crate) fn restore(&mut self, db: &Connection, block: i64) -> Result<()> {
        let mut rows = db.prepare(
            "SELECT what, one, two, record FROM undo WHERE block > ?1 ORDER BY block DESC",
        )?;
        let mut rows = rows.query([block])?;
        let mut oldest = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let key: (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let record: Option<String> = row.get(3)?;
            oldest.insert(key, record);
        }
        for ((what, one, two), record) in oldest {
            self.restore_one(db, &what, (one, two), record.as_deref())?;
        }
        self.write(db, block, false)?;
        *self = Self::default();
        Ok(())
    }

    fn restore_one(
        &mut self,
        db: &Connection,
        what: &str,
        key: Key,
        record: Option<&str>,
    ) -> Result<()> {
        match what {
            Organisation::TABLE => restore(&mut self.organisations, db, key, record),
            Solver::TABLE => restore(&mut self.solvers, db, key, record),
            Party::TABLE => restore(&mut self.parties, db, key, record),
            Membership::TABLE => restore(&mut self.memberships, db, key, record),
            Product::TABLE => restore(&mut self.products, db, key, record),
            Purchase::TABLE => restore(&mut self.purchases, db, key, record),
            Refund::TABLE => restore(&mut self.refunds, db, key, record),
            Handover::TABLE => restore(&mut self.handovers, db, key, record),
            Holding::TABLE => restore(&mut self.holdings, db, key, record),
            Pair::TABLE => restore(&mut self.pairs, db, key, record),
            Vote::TABLE => restore(&mut self.votes, db, key, record),
            Task::TABLE => restore(&mut self.tasks, db, key, record),
            _ => Err(rusqlite::Error::InvalidQuery.into()),
        }
    }
}
