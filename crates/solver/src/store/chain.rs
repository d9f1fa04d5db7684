//! How far the chain was read, and what it changed.

use alloy::primitives::{Address, B256};
use ayumi_chain::Cursor;
use ayumi_contracts::ICTIOperator::DeclineReason;
use ayumi_sealing::Key;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{Product, Result, Task, bytes, outbox};

/// Positions kept to go back to: more than any reorg of a consortium's chain reaches.
const CHECKPOINTS: u64 = 256;

/// A change that a log of the chain makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An account became a member.
    Enrolled {
        /// Which.
        account: Address,
        /// Its organisation's number.
        organisation: u32,
    },
    /// An account was suspended, or is no longer.
    AccountSuspensionSet {
        /// Which.
        account: Address,
        /// Whether it is from now on.
        suspended: bool,
    },
    /// An organisation was suspended, or is no longer.
    OrganisationSuspensionSet {
        /// Its number.
        organisation: u32,
        /// Whether it is from now on.
        suspended: bool,
    },
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

impl Change {
    /// Whether it is of a product, and not of a task.
    pub fn is_of_product(&self) -> bool {
        matches!(self, Self::Published(_) | Self::Assigned { .. })
    }

    /// Whether it is of a task.
    pub fn is_of_task(&self) -> bool {
        matches!(
            self,
            Self::Requested(_) | Self::Acknowledged { .. } | Self::Ended { .. }
        )
    }
}

/// A change, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The block of the log.
    pub block: u64,
    /// The transaction of the log.
    pub transaction: B256,
    /// What it says.
    pub change: Change,
}

/// The cursor: the newest checkpoint.
pub fn cursor(db: &Connection) -> Result<Option<Cursor>> {
    let newest = "SELECT number, hash FROM checkpoint ORDER BY number DESC LIMIT 1";
    Ok(db
        .prepare_cached(newest)?
        .query_row([], to_cursor)
        .optional()?)
}

