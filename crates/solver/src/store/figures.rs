//! What the store has, counted.

use alloy::primitives::Address;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::Result;

/// Tries after which a task counts as parked: something is wrong with it that does not pass by itself.
const PARKED_TRIES: u64 = 5;

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Open tasks of the products that this solver delivers.
    pub open: u64,
    /// Of these, those with a receipt, whose keys are not on their way.
    pub receipted: u64,
    /// Of these, those that were tried in vain again and again.
    pub parked: u64,
    /// Transactions that are in no block.
    pub flying: u64,
    /// The earliest deadline of an open task that is not over at the time that was asked for, in Unix seconds.
    pub next_deadline: Option<u64>,
}

/// Counts at a time, in Unix seconds.
pub fn figures(db: &Connection, solver: Address, now: u64) -> Result<Figures> {
    let tasks = "SELECT count(*), count(*) FILTER (WHERE receipt IS NOT NULL AND nonce IS NULL),
                     count(*) FILTER (WHERE tries >= ?3), min(deadline) FILTER (WHERE deadline > ?2)
                 FROM task JOIN product ON product.id = task.product
                 WHERE ending IS NULL AND product.solver = ?1";
    let (open, receipted, parked, next_deadline) = db
        .prepare_cached(tasks)?
        .query_row(params![solver.as_slice(), now, PARKED_TRIES], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let flying = "SELECT count(*) FROM outbox WHERE block IS NULL";
    Ok(Figures {
        open,
        receipted,
        parked,
        flying: db.query_row(flying, [], |row| row.get(0))?,
        next_deadline,
    })
}
