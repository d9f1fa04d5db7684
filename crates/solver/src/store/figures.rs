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
    /// Those whose tickets are to be given back, and are not on their way back.
    pub refused: u64,
    /// Transactions that are in no block.
    pub flying: u64,
    /// The earliest deadline of an open task that is not over at the time that was asked for, in Unix seconds.
    pub next_deadline: Option<u64>,
    /// The earliest deadline of all open tasks, in Unix seconds: that of the oldest.
    #[serde(skip)]
    pub oldest_deadline: Option<u64>,
    /// What ended since the store was opened.
    #[serde(skip)]
    pub ended: Ended,
}

/// How many tasks of the products that this solver delivers came to an end, since the store was opened. A task that a
/// reorg takes back, and that ends again, counts again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Their keys are out.
    pub delivered: u64,
    /// Their tickets were given back.
    pub declined: u64,
    /// Nobody delivered them in time.
    pub cancelled: u64,
    /// A complaint about them was right.
    pub refunded: u64,
    /// Their money is the producer's.
    pub settled: u64,
}

/// Has the endings counted from now on, in memory and inside the transactions that bring them.
pub(super) fn count_endings(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "PRAGMA temp_store = memory;
         CREATE TEMP TABLE tally (
             solver BLOB NOT NULL, ending TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (solver, ending)
         ) WITHOUT ROWID;
         CREATE TEMP TRIGGER ended AFTER UPDATE OF ending ON main.task
         WHEN new.ending IS NOT NULL AND new.ending IS NOT old.ending
         BEGIN
             INSERT INTO tally
             VALUES (coalesce((SELECT solver FROM product WHERE id = new.product), x''), new.ending, 1)
             ON CONFLICT DO UPDATE SET count = count + 1;
         END;",
    )
}

/// Counts at a time, in Unix seconds.
pub fn figures(db: &Connection, solver: Address, now: u64) -> Result<Figures> {
    let tasks = "SELECT count(*), count(*) FILTER (WHERE receipt IS NOT NULL AND nonce IS NULL),
                     count(*) FILTER (WHERE tries >= ?3),
                     count(*) FILTER (WHERE receipt IS NULL AND nonce IS NULL AND refusal IS NOT NULL),
                     min(deadline) FILTER (WHERE deadline > ?2), min(deadline)
                 FROM task JOIN product ON product.id = task.product
                 WHERE ending IS NULL AND product.solver = ?1";
    let mut figures = db.prepare_cached(tasks)?.query_row(
        params![solver.as_slice(), now, PARKED_TRIES],
        |row| {
            Ok(Figures {
                open: row.get(0)?,
                receipted: row.get(1)?,
                parked: row.get(2)?,
                refused: row.get(3)?,
                next_deadline: row.get(4)?,
                oldest_deadline: row.get(5)?,
                ..Figures::default()
            })
        },
    )?;
    let flying = "SELECT count(*) FROM outbox WHERE block IS NULL";
    figures.flying = db.query_row(flying, [], |row| row.get(0))?;
    figures.ended = ended(db, solver)?;
    Ok(figures)
}

fn ended(db: &Connection, solver: Address) -> Result<Ended> {
    let mut ended = Ended::default();
    let mut rows = db.prepare_cached("SELECT ending, count FROM tally WHERE solver = ?1")?;
    let mut rows = rows.query([solver.as_slice()])?;
    while let Some(row) = rows.next()? {
        let count = row.get(1)?;
        match row.get_ref(0)?.as_str().unwrap_or_default() {
            "delivered" => ended.delivered = count,
            "declined" => ended.declined = count,
            "cancelled" => ended.cancelled = count,
            "refunded" => ended.refunded = count,
            "settled" => ended.settled = count,
            _ => {}
        }
    }
    Ok(ended)
}