/// All checkpoints, newest first.
pub fn checkpoints(db: &Connection) -> Result<Vec<Cursor>> {
    let mut rows = db.prepare_cached("SELECT number, hash FROM checkpoint ORDER BY number DESC")?;
    Ok(rows
        .query_map([], to_cursor)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Writes what blocks changed, how far they were read, and which of the solver's own transactions were among them. What
/// is no later than the block `settled` counts for good.
pub fn advance(db: &Connection, logs: &[Logged], cursor: Cursor, settled: u64) -> Result<()> {
    for log in logs {
        apply(db, log.block, &log.change)?;
    }
    outbox::found(db, logs)?;
    outbox::prune(db, settled)?;
    db.prepare_cached("INSERT INTO checkpoint VALUES (?1, ?2)")?
        .execute(params![cursor.number, cursor.hash.as_slice()])?;
    db.prepare_cached(
        "DELETE FROM checkpoint WHERE number <= (SELECT number FROM checkpoint ORDER BY number DESC LIMIT 1 OFFSET ?1)",
    )?
    .execute([CHECKPOINTS])?;
    Ok(())
}

/// Writes what logs say that were overlooked before; the cursor stays.
pub fn amend(db: &Connection, logs: &[Logged]) -> Result<()> {
    for log in logs {
        apply(db, log.block, &log.change)?;
    }
    outbox::found(db, logs)
}

/// Forgets what blocks after `cursor` changed. What this solver drew and was given for a task is kept, since the task may
/// come again, and its transactions are sent again.
pub fn go_back(db: &Connection, cursor: Cursor) -> Result<()> {
    let steps = [
        "DELETE FROM checkpoint WHERE number > ?1",
        "DELETE FROM member WHERE block > ?1",
        "DELETE FROM suspension WHERE block > ?1",
        "DELETE FROM product WHERE block > ?1",
        "UPDATE product SET solver = (SELECT solver FROM assignment
             WHERE product = product.id AND block <= ?1 ORDER BY block DESC LIMIT 1)
         WHERE id IN (SELECT product FROM assignment WHERE block > ?1)",
        "DELETE FROM assignment WHERE block > ?1",
        "UPDATE task SET ending = NULL, ending_block = NULL WHERE ending IS NOT NULL AND ending_block > ?1",
        "UPDATE task SET receipt = NULL, receipt_block = NULL WHERE receipt_block > ?1",
        "UPDATE task SET ending = 'vanished', ending_block = block WHERE block > ?1",
        "UPDATE outbox SET block = NULL WHERE block > ?1",
    ];
    for step in steps {
        db.execute(step, [cursor.number])?;
    }
    Ok(())
}

/// Whether an account is a member that is not suspended, as far as the chain was read.
pub fn is_member(db: &Connection, account: Address) -> Result<bool> {
    let suspended = |subject: &str| {
        format!(
            "coalesce((SELECT suspended FROM suspension WHERE subject = member.{subject} ORDER BY block DESC LIMIT 1), 0)"
        )
    };
    let active = format!(
        "SELECT EXISTS (SELECT 1 FROM member WHERE account = ?1 AND NOT {} AND NOT {})",
        suspended("account"),
        suspended("organisation")
    );
    let mut active = db.prepare_cached(&active)?;
    Ok(active.query_row([account.as_slice()], |row| row.get(0))?)
}

/// Products that open tasks are for, and that the store does not have; `limit` at most.
pub fn unknown_products(db: &Connection, limit: usize) -> Result<Vec<u64>> {
    let mut rows = db.prepare_cached(
        "SELECT DISTINCT product FROM task
         WHERE ending IS NULL AND product NOT IN (SELECT id FROM product) LIMIT ?1",
    )?;
    Ok(rows
        .query_map([limit], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// How many tasks the chain was seen to have.
pub fn task_count(db: &Connection) -> Result<u64> {
    let count = "SELECT count(*) FROM task WHERE ending IS NOT 'vanished'";
    Ok(db.query_row(count, [], |row| row.get(0))?)
}

/// Ids up to `count` that the store has no task of, with the blocks that theirs lies between; `limit` at most.
pub fn overlooked(
    db: &Connection,
    count: u64,
    limit: usize,
) -> Result<Vec<(u64, u64, Option<u64>)>> {
    let mut rows = db.prepare_cached(
        "WITH seen AS (SELECT id, block FROM task WHERE ending IS NOT 'vanished' UNION ALL VALUES (?1 + 1, NULL)),
              gap AS (SELECT coalesce(lag(id) OVER (ORDER BY id), 0) AS before, coalesce(lag(block) OVER (ORDER BY id), 0) AS low,
                             id, block AS high FROM seen)
         SELECT before + 1, id - 1, low, high FROM gap WHERE id > before + 1 ORDER BY id",
    )?;
    let gap = |row: &Row<'_>| {
        let (from, to): (u64, u64) = (row.get(0)?, row.get(1)?);
        Ok((from..=to, (row.get(2)?, row.get(3)?)))
    };
    let gaps = rows
        .query_map([count], gap)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let ids = gaps
        .into_iter()
        .flat_map(|(ids, (low, high))| ids.map(move |id| (id, low, high)));
    Ok(ids.take(limit).collect())
}

fn apply(db: &Connection, block: u64, change: &Change) -> Result<()> {
    match change {
        Change::Enrolled {
            account,
            organisation,
        } => enrol(db, block, *account, *organisation),
        Change::AccountSuspensionSet { account, suspended } => {
            suspend(db, block, &account.as_slice(), *suspended)
        }
        Change::OrganisationSuspensionSet {
            organisation,
            suspended,
        } => suspend(db, block, organisation, *suspended),
        Change::Published(product) => publish(db, block, product),
        Change::Assigned { product, solver } => assign(db, block, *product, *solver),
        Change::Requested(task) => request(db, block, task),
        Change::Acknowledged {
            task,
            ciphertext_root,
            key_hash,
        } => acknowledge(db, block, *task, *ciphertext_root, *key_hash),
        Change::Ended { task, ending } => {
            db.prepare_cached("UPDATE task SET ending = ?2, ending_block = ?3 WHERE id = ?1")?
                .execute(params![task, ending, block])?;
            Ok(())
        }
    }
}

fn enrol(db: &Connection, block: u64, account: Address, organisation: u32) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO member VALUES (?1, ?2, ?3)")?
        .execute(params![account.as_slice(), organisation, block])?;
    Ok(())
}

fn suspend(db: &Connection, block: u64, subject: &dyn ToSql, suspended: bool) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO suspension VALUES (?1, ?2, ?3)")?
        .execute(params![subject, block, suspended])?;
    Ok(())
}

fn publish(db: &Connection, block: u64, product: &Product) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO product VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            product.id,
            product.producer.as_slice(),
            product.content_root.as_slice(),
            product.payload_length,
            product.solver.as_slice(),
            block
        ])?;
    // Where its tasks were seen before it was.
    db.prepare_cached(
        "UPDATE task SET refusal = NULL WHERE product = ?1 AND ending IS NULL AND nonce IS NULL AND refusal IS NOT NULL
             AND EXISTS (SELECT 1 FROM asset WHERE producer = ?2 AND content_root = ?3)",
    )?
    .execute(params![
        product.id,
        product.producer.as_slice(),
        product.content_root.as_slice()
    ])?;
    assign(db, block, product.id, product.solver)
}

