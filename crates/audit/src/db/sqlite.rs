//! An index in one file, which a lock of the operating system keeps to one writer.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, params_from_iter};

use super::{Clash, Row, Table, Value, migrations};
use crate::error::{DatabaseError, Error, Result};

/// Prepared statements that are kept.
const STATEMENTS: usize = 128;

/// Kilobytes of the file that a connection keeps in memory.
const CACHE_KB: i64 = 8_192;

/// Bytes of the file that readers map instead of copying them page by page: as many as SQLite allows.
const MAPPED_BYTES: i64 = 0x7fff_0000;

/// How long a reader waits for a writer that cannot be passed, as while it makes the file anew.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    db: Connection,
    _lock: Option<File>,
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::List(numbers) => {
                let numbers = serde_json::to_string(numbers).expect("a list of numbers");
                return Ok(numbers.into());
            }
        }))
    }
}

pub(super) fn value<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<Value<'a>> {
    let value = row.get_ref(column).map_err(DatabaseError::from)?;
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.into()),
        ValueRef::Real(_) => {
            return Err(DatabaseError::Unreadable {
                expected: "no fraction",
                found: "one",
            }
            .into());
        }
    })
}

impl Sqlite {
    pub(super) fn open_to_write(path: &Path) -> Result<Self> {
        let lock = lock(path)?;
        let bad = |cause: &dyn std::fmt::Display| no_index(path, cause);
        let mut db = Connection::open(path).map_err(|cause| bad(&cause))?;
        db.pragma_update(None, "journal_mode", "wal")
            .map_err(|cause| bad(&cause))?;
        // Everything here can be had from the chain again: a power cut may cost the last commits, but no consistency.
        db.pragma_update(None, "synchronous", "normal")
            .map_err(|cause| bad(&cause))?;
        db.pragma_update(None, "cache_size", -CACHE_KB)
            .map_err(|cause| bad(&cause))?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        migrations::migrations::runner()
            .run(&mut db)
            .map_err(|cause| bad(&cause))?;
        Ok(Self {
            db,
            _lock: Some(lock),
        })
    }

    pub(super) fn open_to_read(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::Missing(path.into()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db =
            Connection::open_with_flags(path, flags).map_err(|cause| no_index(path, &cause))?;
        db.pragma_update(None, "mmap_size", MAPPED_BYTES)
            .map_err(|cause| no_index(path, &cause))?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        db.busy_timeout(PATIENCE)
            .map_err(|cause| no_index(path, &cause))?;
        Ok(Self { db, _lock: None })
    }

    pub(super) fn run(&self, sql: &str) -> Result<()> {
        Ok(self.db.execute_batch(sql).map_err(DatabaseError::from)?)
    }

    pub(super) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let changed = self
            .prepare(sql)?
            .execute(params_from_iter(params))
            .map_err(DatabaseError::from)?;
        Ok(changed as u64)
    }

    pub(super) fn each(
        &self,
        sql: &str,
        params: &[Value<'_>],
        tell: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        each(&mut self.prepare(sql)?, params, tell)
    }

    pub(super) fn insert<'a>(
        &self,
        table: Table,
        clash: Clash,
        rows: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<()> {
        let mut rows = rows.into_iter().peekable();
        let Some(first) = rows.peek() else {
            return Ok(());
        };
        let marks = vec!["?"; first.len()].join(", ");
        let (or, end) = match clash {
            Clash::Fail => ("", ""),
            Clash::Replace => (" OR REPLACE", ""),
            Clash::Keep => ("", " ON CONFLICT DO NOTHING"),
        };
        let sql = format!("INSERT{or} INTO {} VALUES ({marks}){end}", table.name);
        let mut statement = self.prepare(&sql)?;
        for row in rows {
            statement
                .execute(params_from_iter(&row))
                .map_err(DatabaseError::from)?;
        }
        Ok(())
    }

    pub(super) fn find<'a>(
        &self,
        table: Table,
        keys: impl IntoIterator<Item = Vec<Value<'a>>>,
        mut tell: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let sql = format!("SELECT * FROM {} WHERE {}", table.name, of_key(table));
        let mut statement = self.prepare(&sql)?;
        for key in keys {
            each(&mut statement, &key, &mut tell)?;
        }
        Ok(())
    }

    pub(super) fn remove<'a>(
        &self,
        table: Table,
        keys: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE {}", table.name, of_key(table));
        let mut statement = self.prepare(&sql)?;
        for key in keys {
            statement
                .execute(params_from_iter(&key))
                .map_err(DatabaseError::from)?;
        }
        Ok(())
    }

    pub(super) fn columns(&self, table: Table) -> Result<Vec<String>> {
        let statement = self.prepare(&format!("SELECT * FROM {}", table.name))?;
        let names = statement.column_names().map(str::to_owned);
        Ok(names.collect())
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        Ok(self.db.prepare_cached(sql).map_err(DatabaseError::from)?)
    }
}

fn each(
    statement: &mut CachedStatement<'_>,
    params: &[Value<'_>],
    mut tell: impl FnMut(Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut rows = statement
        .query(params_from_iter(params))
        .map_err(DatabaseError::from)?;
    while let Some(row) = rows.next().map_err(DatabaseError::from)? {
        tell(Row::Sqlite(row))?;
    }
    Ok(())
}

fn of_key(table: Table) -> String {
    let conditions = table.key.iter().map(|column| format!("{column} = ?"));
    conditions.collect::<Vec<_>>().join(" AND ")
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
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.into())),
        Err(TryLockError::Error(cause)) => Err(io(cause)),
    }
}

fn no_index(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::NoIndex {
        index: path.into(),
        cause: cause.to_string(),
    }
}
