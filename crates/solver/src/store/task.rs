//! Products, tasks, and what they need: keys, receipts, assets, notes.

use alloy::primitives::{Address, B256, Signature};
use ayumi_contracts::ICTIOperator::DeclineReason;
use ayumi_sealing::{Commitment, Key, PublicKey, Seed};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{Result, bytes};

/// Tickets of one product that are given back to one consumer; after these, it waits for the deadline of its task. A
/// consumer contract could redeem again and again inside the hook that gives its ticket back, each time at our cost.
const DECLINES: u64 = 3;

/// A product, as far as its delivery goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: u64,
    /// Who published it.
    pub producer: Address,
    /// What it is committed to.
    pub content_root: B256,
    /// Bytes of the payload.
    pub payload_length: u64,
    /// Who delivers.
    pub solver: Address,
}

impl Product {
    /// What its payload must give.
    pub fn commitment(&self) -> Commitment {
        Commitment {
            content_root: self.content_root,
            payload_length: self.payload_length,
        }
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: u64,
    /// Of which product.
    pub product: u64,
    /// Who redeemed.
    pub consumer: Address,
    /// What its delivery is sealed to.
    pub one_time_key: PublicKey,
    /// From when anyone may cancel it, in Unix seconds.
    pub deadline: u64,
    /// How it ended, by the name of the state.
    pub ending: Option<String>,
}

/// What was drawn for a task.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Encrypts the delivery.
    pub key: Key,
    /// Of the ciphertext.
    pub ciphertext_root: B256,
}

/// What is known of a task that this solver delivers.
#[derive(Debug)]
pub struct Job {
    /// For whom, by when.
    pub task: Task,
    /// Of what.
    pub product: Product,
    /// What was drawn, if anything was.
    pub prepared: Option<Prepared>,
}

/// A task whose key can be revealed.
#[derive(Debug, Clone)]
pub struct Receipted {
    /// Its id.
    pub task: u64,
    /// From when anyone may cancel it, in Unix seconds.
    pub deadline: u64,
    /// What was drawn.
    pub prepared: Prepared,
    /// The consumer's signature.
    pub receipt: Signature,
}

/// Which tasks are due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// Of the products that this solver delivers.
    pub solver: Address,
    /// Requested, and acknowledged if that was on chain, in this block at the latest.
    pub settled: u64,
    /// With a deadline after this time, in Unix seconds.
    pub horizon: u64,
    /// Not put aside at this time, in Unix seconds.
    pub now: u64,
    /// The most.
    pub limit: usize,
}

/// The tasks whose keys are to be revealed, those first that have the least time.
pub fn deliverable(db: &Connection, due: Due) -> Result<Vec<Receipted>> {
    let mut rows = db.prepare_cached(
        "SELECT task.id, task.deadline, key, ciphertext_root, receipt
         FROM task INDEXED BY task_deliverable JOIN product ON product.id = task.product
         WHERE ending IS NULL AND nonce IS NULL AND receipt IS NOT NULL AND deadline > ?1 AND task.block <= ?2
             AND coalesce(receipt_block, 0) <= ?2 AND pause_until <= ?3 AND product.solver = ?4
         ORDER BY deadline LIMIT ?5",
    )?;
    let receipted = |row: &Row<'_>| {
        Ok(Receipted {
            task: row.get(0)?,
            deadline: row.get(1)?,
            prepared: Prepared {
                key: Key::from(bytes(row, 2)?),
                ciphertext_root: bytes(row, 3)?.into(),
            },
            receipt: signature(row, 4)?,
        })
    };
    Ok(rows
        .query_map(params_from_iter(to_params(due)), receipted)?
        .collect::<rusqlite::Result<_>>()?)
}

