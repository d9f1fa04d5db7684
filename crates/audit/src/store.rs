//! The index as a file: one writer, which has a lock of the operating system, and any number of readers.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use ayumi_chain::{Contracts, Cursor, Entry, Head};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::error::{Error, Result};
use crate::event::{Event, Raw, block_of, first_of, kinds};
use crate::ledger::Ledger;

/// Blocks that can be taken back one by one; for what is older, everything is made anew from the raw rows. More than any
/// reorg of a consortium's chain reaches.
pub(crate) const UNDO_BLOCKS: u64 = 256;

/// Events that are read at once when everything is made anew.
const PART: i64 = 20_000;

/// Prepared statements that are kept.
const STATEMENTS: usize = 128;

/// Kilobytes of the file that a connection keeps in memory.
const CACHE_KB: i64 = 8_192;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Which deployment an index is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// Of the chain.
    pub chain_id: u64,
    /// Hash of the first block.
    pub genesis: B256,
    /// The three contracts.
    pub contracts: Contracts,
}

/// A position in the chain, with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) cursor: Cursor,
    /// Unix seconds.
    pub(crate) at: i64,
}

impl Checkpoint {
    pub(crate) fn of(block: Head) -> Self {
        Self {
            cursor: Cursor {
                number: block.number,
                hash: block.hash,
            },
            at: i64::try_from(block.timestamp).unwrap_or(i64::MAX),
        }
    }
}

/// Events of successive blocks, and how far these reach.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Event>,
    pub(crate) end: Checkpoint,
}

/// The one writer of an index.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    db: Connection,
    deployment: Deployment,
    ledger: Ledger,
    _lock: Arc<File>,
}

