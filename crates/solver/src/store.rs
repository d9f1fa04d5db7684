//! What the solver knows, in SQLite: how far the chain was read and what that [changed](Change), [tasks](Task) with their
//! keys and receipts, assets, notes, and the transactions in flight.
//!
//! The functions run inside the transactions that [`Store::with`] makes.

mod chain;
mod outbox;
mod task;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

pub use chain::{Change, advance, checkpoints, cursor, go_back};
pub use outbox::{Outgoing, outbox, post, unpost};
pub use task::{
    Job, Prepared, Product, Receipted, Task, add_asset, add_note, asset, job, note, open_tasks,
    prepare, receipted, receive,
};

use crate::blocking;

mod migrations {
    refinery::embed_migrations!("migrations");
}

type Result<T> = std::result::Result<T, StoreError>;

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
#[derive(Debug, Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    _lock: Arc<File>,
}

impl Store {
    /// Opens the database at `path`, or makes it, for `deployment` alone.
    pub fn open(path: &Path, deployment: Deployment) -> Result<Self> {
        let lock = lock(path)?;
        open_private(path).map_err(|cause| StoreError::Io {
            path: path.to_owned(),
            cause,
        })?;
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

fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    row.get(column)
}
