//! What the solver knows, in SQLite: products, assets, tasks, transactions, notes, and how far the chain was read.
//!
//! Each function is one transaction; a row and the cursor that it came with are written together.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, Signature};
use ayumi_chain::{Cursor, Signed};
use ayumi_sealing::{Asset, Key, PublicKey, Seed};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::blocking;
use crate::decide::OpenTask;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Positions kept to go back to: more than any reorg of a consortium's chain reaches.
const CHECKPOINTS: u64 = 256;

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the store {0} is in use by another process")]
    InUse(PathBuf),
    /// It belongs to another chain, operator or solver.
    #[error("the store {path} belongs to another deployment: its {what} is {stored}, not {given}")]
    OtherDeployment {
        /// Of the database.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// In the store.
        stored: String,
        /// From the chain and the configuration.
        given: String,
    },
    /// No position that was read is on the chain any more.
    #[error("the chain was rewritten further back than the store goes")]
    DeepReorg,
    /// The file system refused.
    #[error("the store {path}: {cause}")]
    Io {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The database refused.
    #[error("the store: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database has another form.
    #[error("the store's form: {0}")]
    Migration(#[from] Box<refinery::Error>),
}

type Result<T> = std::result::Result<T, StoreError>;

/// Which deployment a store belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// Of the chain.
    pub chain_id: u64,
    /// Hash of the first block.
    pub genesis: B256,
    /// The `CTIOperator`.
    pub operator: Address,
    /// The solver's account.
    pub solver: Address,
}

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

/// What was drawn for a task.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Encrypts the delivery.
    pub key: Key,
    /// Of the ciphertext.
    pub ciphertext_root: B256,
}

/// All that a delivery needs.
#[derive(Debug)]
pub struct Job {
    /// For whom, by when.
    pub task: Task,
    /// Of what.
    pub product: Product,
    /// What was drawn, if anything was.
    pub prepared: Option<Prepared>,
    /// The payload, if the producer handed it in.
    pub asset: Option<Asset>,
}

/// A task whose key can be revealed.
#[derive(Debug, Clone)]
pub struct Receipted {
    /// Its id.
    pub task: u64,
    /// What was drawn.
    pub prepared: Prepared,
    /// The consumer's signature.
    pub receipt: Signature,
}

/// The database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    _lock: Arc<File>,
}

impl Store {
    /// Opens the database at `path`, or makes it, for `deployment` alone.
    pub fn open(path: &Path, deployment: Deployment) -> Result<Self> {
        let lock = lock(path)?;
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        migrations::migrations::runner()
            .run(&mut connection)
            .map_err(Box::new)?;
        check_deployment(&connection, path, deployment)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            _lock: Arc::new(lock),
        })
    }

    /// Runs `work` in one transaction, on a thread where it may block.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.connection);
        let run = move || {
            // A panic of another holder rolled its transaction back.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        blocking(run).await
    }
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

/// All that the delivery of a task needs, if there is such a task and `solver` delivers it.
pub fn job(db: &Connection, task: u64, solver: Address) -> Result<Option<Job>> {
    if i64::try_from(task).is_err() {
        return Ok(None); // more than SQLite, and any chain, counts to
    }
    let mut rows = db.prepare_cached(
        "SELECT task.id, task.product, task.consumer, task.one_time_key, task.deadline, task.ending,
                product.id, product.producer, product.content_root, product.payload_length, product.solver,
                task.key, task.ciphertext_root, asset.seed, asset.payload
         FROM task JOIN product ON product.id = task.product
         LEFT JOIN asset ON asset.producer = product.producer AND asset.content_root = product.content_root
         WHERE task.id = ?1 AND product.solver = ?2",
    )?;
    Ok(rows
        .query_row(params![task, solver.as_slice()], to_job)
        .optional()?)
}

