//! The database that an index is held in. Nothing outside knows of SQLite or PostgreSQL: statements are written once, in the
//! SQL that both understand, with `?1` for parameters; what is moved in bulk is said by table and rows.

mod postgres;
mod sqlite;
mod value;

use std::collections::BTreeSet;

pub(crate) use value::{FromValue, ToValue, Value};

use crate::error::Result;
use crate::location::Location;
use postgres::Postgres;
use sqlite::Sqlite;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// The values of a statement's parameters.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::ToValue::to_value(&$value)),*] };
}
pub(crate) use params;

/// A table, and the columns that tell its rows apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [&'static str],
}

/// What becomes of a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Clash {
    /// It must not be there.
    Fail,
    /// The new row takes its place.
    Replace,
    /// It stays.
    Keep,
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Db {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// A row of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a ::postgres::Row),
}

impl Row<'_> {
    pub(crate) fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        Ok(T::from_value(self.value(column)?)?)
    }

    pub(crate) fn value(&self, column: usize) -> Result<Value<'_>> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, column),
            Self::Postgres(row) => postgres::value(row, column),
        }
    }
}

impl Db {
    /// The one connection that writes; makes the index where there is none.
    pub(crate) fn open_to_write(at: &Location) -> Result<Self> {
        match at {
            Location::File(path) => Sqlite::open_to_write(path).map(Self::Sqlite),
            Location::Server(server) => Postgres::open_to_write(server).map(Self::Postgres),
        }
    }

    /// One of any number that read, while the index is written or not.
    pub(crate) fn open_to_read(at: &Location) -> Result<Self> {
        match at {
            Location::File(path) => Sqlite::open_to_read(path).map(Self::Sqlite),
            Location::Server(server) => Postgres::open_to_read(server).map(Self::Postgres),
        }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(db) => db.execute(sql, params),
            Self::Postgres(db) => db.execute(sql, params),
        }
    }

    /// Hands each row of an answer to `tell`.
    pub(crate) fn each(
        &self,
        sql: &str,
        params: &[Value<'_>],
        tell: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.each(sql, params, tell),
            Self::Postgres(db) => db.each(sql, params, tell),
        }
    }

    /// All rows of an answer.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.each(sql, params, |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The one row of an answer, if there is one.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.each(sql, params, |row| {
            if found.is_none() {
                found = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Writes whole rows, all at once.
    pub(crate) fn insert<'a>(
        &self,
        table: Table,
        clash: Clash,
        rows: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.insert(table, clash, rows),
            Self::Postgres(db) => db.insert(table, clash, rows),
        }
    }

    /// Hands each row that has one of these keys to `tell`, in any order.
    pub(crate) fn find<'a>(
        &self,
        table: Table,
        keys: impl IntoIterator<Item = Vec<Value<'a>>>,
        tell: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.find(table, keys, tell),
            Self::Postgres(db) => db.find(table, keys, tell),
        }
    }

    /// Removes the rows that have one of these keys.
    pub(crate) fn remove<'a>(
        &self,
        table: Table,
        keys: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.remove(table, keys),
            Self::Postgres(db) => db.remove(table, keys),
        }
    }

    /// The names of a table's columns.
    pub(crate) fn columns(&self, table: Table) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(db) => db.columns(table),
            Self::Postgres(db) => db.columns(table),
        }
    }

    /// The condition that a column is one of the numbers of parameter `place`, which is a [`Value::List`].
    pub(crate) fn among(&self, column: &str, place: usize) -> String {
        match self {
            Self::Sqlite(_) => format!("{column} IN (SELECT value FROM json_each(?{place}))"),
            Self::Postgres(_) => format!("{column} = ANY(?{place})"),
        }
    }

    /// Begins to write; all of it is kept at [`Db::commit`], or nothing.
    pub(crate) fn begin(&self) -> Result<()> {
        self.run(match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        })
    }

    pub(crate) fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    pub(crate) fn roll_back(&self) -> Result<()> {
        self.run("ROLLBACK")
    }

    /// Reads on one state of the index.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.run(match self {
            Self::Sqlite(_) => "BEGIN DEFERRED",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        })?;
        let answer = work();
        let ended = self.roll_back();
        let answer = answer?;
        ended.map(|()| answer)
    }

    fn run(&self, sql: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.run(sql),
            Self::Postgres(db) => db.run(sql),
        }
    }
}

/// Numbers for [`Db::among`].
pub(crate) fn list(numbers: impl IntoIterator<Item = i64>) -> Value<'static> {
    let numbers: BTreeSet<_> = numbers.into_iter().collect();
    Value::List(numbers.into_iter().collect())
}