/// The tasks whose tickets are to be given back, with the reasons. Those that are on their way back count as given.
pub fn refusable(db: &Connection, due: Due) -> Result<Vec<(u64, DeclineReason)>> {
    let sql = format!(
        "SELECT task.id, refusal FROM task INDEXED BY task_refusable JOIN product ON product.id = task.product
         WHERE ending IS NULL AND nonce IS NULL AND receipt IS NULL AND refusal IS NOT NULL AND deadline > ?1
             AND task.block <= ?2 AND pause_until <= ?3 AND product.solver = ?4 AND {DECLINES} > (
                 SELECT count(*) FROM task AS other
                 WHERE other.product = task.product AND other.consumer = task.consumer AND other.ending = 'declined') + (
                 SELECT count(*) FROM task AS other
                 WHERE other.product = task.product AND other.consumer = task.consumer AND other.ending IS NULL
                     AND other.nonce IS NOT NULL AND other.receipt IS NULL)
         ORDER BY deadline LIMIT ?5"
    );
    let mut rows = db.prepare_cached(&sql)?;
    let refused = |row: &Row<'_>| {
        let reason: u8 = row.get(1)?;
        let reason = DeclineReason::try_from(reason).unwrap_or(DeclineReason::__Invalid);
        Ok((row.get(0)?, reason))
    };
    Ok(rows
        .query_map(params_from_iter(to_params(due)), refused)?
        .collect::<rusqlite::Result<_>>()?)
}