/// Stores what was drawn for a task, unless something was drawn before. Returns what counts.
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
    let mut row =
        db.prepare_cached("SELECT key, ciphertext_root, receipt FROM task WHERE id = ?1")?;
    let receipted = |id: &u64| {
        row.query_row([id], |row| {
            Ok(Receipted {
                task: *id,
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

/// The transactions that are not final yet, in the order of their nonces, and what each does.
pub fn outbox(db: &Connection) -> Result<Vec<(Signed, String)>> {
    let mut rows = db.prepare_cached("SELECT nonce, hash, raw, what FROM outbox ORDER BY nonce")?;
    let signed = |row: &Row<'_>| {
        let raw: Vec<u8> = row.get(2)?;
        Ok((
            Signed {
                nonce: row.get(0)?,
                hash: bytes(row, 1)?.into(),
                raw: raw.into(),
            },
            row.get(3)?,
        ))
    };
    Ok(rows
        .query_map([], signed)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Stores a transaction, before it is sent.
pub fn post(db: &Connection, signed: &Signed, what: &str) -> Result<()> {
    let row = params![
        signed.nonce,
        signed.hash.as_slice(),
        signed.raw.as_ref(),
        what
    ];
    db.execute("INSERT INTO outbox VALUES (?1, ?2, ?3, ?4)", row)?;
    Ok(())
}

/// Forgets a transaction that is final, or never will be.
pub fn unpost(db: &Connection, nonce: u64) -> Result<()> {
    db.execute("DELETE FROM outbox WHERE nonce = ?1", [nonce])?;
    Ok(())
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

fn lock(path: &Path) -> Result<File> {
    let lock = path.with_extension("lock");
    let io = |cause| StoreError::Io {
        path: lock.clone(),
        cause,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let file = File::options()
        .create(true)
        .append(true)
        .open(&lock)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(io(cause)),
    }
}

fn check_deployment(db: &Connection, path: &Path, given: Deployment) -> Result<()> {
    let row = |row: &Row<'_>| {
        Ok(Deployment {
            chain_id: row.get(0)?,
            genesis: bytes(row, 1)?.into(),
            operator: bytes(row, 2)?.into(),
            solver: bytes(row, 3)?.into(),
        })
    };
    let Some(stored) = db
        .query_row("SELECT * FROM deployment", [], row)
        .optional()?
    else {
        let Deployment {
            chain_id,
            genesis,
            operator,
            solver,
        } = given;
        let row = params![
            chain_id,
            genesis.as_slice(),
            operator.as_slice(),
            solver.as_slice()
        ];
        db.execute("INSERT INTO deployment VALUES (?1, ?2, ?3, ?4)", row)?;
        return Ok(());
    };
    let differs = [
        (
            "chain id",
            stored.chain_id.to_string(),
            given.chain_id.to_string(),
        ),
        (
            "genesis block",
            stored.genesis.to_string(),
            given.genesis.to_string(),
        ),
        (
            "operator",
            stored.operator.to_string(),
            given.operator.to_string(),
        ),
        (
            "solver",
            stored.solver.to_string(),
            given.solver.to_string(),
        ),
    ];
    match differs
        .into_iter()
        .find(|(_, stored, given)| stored != given)
    {
        None => Ok(()),
        Some((what, stored, given)) => Err(StoreError::OtherDeployment {
            path: path.to_owned(),
            what,
            stored,
            given,
        }),
    }
}

fn to_cursor(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor {
        number: row.get(0)?,
        hash: bytes(row, 1)?.into(),
    })
}

fn to_job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let prepared = row.get::<_, Option<[u8; 32]>>(11)?.map(|key| {
        Ok::<_, rusqlite::Error>(Prepared {
            key: Key::from(key),
            ciphertext_root: bytes(row, 12)?.into(),
        })
    });
    let asset = row.get::<_, Option<[u8; 32]>>(13)?.map(|seed| {
        Ok::<_, rusqlite::Error>(Asset {
            seed: Seed::from(seed),
            payload: row.get(14)?,
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
        asset: asset.transpose()?,
    })
}

fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    row.get(column)
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
