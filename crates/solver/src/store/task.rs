//! Products, tasks, and what they need: keys, receipts, assets, notes.

use alloy::primitives::{Address, B256, Signature};
use ayumi_sealing::{Asset, Commitment, Key, PublicKey, Seed};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Result, bytes};
use crate::decide::OpenTask;

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

/// The open tasks of the products that `solver` delivers.
pub fn open_tasks(db: &Connection, solver: Address) -> Result<Vec<OpenTask>> {
    let mut rows = db.prepare_cached(
        "SELECT task.id, task.deadline, asset.producer IS NOT NULL, task.key IS NOT NULL, task.receipt IS NOT NULL
         FROM task JOIN product ON product.id = task.product
         LEFT JOIN asset ON asset.producer = product.producer AND asset.content_root = product.content_root
         WHERE task.ending IS NULL AND product.solver = ?1 ORDER BY task.id",
    )?;
    let task = |row: &Row<'_>| {
        Ok(OpenTask {
            id: row.get(0)?,
            deadline: row.get(1)?,
            has_asset: row.get(2)?,
            is_prepared: row.get(3)?,
            has_receipt: row.get(4)?,
        })
    };
    Ok(rows
        .query_map([solver.as_slice()], task)?
        .collect::<rusqlite::Result<_>>()?)
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

/// Stores what was drawn for a task, unless something was drawn before.
pub fn prepare(db: &Connection, task: u64, prepared: &Prepared) -> Result<()> {
    db.execute(
        "UPDATE task SET key = ?2, ciphertext_root = ?3 WHERE id = ?1 AND key IS NULL",
        params![
            task,
            prepared.key.as_bytes().as_slice(),
            prepared.ciphertext_root.as_slice()
        ],
    )?;
    Ok(())
}

/// Stores the consumer's receipt.
pub fn receive(db: &Connection, task: u64, receipt: &Signature) -> Result<()> {
    db.execute(
        "UPDATE task SET receipt = ?2 WHERE id = ?1",
        params![task, receipt.as_bytes().as_slice()],
    )?;
    Ok(())
}

/// The tasks of `ids` with all that revealing their keys needs.
pub fn receipted(db: &Connection, ids: &[u64]) -> Result<Vec<Receipted>> {
    let mut row = db
        .prepare_cached("SELECT key, ciphertext_root, receipt, deadline FROM task WHERE id = ?1")?;
    let receipted = |id: &u64| {
        row.query_row([id], |row| {
            Ok(Receipted {
                task: *id,
                deadline: row.get(3)?,
                prepared: Prepared {
                    key: Key::from(bytes(row, 0)?),
                    ciphertext_root: bytes(row, 1)?.into(),
                },
                receipt: signature(row, 2)?,
            })
        })
    };
    Ok(ids.iter().map(receipted).collect::<rusqlite::Result<_>>()?)
}

/// Stores an asset. Returns whether it is new.
pub fn add_asset(
    db: &Connection,
    producer: Address,
    content_root: B256,
    asset: &Asset,
) -> Result<bool> {
    let rows = db.execute(
        "INSERT OR IGNORE INTO asset VALUES (?1, ?2, ?3, ?4)",
        params![
            producer.as_slice(),
            content_root.as_slice(),
            asset.seed.as_bytes().as_slice(),
            asset.payload
        ],
    )?;
    Ok(rows == 1)
}

/// The payload of a product, if its producer handed it in.
pub fn asset(db: &Connection, product: &Product) -> Result<Option<Asset>> {
    let wanted = "SELECT seed, payload FROM asset WHERE producer = ?1 AND content_root = ?2";
    let asset = |row: &Row<'_>| {
        Ok(Asset {
            seed: Seed::from(bytes(row, 0)?),
            payload: row.get(1)?,
        })
    };
    let key = params![product.producer.as_slice(), product.content_root.as_slice()];
    Ok(db.query_row(wanted, key, asset).optional()?)
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