impl Writer {
    /// Opens the index at `path` for `deployment` alone, and makes it where there is none.
    pub fn open(path: &Path, deployment: Deployment) -> Result<Self> {
        let lock = lock(path)?;
        let mut db = Connection::open(path).map_err(|cause| no_index(path, &cause))?;
        db.pragma_update(None, "journal_mode", "wal")
            .map_err(|cause| no_index(path, &cause))?;
        // Everything here can be had from the chain again: a power cut may cost the last commits, but no consistency.
        db.pragma_update(None, "synchronous", "normal")?;
        db.pragma_update(None, "cache_size", -CACHE_KB)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        migrations::migrations::runner()
            .run(&mut db)
            .map_err(|cause| no_index(path, &cause))?;
        check_deployment(&db, deployment)?;
        for (id, name) in kinds() {
            db.execute(
                "INSERT OR REPLACE INTO kind VALUES (?1, ?2)",
                params![id, name],
            )?;
        }
        Ok(Self {
            path: path.to_owned(),
            db,
            deployment,
            ledger: Ledger::default(),
            _lock: Arc::new(lock),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which deployment it is of.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// How far the chain was read.
    pub fn cursor(&self) -> Result<Option<Cursor>> {
        let newest = "SELECT number, hash FROM checkpoint ORDER BY number DESC LIMIT 1";
        Ok(self
            .db
            .prepare_cached(newest)?
            .query_row([], to_cursor)
            .optional()?)
    }

    /// The same, with its time.
    pub(crate) fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let newest = "SELECT number, hash, at FROM checkpoint ORDER BY number DESC LIMIT 1";
        let row = self.db.prepare_cached(newest)?.query_row([], |row| {
            Ok(Checkpoint {
                cursor: to_cursor(row)?,
                at: row.get(2)?,
            })
        });
        Ok(row.optional()?)
    }

    /// All positions to go back to, newest first. Blocks with events are among them.
    pub(crate) fn checkpoints(&self) -> Result<Vec<Cursor>> {
        let mut rows = self.db.prepare(
            "SELECT number, hash FROM checkpoint UNION SELECT number, hash FROM block ORDER BY 1 DESC LIMIT 2000",
        )?;
        Ok(rows
            .query_map([], to_cursor)?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Writes events, what follows from them, and how far they reach, in one transaction. With `can_undo` the blocks can
    /// be taken back one by one; without, which is faster, for blocks that will stay.
    pub(crate) fn append(&mut self, batch: &Batch, can_undo: bool) -> Result<()> {
        let written = self.in_transaction(|writer| writer.write(batch, can_undo));
        if written.is_err() {
            self.ledger = Ledger::default();
        }
        written
    }

    /// Writes the logs of blocks up to `head`, which are not in the index yet.
    pub fn append_entries(&mut self, entries: &[Entry], head: Head, can_undo: bool) -> Result<()> {
        let contracts = self.deployment.contracts;
        let events = entries
            .iter()
            .map(|entry| Event::of(entry, contracts))
            .collect();
        self.append(
            &Batch {
                events,
                end: Checkpoint::of(head),
            },
            can_undo,
        )
    }

    /// Forgets the blocks after this one, and everything that followed from them.
    pub fn go_back_to(&mut self, head: Head) -> Result<()> {
        self.go_back(Checkpoint::of(head))
    }

    fn write(&mut self, batch: &Batch, can_undo: bool) -> Result<()> {
        let Batch { events, end } = batch;
        for block in events.chunk_by(|one, next| block_of(one.id) == block_of(next.id)) {
            for event in block {
                insert(&self.db, event)?;
                self.ledger
                    .apply(&self.db, event, self.deployment.contracts.operator)?;
            }
            let (number, first) = (block_of(block[0].id), &block[0]);
            self.db
                .prepare_cached("INSERT INTO block VALUES (?1, ?2, ?3)")?
                .execute(params![number, first.block_hash.as_slice(), first.at])?;
            if can_undo {
                self.ledger.write(&self.db, number, true)?;
            }
        }
        if !can_undo {
            self.ledger.write(&self.db, 0, false)?;
            self.db
                .prepare_cached("UPDATE deployment SET undo_after = ?1")?
                .execute([end.cursor.number])?;
        }
        self.db
            .prepare_cached("UPDATE deployment SET events = events + ?1")?
            .execute([events.len()])?;
        let Checkpoint { cursor, at } = end;
        self.db
            .prepare_cached("INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2, ?3)")?
            .execute(params![cursor.number, cursor.hash.as_slice(), at])?;
        self.prune(cursor.number.saturating_sub(UNDO_BLOCKS))
    }

    fn prune(&self, before: u64) -> Result<()> {
        let steps = [
            "DELETE FROM undo WHERE block <= ?1",
            "DELETE FROM checkpoint WHERE number < ?1",
            "UPDATE deployment SET undo_after = ?1 WHERE undo_after < ?1",
        ];
        for step in steps {
            self.db.prepare_cached(step)?.execute([before])?;
        }
        Ok(())
    }

    /// Forgets the blocks after `cursor`, and everything that followed from them.
    pub(crate) fn go_back(&mut self, to: Checkpoint) -> Result<()> {
        let gone = self.in_transaction(|writer| {
            let number = i64::try_from(to.cursor.number).unwrap_or(i64::MAX);
            let undo_after: i64 =
                writer
                    .db
                    .query_row("SELECT undo_after FROM deployment", [], |row| row.get(0))?;
            let is_near = number >= undo_after;
            writer.ledger = Ledger::default();
            if is_near {
                writer.ledger.restore(&writer.db, number)?;
            }
            let first = first_of(number + 1);
            for (step, from) in [
                ("DELETE FROM event WHERE id >= ?1", first),
                ("DELETE FROM finding WHERE event >= ?1", first),
                ("DELETE FROM note WHERE event >= ?1", first),
                ("DELETE FROM block WHERE number > ?1", number),
                ("DELETE FROM checkpoint WHERE number > ?1", number),
                ("DELETE FROM undo WHERE block > ?1", number),
            ] {
                writer.db.execute(step, [from])?;
            }
            writer.db.execute(
                "UPDATE deployment SET events = (SELECT count(*) FROM event)",
                [],
            )?;
            let Checkpoint { cursor, at } = to;
            if cursor.number == 0 {
                return if is_near { Ok(()) } else { writer.derive() };
            }
            writer.db.execute(
                "INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2, ?3)",
                params![cursor.number, cursor.hash.as_slice(), at],
            )?;
            if is_near { Ok(()) } else { writer.derive() }
        });
        self.ledger = Ledger::default();
        gone
    }

    /// Makes everything anew that follows from the raw rows, without asking a node.
    pub fn rebuild(&mut self) -> Result<()> {
        self.ledger = Ledger::default();
        let done = self.in_transaction(Self::derive);
        self.ledger = Ledger::default();
        done
    }

    fn derive(&mut self) -> Result<()> {
        for table in [
            "organisation",
            "party",
            "membership",
            "solver",
            "product",
            "purchase",
            "refund",
            "handover",
            "holding",
            "pair",
            "task",
            "note",
            "vote",
            "finding",
            "tally",
            "undo",
        ] {
            self.db.execute(&format!("DELETE FROM {table}"), [])?;
        }
        let newest = self.cursor()?.map_or(0, |cursor| cursor.number);
        self.db
            .execute("UPDATE deployment SET undo_after = ?1", [newest])?;
        let mut next = 0;
        loop {
            let events = self.stored(next)?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            next = last.id + 1;
            for event in &events {
                self.ledger
                    .apply(&self.db, event, self.deployment.contracts.operator)?;
            }
            self.ledger.write(&self.db, 0, false)?;
        }
    }

    /// Raw rows from an id on.
    pub(crate) fn stored(&self, from: i64) -> Result<Vec<Event>> {
        let mut rows = self.db.prepare_cached(
            "SELECT event.id, block.at, block.hash, transaction_hash, contract, kind, subject, topics, log
             FROM event JOIN block ON block.number = event.id >> 20 WHERE event.id >= ?1 ORDER BY event.id LIMIT ?2",
        )?;
        let rows = rows.query_map([from, PART], |row| self.to_event(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn to_event(&self, row: &Row<'_>) -> rusqlite::Result<Event> {
        let raw = Raw {
            contract: row.get(4)?,
            kind: row.get(5)?,
            subject: row.get(6)?,
            topics: row.get(7)?,
            log: row.get(8)?,
        };
        Ok(Event {
            id: row.get(0)?,
            at: row.get(1)?,
            block_hash: row.get::<_, [u8; 32]>(2)?.into(),
            transaction: row.get::<_, [u8; 32]>(3)?.into(),
            said: raw
                .said(self.deployment.contracts)
                .ok_or(rusqlite::Error::InvalidQuery)?,
            raw,
        })
    }

    fn in_transaction(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        match work(self).and_then(|()| Ok(self.db.execute_batch("COMMIT")?)) {
            Ok(()) => Ok(()),
            Err(error) => {
                // What cannot be rolled back was not begun.
                let _ = self.db.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }
}

fn insert(db: &Connection, event: &Event) -> Result<()> {
    let Raw {
        contract,
        kind,
        subject,
        topics,
        log,
    } = &event.raw;
    db.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            event.id,
            event.transaction.as_slice(),
            contract,
            kind,
            subject,
            topics,
            log
        ])?;
    Ok(())
}

/// Opens an index to read, which may be written at the same time.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection> {
    if !path.is_file() {
        return Err(Error::Missing(path.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|cause| no_index(path, &cause))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    stored_deployment(&db).map_err(|error| match error {
        Error::Database(cause) => no_index(path, &cause),
        error => error,
    })?;
    Ok(db)
}

fn lock(path: &Path) -> Result<File> {
    let lock = path.with_extension("lock");
    let io = |cause| Error::Io {
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
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(io(cause)),
    }
}

fn no_index(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::NoIndex {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

fn check_deployment(db: &Connection, given: Deployment) -> Result<()> {
    let Some((chain_id, genesis, operator)) = stored_deployment(db)? else {
        let row = params![
            given.chain_id,
            given.genesis.as_slice(),
            given.contracts.operator.as_slice()
        ];
        db.execute("INSERT INTO deployment VALUES (?1, ?2, ?3, 0, 0)", row)?;
        return Ok(());
    };
    let pairs = [
        ("chain id", chain_id.to_string(), given.chain_id.to_string()),
        (
            "genesis block",
            genesis.to_string(),
            given.genesis.to_string(),
        ),
        (
            "operator",
            operator.to_string(),
            given.contracts.operator.to_string(),
        ),
    ];
    match pairs.into_iter().find(|(_, stored, given)| stored != given) {
        None => Ok(()),
        Some((what, stored, given)) => Err(Error::OtherDeployment {
            what,
            stored,
            given,
        }),
    }
}

/// Chain id, genesis block, operator.
pub(crate) fn stored_deployment(db: &Connection) -> Result<Option<(u64, B256, Address)>> {
    let row = |row: &Row<'_>| {
        let (genesis, operator): ([u8; 32], [u8; 20]) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, genesis.into(), operator.into()))
    };
    Ok(db
        .query_row("SELECT * FROM deployment", [], row)
        .optional()?)
}

fn to_cursor(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    let hash: [u8; 32] = row.get(1)?;
    Ok(Cursor {
        number: row.get(0)?,
        hash: hash.into(),
    })
}
