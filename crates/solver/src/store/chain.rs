//! How far the chain was read, and what it changed.

use alloy::primitives::{Address, B256};
use ayumi_chain::Cursor;
use ayumi_sealing::Key;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Product, Result, Task, bytes};

/// Positions kept to go back to: more than any reorg of a consortium's chain reaches.
const CHECKPOINTS: u64 = 256;

/// A change that a log of the chain makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A product was published.
    Published(Product),
    /// Another solver was assigned.
    Assigned {
        /// Of which product.
        product: u64,
        /// The solver.
        solver: Address,
    },
    /// A ticket was redeemed.
    Requested(Task),
    /// A consumer without a key to sign with left its receipt on chain.
    Acknowledged {
        /// Of which task.
        task: u64,
        /// What the consumer holds.
        ciphertext_root: B256,
        /// What it was promised.
        key_hash: B256,
    },
    /// A task ended.
    Ended {
        /// Which.
        task: u64,
        /// The name of the state.
        ending: &'static str,
    },
}

/// The cursor: the newest checkpoint.
pub fn cursor(db: &Connection) -> Result<Option<Cursor>> {
    let newest = "SELECT number, hash FROM checkpoint ORDER BY number DESC LIMIT 1";
    Ok(db.query_row(newest, [], to_cursor).optional()?)
}

/// All checkpoints, newest first.
pub fn checkpoints(db: &Connection) -> Result<Vec<Cursor>> {
    let mut rows = db.prepare_cached("SELECT number, hash FROM checkpoint ORDER BY number DESC")?;
    Ok(rows
        .query_map([], to_cursor)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Writes what blocks changed, and how far they were read.
pub fn advance(db: &Connection, changes: &[(u64, Change)], cursor: Cursor) -> Result<()> {
    for (block, change) in changes {
        apply(db, *block, change)?;
    }
    db.execute(
        "INSERT INTO checkpoint VALUES (?1, ?2)",
        params![cursor.number, cursor.hash.as_slice()],
    )?;
    db.execute(
        "DELETE FROM checkpoint WHERE number <= (SELECT number FROM checkpoint ORDER BY number DESC LIMIT 1 OFFSET ?1)",
        [CHECKPOINTS],
    )?;
    Ok(())
}

/// Forgets what blocks after `cursor` changed; what this solver drew and received for a task is kept, since the task may
/// come again.
pub fn go_back(db: &Connection, cursor: Cursor) -> Result<()> {
    db.execute("DELETE FROM checkpoint WHERE number > ?1", [cursor.number])?;
    db.execute("DELETE FROM product WHERE block > ?1", [cursor.number])?;
    db.execute(
        "UPDATE task SET ending = NULL, ending_block = NULL WHERE ending_block > ?1",
        [cursor.number],
    )?;
    db.execute(
        "UPDATE task SET ending = 'vanished', ending_block = block WHERE block > ?1",
        [cursor.number],
    )?;
    Ok(())
}

fn apply(db: &Connection, block: u64, change: &Change) -> Result<()> {
    match change {
        Change::Published(product) => db.execute(
            "INSERT OR REPLACE INTO product VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                product.id,
                product.producer.as_slice(),
                product.content_root.as_slice(),
                product.payload_length,
                product.solver.as_slice(),
                block
            ],
        )?,
        Change::Assigned { product, solver } => db.execute(
            "UPDATE product SET solver = ?2 WHERE id = ?1",
            params![product, solver.as_slice()],
        )?,
        Change::Requested(task) => request(db, block, task)?,
        Change::Acknowledged {
            task,
            ciphertext_root,
            key_hash,
        } => acknowledge(db, *task, *ciphertext_root, *key_hash)?,
        Change::Ended { task, ending } => db.execute(
            "UPDATE task SET ending = ?2, ending_block = ?3 WHERE id = ?1",
            params![task, ending, block],
        )?,
    };
    Ok(())
}

/// A receipt on chain stands as one without a signature, if it is for what was served.
fn acknowledge(db: &Connection, task: u64, ciphertext_root: B256, key_hash: B256) -> Result<usize> {
    let drawn = "SELECT key FROM task WHERE id = ?1 AND ciphertext_root = ?2";
    let key: Option<[u8; 32]> = db
        .query_row(drawn, params![task, ciphertext_root.as_slice()], |row| {
            row.get(0)
        })
        .optional()?;
    match key.map(Key::from) {
        Some(key) if key.hash() == key_hash => Ok(db.execute(
            "UPDATE task SET receipt = zeroblob(65) WHERE id = ?1",
            [task],
        )?),
        _ => Ok(0),
    }
}

/// A task that comes again after a reorg keeps its key and receipt, if it is the very same one.
fn request(db: &Connection, block: u64, task: &Task) -> Result<usize> {
    let same = "consumer = excluded.consumer AND one_time_key = excluded.one_time_key AND product = excluded.product";
    let upsert = format!(
        "INSERT INTO task (id, product, consumer, one_time_key, deadline, block) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET
             key = iif({same}, key, NULL), ciphertext_root = iif({same}, ciphertext_root, NULL),
             receipt = iif({same}, receipt, NULL), product = excluded.product, consumer = excluded.consumer,
             one_time_key = excluded.one_time_key, deadline = excluded.deadline, block = excluded.block,
             ending = NULL, ending_block = NULL"
    );
    let (consumer, key) = (task.consumer.as_slice(), task.one_time_key.0.as_slice());
    Ok(db.execute(
        &upsert,
        params![task.id, task.product, consumer, key, task.deadline, block],
    )?)
}

fn to_cursor(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor {
        number: row.get(0)?,
        hash: bytes(row, 1)?.into(),
    })
}