fn assign(db: &Connection, block: u64, product: u64, solver: Address) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO assignment VALUES (?1, ?2, ?3)")?
        .execute(params![product, block, solver.as_slice()])?;
    db.prepare_cached("UPDATE product SET solver = ?2 WHERE id = ?1")?
        .execute(params![product, solver.as_slice()])?;
    Ok(())
}

/// A receipt on chain stands as one without a signature, if it is for what was served. A signature stays: no reorg takes
/// it back.
fn acknowledge(
    db: &Connection,
    block: u64,
    task: u64,
    ciphertext_root: B256,
    key_hash: B256,
) -> Result<()> {
    let drawn = "SELECT key FROM task WHERE id = ?1 AND ciphertext_root = ?2";
    let key: Option<[u8; 32]> = db
        .query_row(drawn, params![task, ciphertext_root.as_slice()], |row| {
            row.get(0)
        })
        .optional()?;
    if key.is_some_and(|key| Key::from(key).hash() == key_hash) {
        db.execute(
            "UPDATE task SET receipt = zeroblob(65), receipt_block = ?2 WHERE id = ?1 AND receipt IS NULL",
            params![task, block],
        )?;
    }
    Ok(())
}

/// A task that comes again after a reorg keeps its key and receipt, if it is the very same one. One whose payload is not
/// here is to be declined.
fn request(db: &Connection, block: u64, task: &Task) -> Result<()> {
    let same = "consumer = excluded.consumer AND one_time_key = excluded.one_time_key AND product = excluded.product";
    let upsert = format!(
        "INSERT INTO task (id, product, consumer, one_time_key, deadline, block, refusal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, iif({has_asset}, NULL, ?7))
         ON CONFLICT (id) DO UPDATE SET
             key = iif({same}, key, NULL), ciphertext_root = iif({same}, ciphertext_root, NULL),
             receipt = iif({same}, receipt, NULL), nonce = iif({same}, nonce, NULL), product = excluded.product,
             consumer = excluded.consumer, one_time_key = excluded.one_time_key, deadline = excluded.deadline,
             block = excluded.block, refusal = excluded.refusal, ending = NULL, ending_block = NULL",
        has_asset = "EXISTS (SELECT 1 FROM product JOIN asset USING (producer, content_root) WHERE product.id = ?2)",
    );
    let (consumer, key) = (task.consumer.as_slice(), task.one_time_key.0.as_slice());
    let missing = DeclineReason::AssetMissing as u8;
    db.prepare_cached(&upsert)?.execute(params![
        task.id,
        task.product,
        consumer,
        key,
        task.deadline,
        block,
        missing
    ])?;
    Ok(())
}

fn to_cursor(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor {
        number: row.get(0)?,
        hash: bytes(row, 1)?.into(),
    })
}
