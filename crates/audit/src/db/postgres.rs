//! An index in a database of PostgreSQL, which an advisory lock keeps to one writer.
//!
//! The client waits on a runtime of its own, which it must not do on a thread of another one. So each connection has a
//! thread, which does one job after the other and ends with the connection.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Clash, Row, Table, Value, migrations};
use crate::error::{DatabaseError, Error, Result};
use crate::location::{Location, Server};

/// Until a server that does not answer is given up, where the URL says nothing else.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prepared statements that are kept.
const STATEMENTS: usize = 256;

/// The first half of the advisory lock's number; the schema is the second.
const LOCK: i32 = 0x6179_756d; // "ayum"

/// Of every connection: a writer whose machine went away should lose its lock within minutes, not hours.
const SESSION: &str =
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// Everything here can be had from the chain again: a power cut may cost the last commits, but no consistency.
/// While a transaction is open, the node is asked.
const WRITING: &str = "SET synchronous_commit = off; SET client_min_messages = warning; \
                       SET idle_in_transaction_session_timeout = 0";

type Job = Box<dyn FnOnce(&mut Session) + Send>;
type Rows = Vec<Vec<Value<'static>>>;

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// Jobs for the thread, for as long as it should run.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread has.
struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Postgres {
    pub(super) fn open_to_write(server: &Server) -> Result<Self> {
        let location = || Location::Server(Box::new(server.clone()));
        let db = Self::open(server)?;
        db.run(WRITING)?;
        // Without a schema the tables cannot be made, which is told then.
        let lock = "SELECT CAST(pg_try_advisory_lock(?1, coalesce(hashtext(current_schema()), 0)) AS INTEGER)";
        let (mut is_ours, lock_number) = (0_i64, i64::from(LOCK));
        db.each(lock, &[Value::Integer(lock_number)], |row| {
            is_ours = row.get(0)?;
            Ok(())
        })?;
        if is_ours == 0 {
            return Err(Error::InUse(location()));
        }
        let migrated = db.ask(|session| Ok(session.migrate()))?;
        migrated.map_err(|cause| Error::NoIndex {
            index: location(),
            cause,
        })?;
        Ok(db)
    }

    pub(super) fn open_to_read(server: &Server) -> Result<Self> {
        let db = Self::open(server)?;
        match db.execute("SELECT chain_id FROM deployment", &[]) {
            Err(Error::Database(DatabaseError::Postgres(cause)))
                if cause.code() == Some(&SqlState::UNDEFINED_TABLE) =>
            {
                Err(Error::Missing(Location::Server(Box::new(server.clone()))))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(db),
        }
    }

    fn open(server: &Server) -> Result<Self> {
        let (jobs, received) = channel::<Job>();
        let (told, opened) = sync_channel(1);
        let own = server.clone();
        let thread = std::thread::Builder::new().name("postgres".into());
        let thread = thread.spawn(move || {
            let mut session = match connect(&own) {
                Ok(client) => Session {
                    client,
                    statements: HashMap::new(),
                },
                Err(error) => {
                    let _ = told.send(Err(error));
                    return;
                }
            };
            let _ = told.send(Ok(()));
            for job in received {
                job(&mut session);
            }
            // The server may take a moment to see that the connection is gone, and the next writer should not have to wait.
            let _ = session
                .client
                .batch_execute("SELECT pg_advisory_unlock_all()");
        });
        let db = Self {
            jobs: Some(jobs),
            // Without a thread nothing is told, and the connection is as good as closed.
            thread: thread.ok(),
        };
        opened
            .recv()
            .unwrap_or(Err(DatabaseError::Closed))
            .map_err(|error| Error::Unreachable {
                server: Box::new(server.clone()),
                cause: Box::new(error),
            })?;
        Ok(db)
    }

    /// Has the thread do something, and waits for what comes of it.
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T> {
        let (told, done) = sync_channel(1);
        let job: Job = Box::new(move |session| {
            let _ = told.send(work(session));
        });
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        let done = if sent { done.recv().ok() } else { None };
        Ok(done.unwrap_or(Err(DatabaseError::Closed))?)
    }

    pub(super) fn run(&self, sql: &'static str) -> Result<()> {
        self.ask(move |session| Ok(session.client.batch_execute(sql)?))
    }

    pub(super) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let (sql, params) = (sql.to_owned(), owned(params));
        self.ask(move |session| session.execute(&sql, &params))
    }

    pub(super) fn each(
        &self,
        sql: &str,
        params: &[Value<'_>],
        tell: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let (sql, params) = (sql.to_owned(), owned(params));
        let rows = self.ask(move |session| session.query(&sql, &params))?;
        rows.iter().map(Row::Postgres).try_for_each(tell)
    }

    pub(super) fn insert<'a>(
        &self,
        table: Table,
        clash: Clash,
        rows: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<()> {
        let rows: Rows = rows.into_iter().map(|row| owned(&row)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.ask(move |session| match clash {
            Clash::Fail => session.copy(table, &rows),
            Clash::Replace | Clash::Keep => session.put(table, clash, rows),
        })
    }

    pub(super) fn find<'a>(
        &self,
        table: Table,
        keys: impl IntoIterator<Item = Vec<Value<'a>>>,
        tell: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let keys: Rows = keys.into_iter().map(|key| owned(&key)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let found = self.ask(move |session| {
            let asked = session.unnested(table, table.key)?;
            let sql = format!(
                "SELECT it.* FROM {} AS it JOIN {asked} ON {}",
                table.name,
                of_key(table)
            );
            session.query(&sql, &by_column(keys))
        })?;
        found.iter().map(Row::Postgres).try_for_each(tell)
    }

    pub(super) fn remove<'a>(
        &self,
        table: Table,
        keys: impl IntoIterator<Item = Vec<Value<'a>>>,
    ) -> Result<()> {
        let keys: Rows = keys.into_iter().map(|key| owned(&key)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.ask(move |session| {
            let asked = session.unnested(table, table.key)?;
            let sql = format!(
                "DELETE FROM {} AS it USING {asked} WHERE {}",
                table.name,
                of_key(table)
            );
            session.execute(&sql, &by_column(keys)).map(|_| ())
        })
    }

    pub(super) fn columns(&self, table: Table) -> Result<Vec<String>> {
        self.ask(move |session| {
            let columns = session.columns(table)?;
            Ok(columns.into_iter().map(|(name, _)| name).collect())
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It panics at nothing that is not told elsewhere.
            let _ = thread.join();
        }
    }
}

impl Session {
    fn prepare(&mut self, sql: &str) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let statement = self.client.prepare(&sql.replace('?', "$"))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn query<T: ToSql + Sync>(
        &mut self,
        sql: &str,
        params: &[T],
    ) -> Result<Vec<postgres::Row>, DatabaseError> {
        let statement = self.prepare(sql)?;
        let params: Vec<_> = params.iter().map(as_param).collect();
        Ok(self.client.query(&statement, &params)?)
    }

    fn execute<T: ToSql + Sync>(&mut self, sql: &str, params: &[T]) -> Result<u64, DatabaseError> {
        let statement = self.prepare(sql)?;
        let params: Vec<_> = params.iter().map(as_param).collect();
        Ok(self.client.execute(&statement, &params)?)
    }

    /// The names and types of a table's columns.
    fn columns(&mut self, table: Table) -> Result<Vec<(String, Type)>, DatabaseError> {
        let statement = self.prepare(&format!("SELECT * FROM {}", table.name))?;
        let columns = statement.columns().iter();
        Ok(columns
            .map(|column| (column.name().to_owned(), column.type_().clone()))
            .collect())
    }

    fn copy(&mut self, table: Table, rows: &Rows) -> Result<(), DatabaseError> {
        let types: Vec<_> = self.columns(table)?.into_iter().map(|(_, of)| of).collect();
        let sql = format!("COPY {} FROM STDIN (FORMAT BINARY)", table.name);
        let mut writer = BinaryCopyInWriter::new(self.client.copy_in(&sql)?, &types);
        for row in rows {
            writer.write_raw(row)?;
        }
        writer.finish()?;
        Ok(())
    }

    fn put(&mut self, table: Table, clash: Clash, rows: Rows) -> Result<(), DatabaseError> {
        let columns = self.columns(table)?;
        let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let replaced: Vec<_> = names
            .iter()
            .filter(|name| !table.key.contains(*name))
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let end = if clash == Clash::Replace {
            format!("UPDATE SET {}", replaced.join(", "))
        } else {
            "NOTHING".into()
        };
        let sql = format!(
            "INSERT INTO {} SELECT * FROM {} ON CONFLICT ({}) DO {end}",
            table.name,
            self.unnested(table, &names)?,
            table.key.join(", ")
        );
        self.execute(&sql, &by_column(rows)).map(|_| ())
    }

    /// Parameters, one list for each column, as rows.
    fn unnested(&mut self, table: Table, names: &[&str]) -> Result<String, DatabaseError> {
        let columns = self.columns(table)?;
        let type_of = |name: &str| columns.iter().find(|(column, _)| column == name);
        let lists = names.iter().zip(1..).map(|(name, place)| {
            let of = type_of(name).map_or("bigint", |(_, of)| of.name());
            format!("CAST(?{place} AS {of}[])")
        });
        let lists = lists.collect::<Vec<_>>().join(", ");
        Ok(format!("unnest({lists}) AS asked ({})", names.join(", ")))
    }

    /// The tables are those of SQLite, with the names that types have here.
    fn migrate(&mut self) -> Result<(), String> {
        let runner = migrations::migrations::runner();
        let here = runner.get_migrations().iter().map(|migration| {
            let name = format!("V{}__{}", migration.version(), migration.name());
            refinery::Migration::unapplied(&name, &dialect(migration.sql().unwrap_or_default()))
        });
        let here = here
            .collect::<Result<Vec<_>, _>>()
            .map_err(|cause| cause.to_string())?;
        let migrated = refinery::Runner::new(&here).run(&mut self.client);
        migrated.map(|_| ()).map_err(|cause| innermost(&cause))
    }
}

fn as_param<T: ToSql + Sync>(value: &T) -> &(dyn ToSql + Sync) {
    value
}

fn owned(values: &[Value<'_>]) -> Vec<Value<'static>> {
    values.iter().cloned().map(Value::into_owned).collect()
}

/// A list for each column.
fn by_column(rows: Rows) -> Rows {
    let mut columns = Vec::new();
    for row in rows {
        columns.resize_with(row.len(), Vec::new);
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

fn of_key(table: Table) -> String {
    let conditions = table.key.iter();
    let conditions = conditions.map(|column| format!("it.{column} = asked.{column}"));
    conditions.collect::<Vec<_>>().join(" AND ")
}

fn dialect(sql: &str) -> String {
    let without_options = sql
        .replace(") STRICT, WITHOUT ROWID;", ");")
        .replace(") STRICT;", ");");
    without_options
        .replace(" INTEGER", " BIGINT")
        .replace(" BLOB", " BYTEA")
}

fn connect(server: &Server) -> Result<Client, DatabaseError> {
    let mut config = server.config().clone();
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("ayumi");
    }
    let is_near = |host: &Host| matches!(host, Host::Unix(_));
    let hosts = config.get_hosts();
    let is_plain = config.get_ssl_mode() == SslMode::Disable
        || (!hosts.is_empty() && hosts.iter().all(is_near));
    let mut client = if is_plain {
        config.connect(NoTls)?
    } else {
        config.connect(tls()?)?
    };
    client.batch_execute(SESSION)?;
    Ok(client)
}

/// TLS to servers that have a certificate of an authority that this system trusts.
fn tls() -> Result<MakeRustlsConnect, DatabaseError> {
    // It fails where it was done before, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (connector, unread) = MakeRustlsConnect::with_native_certs().map_err(|causes| {
        DatabaseError::Authorities(
            causes
                .first()
                .map_or_else(|| "there are none".to_owned(), ToString::to_string),
        )
    })?;
    for cause in unread {
        tracing::warn!(%cause, "a certificate authority of this system was left out");
    }
    Ok(connector)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

pub(super) fn value(row: &postgres::Row, column: usize) -> Result<Value<'_>> {
    Ok(row.try_get(column).map_err(DatabaseError::from)?)
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(
        of: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *of {
            Type::INT8 => Self::Integer(i64::from_sql(of, raw)?),
            Type::INT4 => Self::Integer(i32::from_sql(of, raw)?.into()),
            Type::BYTEA => Self::Bytes(<&[u8]>::from_sql(of, raw)?.into()),
            _ => Self::Text(<&str>::from_sql(of, raw)?.into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    accepts!(INT8, INT4, BYTEA, TEXT, VARCHAR);
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, of) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT8) => number.to_sql(of, out),
            (Self::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(of, out),
            (Self::Text(text), &Type::TEXT) => text.to_sql(of, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(of, out),
            (Self::List(numbers), &Type::INT8_ARRAY) => numbers.to_sql(of, out),
            _ => Err(format!("{self:?} is no {of}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // `to_sql` looks at each value
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_sqlite_is_left_in_the_tables() {
        for migration in migrations::migrations::runner().get_migrations() {
            let sql = dialect(migration.sql().unwrap());
            let statements = sql.lines().filter(|line| !line.starts_with("--"));
            for line in statements {
                for word in ["STRICT", "ROWID", "INTEGER", "BLOB", "AUTOINCREMENT"] {
                    assert!(!line.contains(word), "{line}");
                }
            }
        }
    }
}