/// The open tasks of the products that `solver` delivers, with their blocks, from the id `from` on.
pub fn open_tasks(
    db: &Connection,
    solver: Address,
    from: u64,
    limit: usize,
) -> Result<Vec<(u64, u64)>> {
    let mut rows = db.prepare_cached(
        "SELECT task.id, task.block FROM task JOIN product ON product.id = task.product
         WHERE ending IS NULL AND product.solver = ?1 AND task.id >= ?2 ORDER BY task.id LIMIT ?3",
    )?;
    Ok(rows
        .query_map(params![solver.as_slice(), from, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// A task cannot be served: its ticket is to be given back.
pub fn refuse(db: &Connection, task: u64, reason: DeclineReason) -> Result<()> {
    db.execute(
        "UPDATE task SET refusal = ?2 WHERE id = ?1",
        params![task, reason as u8],
    )?;
    Ok(())
}

/// A task, if there is one of this id and `solver` delivers it.
pub fn job(db: &Connection, task: u64, solver: Address) -> Result<Option<Job>> {
    if i64::try_from(task).is_err() {
        return Ok(None); // more than SQLite, and any chain, counts to
    }
    let mut rows = db.prepare_cached(
        "SELECT task.id, task.product, task.consumer, task.one_time_key, task.deadline, task.ending,
                product.id, product.producer, product.content_root, product.payload_length, product.solver,
                task.key, task.ciphertext_root
         FROM task JOIN product ON product.id = task.product
         WHERE task.id = ?1 AND product.solver = ?2",
    )?;
    Ok(rows
        .query_row(params![task, solver.as_slice()], to_job)
        .optional()?)
}

/// Stores what was drawn for a task, unless something was drawn before, or it is another task by now: after a reorg its
/// number can be somebody else's. Returns whether it was stored.
pub fn prepare(
    db: &Connection,
    task: u64,
    one_time_key: &PublicKey,
    prepared: &Prepared,
) -> Result<bool> {
    let rows = db
        .prepare_cached(
            "UPDATE task SET key = ?3, ciphertext_root = ?4 WHERE id = ?1 AND one_time_key = ?2 AND key IS NULL",
        )?
        .execute(params![
            task,
            one_time_key.0.as_slice(),
            prepared.key.as_bytes().as_slice(),
            prepared.ciphertext_root.as_slice()
        ])?;
    Ok(rows == 1)
}

/// Stores the consumer's receipt for what was drawn, if that is still what it is for. It takes the place of one on chain,
/// which a reorg could take back.
pub fn receive(
    db: &Connection,
    task: u64,
    ciphertext_root: B256,
    receipt: &Signature,
) -> Result<()> {
    db.prepare_cached(
        "UPDATE task SET receipt = ?3, receipt_block = NULL
         WHERE id = ?1 AND ciphertext_root = ?2 AND (receipt IS NULL OR receipt_block IS NOT NULL)",
    )?
    .execute(params![
        task,
        ciphertext_root.as_slice(),
        receipt.as_bytes().as_slice()
    ])?;
    Ok(())
}

/// Stores that an asset's payload is here. Its tasks need not be declined any more. Returns whether it is new.
pub fn add_asset(
    db: &Connection,
    producer: Address,
    committed: Commitment,
    seed: &Seed,
) -> Result<bool> {
    let Commitment {
        content_root,
        payload_length,
    } = committed;
    let rows = db.execute(
        "INSERT OR IGNORE INTO asset VALUES (?1, ?2, ?3, ?4)",
        params![
            producer.as_slice(),
            content_root.as_slice(),
            seed.as_bytes().as_slice(),
            payload_length
        ],
    )?;
    db.execute(
        "UPDATE task SET refusal = NULL WHERE refusal IS NOT NULL AND nonce IS NULL AND ending IS NULL
             AND product IN (SELECT id FROM product WHERE content_root = ?1 AND producer = ?2)",
        params![content_root.as_slice(), producer.as_slice()],
    )?;
    Ok(rows == 1)
}

/// Bytes of all payloads that a producer handed in.
pub fn payload_bytes(db: &Connection, producer: Address) -> Result<u64> {
    let sum = "SELECT coalesce(sum(bytes), 0) FROM asset WHERE producer = ?1";
    Ok(db.query_row(sum, [producer.as_slice()], |row| row.get(0))?)
}

/// The seed of a product, if its producer handed the payload in.
pub fn seed(db: &Connection, product: &Product) -> Result<Option<Seed>> {
    let mut rows =
        db.prepare_cached("SELECT seed FROM asset WHERE producer = ?1 AND content_root = ?2")?;
    let key = params![product.producer.as_slice(), product.content_root.as_slice()];
    Ok(rows
        .query_row(key, |row| bytes(row, 0).map(Seed::from))
        .optional()?)
}

/// Stores a note, in place of an earlier one.
pub fn add_note(db: &Connection, task: u64, kind: &str, sealed: &[u8]) -> Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO note VALUES (?1, ?2, ?3)",
        params![task, kind, sealed],
    )?;
    Ok(())
}

/// A task's note.
pub fn note(db: &Connection, task: u64, kind: &str) -> Result<Option<Vec<u8>>> {
    let sealed = "SELECT sealed FROM note WHERE task = ?1 AND kind = ?2";
    Ok(db
        .query_row(sealed, params![task, kind], |row| row.get(0))
        .optional()?)
}

fn to_params(due: Due) -> [rusqlite::types::Value; 5] {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX).into();
    let limit = u64::try_from(due.limit).unwrap_or(u64::MAX);
    [
        number(due.horizon),
        number(due.settled),
        number(due.now),
        due.solver.to_vec().into(),
        number(limit),
    ]
}

fn to_job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let prepared = row.get::<_, Option<[u8; 32]>>(11)?.map(|key| {
        Ok::<_, rusqlite::Error>(Prepared {
            key: Key::from(key),
            ciphertext_root: bytes(row, 12)?.into(),
        })
    });
    Ok(Job {
        task: Task {
            id: row.get(0)?,
            product: row.get(1)?,
            consumer: bytes(row, 2)?.into(),
            one_time_key: PublicKey(bytes(row, 3)?.into()),
            deadline: row.get(4)?,
            ending: row.get(5)?,
        },
        product: Product {
            id: row.get(6)?,
            producer: bytes(row, 7)?.into(),
            content_root: bytes(row, 8)?.into(),
            payload_length: row.get(9)?,
            solver: bytes(row, 10)?.into(),
        },
        prepared: prepared.transpose()?,
    })
}

fn signature(row: &Row<'_>, column: usize) -> rusqlite::Result<Signature> {
    let raw: [u8; 65] = row.get(column)?;
    Signature::from_raw_array(&raw).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Blob,
            Box::new(error),
        )
    })
}
