//! What the solver knows, in SQLite: how far the chain was read and what that [changed](Change), [tasks](Task) with their
//! keys and receipts, assets, notes, and the transactions in flight.
//!
//! The functions run inside the transactions that [`Store::with`] makes. Payloads are elsewhere: [`crate::payloads`].

mod chain;
mod figures;
mod outbox;
mod task;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot};

use crate::meter::Clock;

pub use chain::{
    Change, Logged, advance, amend, checkpoints, cursor, go_back, is_member, overlooked,
    task_count, unknown_products,
};
pub use figures::{Ended, Figures, figures};
pub use outbox::{
    NEVER, Outgoing, attempt, fill, mined, next_nonce, nonces, outbox, pause, post, shown, tasks_of,
};
pub use task::{
    Due, Job, Prepared, Product, Receipted, Task, add_asset, add_note, deliverable, job, note,
    open_tasks, payload_bytes, prepare, receive, refusable, refuse, seed,
};

/// The most that goes into one transaction.
const GROUP: usize = 256;

/// The most that waits for the database; who comes then waits to wait.
const WAITING: usize = 1_024;

/// Prepared statements that are kept.
const STATEMENTS: usize = 64;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// What the functions of the store return.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the store {0} is in use by another process")]
    InUse(PathBuf),
    /// It is not where it is said to be.
    #[error("there is no store at {0}")]
    Missing(PathBuf),
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
    /// What was written could not be kept; nothing of it was.
    #[error("the store cannot be written to: {0}")]
    Commit(String),
    /// The process is ending.
    #[error("the store is closed")]
    Closed,
    /// The database has another form.
    #[error("the store's form: {0}")]
    Migration(#[from] Box<refinery::Error>),
}

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

/// The database. Clones share it.
///
/// One thread has the connection. What waits for it when it begins a transaction goes into this one, so that many share a
/// write to the disk; each part of it that fails is undone alone.
#[derive(Debug, Clone)]
pub struct Store {
    work: mpsc::Sender<Work>,
    clock: Clock,
    _lock: Arc<File>,
}

/// Does its part of a transaction, or hears that there is none. Returns whether the part stays, and what to do when it
/// is known whether the transaction does.
type Work = Box<dyn FnOnce(Result<&Connection>) -> (bool, Reply) + Send>;
type Reply = Box<dyn FnOnce(Option<&rusqlite::Error>) + Send>;

impl Store {
    /// Opens the database at `path` for `deployment` alone; makes it where it is to be made.
    pub fn open(path: &Path, deployment: Deployment, make: bool) -> Result<Self> {
        if !make && !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let lock = lock(path)?;
        open_private(path).map_err(|cause| StoreError::Io {
            path: path.to_owned(),
            cause,
        })?;
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        migrations::migrations::runner()
            .run(&mut connection)
            .map_err(Box::new)?;
        check_deployment(&connection, path, deployment)?;
        figures::count_endings(&connection)?;
        let (work, waiting) = mpsc::channel(WAITING);
        let clock = Clock::default();
        let at_work = clock.clone();
        std::thread::spawn(move || serve(connection, waiting, &at_work));
        Ok(Self {
            work,
            clock,
            _lock: Arc::new(lock),
        })
    }

    /// How long the database was at work so far.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What waits for the database.
    pub(crate) fn waiting(&self) -> usize {
        self.work.max_capacity() - self.work.capacity()
    }

    /// Runs `work` in a transaction. All of what it changed is on disk when this returns, or nothing.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |db| {
            let result = db.and_then(work);
            let stays = result.is_ok();
            let finish: Reply = Box::new(move |failure| {
                let result = match failure {
                    Some(failure) if stays => Err(StoreError::Commit(failure.to_string())),
                    _ => result,
                };
                // Who asked may have gone.
                let _ = reply.send(result);
            });
            (stays, finish)
        });
        self.work.send(work).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// Takes up what waits, group by group, until nobody is left to ask.
fn serve(mut connection: Connection, mut waiting: mpsc::Receiver<Work>, clock: &Clock) {
    while let Some(first) = waiting.blocking_recv() {
        let mut replies = Vec::new();
        let end = clock.run(|| group(&mut connection, first, &mut waiting, &mut replies));
        for reply in replies {
            reply(end.as_ref().err());
        }
    }
}

/// One transaction of all that waits.
fn group(
    connection: &mut Connection,
    first: Work,
    waiting: &mut mpsc::Receiver<Work>,
    replies: &mut Vec<Reply>,
) -> rusqlite::Result<()> {
    let mut transaction = match connection.transaction() {
        Ok(transaction) => transaction,
        Err(cause) => {
            replies.push(first(Err(StoreError::Commit(cause.to_string()))).1);
            return Err(cause);
        }
    };
    let mut next = Some(first);
    while let Some(work) = next {
        let mut point = transaction.savepoint()?;
        let (stays, reply) = work(Ok(&point));
        replies.push(reply);
        if !stays {
            point.rollback()?;
        }
        point.commit()?;
        next = if replies.len() < GROUP {
            waiting.try_recv().ok()
        } else {
            None
        };
    }
    transaction.commit()
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
    let file = open_private(&lock).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(io(cause)),
    }
}

/// Payloads and keys are in it: for its owner alone. What SQLite puts beside it gets the same mode.
fn open_private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Checks that the database at `path` is of `deployment`, and changes nothing. Says whether there is one.
pub fn inspect(path: &Path, deployment: Deployment) -> Result<bool> {
    if !path.exists() {
        return Ok(false);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match stored_deployment(&connection)? {
        Some(stored) => compare(path, stored, deployment).map(|()| true),
        None => Ok(true),
    }
}

fn check_deployment(db: &Connection, path: &Path, given: Deployment) -> Result<()> {
    if let Some(stored) = stored_deployment(db)? {
        return compare(path, stored, given);
    }
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
    Ok(())
}

fn stored_deployment(db: &Connection) -> Result<Option<Deployment>> {
    let row = |row: &Row<'_>| {
        Ok(Deployment {
            chain_id: row.get(0)?,
            genesis: bytes(row, 1)?.into(),
            operator: bytes(row, 2)?.into(),
            solver: bytes(row, 3)?.into(),
        })
    };
    Ok(db
        .query_row("SELECT * FROM deployment", [], row)
        .optional()?)
}

fn compare(path: &Path, stored: Deployment, given: Deployment) -> Result<()> {
    let parts = |deployment: Deployment| {
        let Deployment {
            chain_id,
            genesis,
            operator,
            solver,
        } = deployment;
        [
            ("chain id", chain_id.to_string()),
            ("genesis block", genesis.to_string()),
            ("operator", operator.to_string()),
            ("solver", solver.to_string()),
        ]
    };
    let mut pairs = parts(stored).into_iter().zip(parts(given));
    match pairs.find(|(stored, given)| stored != given) {
        None => Ok(()),
        Some(((what, stored), (_, given))) => Err(StoreError::OtherDeployment {
            path: path.to_owned(),
            what,
            stored,
            given,
        }),
    }
}

fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    row.get(column)
}
