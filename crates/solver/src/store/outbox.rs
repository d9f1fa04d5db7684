//! Transactions, from before they are sent until they are final.

use std::collections::HashSet;

use alloy::primitives::B256;
use ayumi_chain::Signed;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Logged, Result, bytes};

/// Seconds until a task is tried again that was tried in vain: doubled each time, up to [`LONGEST_PAUSE_S`].
const PAUSE_S: u64 = 1;

/// Five minutes.
const LONGEST_PAUSE_S: u64 = 300;

/// No time is too late: SQLite's largest number.
pub const NEVER: u64 = i64::MAX as u64;

/// A transaction on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place among the account's transactions.
    pub nonce: u64,
    /// What it does, for the log.
    pub what: String,
    /// When it is too late to send it, in Unix seconds; [`NEVER`] once a node has it, since what it says is out.
    pub until: u64,
    /// What was signed for it, the cheapest first. Each may have been sent.
    pub attempts: Vec<Signed>,
}

/// The transactions that are in no block yet, in the order of their nonces.
pub fn outbox(db: &Connection) -> Result<Vec<Outgoing>> {
    let mut rows = db.prepare_cached(
        "SELECT nonce, what, until FROM outbox WHERE block IS NULL ORDER BY nonce",
    )?;
    let outgoing = |row: &Row<'_>| {
        Ok(Outgoing {
            nonce: row.get(0)?,
            what: row.get(1)?,
            until: row.get(2)?,
            attempts: Vec::new(),
        })
    };
    let mut all = rows
        .query_map([], outgoing)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for outgoing in &mut all {
        outgoing.attempts = attempts(db, outgoing.nonce)?;
    }
    Ok(all)
}

/// The first nonce that the store has no transaction for.
pub fn next_nonce(db: &Connection) -> Result<u64> {
    let next = "SELECT coalesce(max(nonce) + 1, 0) FROM outbox";
    Ok(db.prepare_cached(next)?.query_row([], |row| row.get(0))?)
}

/// The nonces that the store has transactions for, mined or not.
pub fn nonces(db: &Connection) -> Result<HashSet<u64>> {
    let mut rows = db.prepare_cached("SELECT nonce FROM outbox")?;
    Ok(rows
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Stores a transaction with the tasks that it is for, before it is sent.
pub fn post(db: &Connection, outgoing: &Outgoing, tasks: &[u64]) -> Result<()> {
    let Outgoing {
        nonce,
        what,
        until,
        attempts,
    } = outgoing;
    db.prepare_cached("INSERT INTO outbox VALUES (?1, ?2, ?3, NULL)")?
        .execute(params![nonce, what, until])?;
    for signed in attempts {
        attempt(db, signed)?;
    }
    let mut claim = db.prepare_cached(
        "UPDATE task SET nonce = ?2 WHERE id = ?1 AND nonce IS NULL AND ending IS NULL",
    )?;
    for task in tasks {
        claim.execute(params![task, nonce])?;
    }
    Ok(())
}

/// Stores another attempt at a nonce, before it is sent.
pub fn attempt(db: &Connection, signed: &Signed) -> Result<()> {
    let Signed { nonce, hash, raw } = signed;
    db.prepare_cached("INSERT INTO attempt VALUES (?1, ?2, ?3)")?
        .execute(params![hash.as_slice(), nonce, raw.as_ref()])?;
    Ok(())
}

/// Turns a transaction into one that does nothing but use its nonce, for which `signed` is stored; its tasks are decided
/// about again.
pub fn fill(db: &Connection, signed: &Signed, what: &str) -> Result<()> {
    release(db, signed.nonce)?;
    db.execute(
        "UPDATE outbox SET what = ?2, until = ?3 WHERE nonce = ?1",
        params![signed.nonce, what, NEVER],
    )?;
    attempt(db, signed)
}

/// A node has a transaction: it is to be sent until its nonce is used, whatever time it is.
pub fn shown(db: &Connection, nonce: u64) -> Result<()> {
    db.prepare_cached("UPDATE outbox SET until = ?2 WHERE nonce = ?1")?
        .execute(params![nonce, NEVER])?;
    Ok(())
}

/// A transaction was mined in `block`, all of whose logs were read. A task of it that did not end is tried again later.
pub fn mined(db: &Connection, nonce: u64, block: u64) -> Result<()> {
    db.prepare_cached("UPDATE outbox SET block = ?2 WHERE nonce = ?1 AND block IS NULL")?
        .execute(params![nonce, block])?;
    shown(db, nonce)?;
    release(db, nonce)
}

/// The transactions of ours among these were mined.
pub(super) fn found(db: &Connection, logs: &[Logged]) -> Result<()> {
    let mut seen = HashSet::new();
    let mut ours = db.prepare_cached("SELECT nonce FROM attempt WHERE hash = ?1")?;
    for log in logs.iter().filter(|log| seen.insert(log.transaction)) {
        let nonce = ours
            .query_row([log.transaction.as_slice()], |row| row.get::<_, u64>(0))
            .optional()?;
        if let Some(nonce) = nonce {
            mined(db, nonce, log.block)?;
        }
    }
    Ok(())
}

/// Forgets what was mined no later than the block `settled`.
pub(super) fn prune(db: &Connection, settled: u64) -> Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE block <= ?1")?
        .execute([settled])?;
    Ok(())
}

/// Puts tasks aside for a while that were tried in vain: a second, then two, four and so on, five minutes at most.
pub fn pause(db: &Connection, tasks: &[u64], now: u64) -> Result<()> {
    let mut pause = db.prepare_cached(
        "UPDATE task SET tries = tries + 1, pause_until = ?2 + min(?3 << min(tries, 16), ?4) WHERE id = ?1",
    )?;
    for task in tasks {
        pause.execute(params![task, now, PAUSE_S, LONGEST_PAUSE_S])?;
    }
    Ok(())
}

/// The tasks that a transaction is for.
pub fn tasks_of(db: &Connection, nonce: u64) -> Result<Vec<u64>> {
    let mut rows = db.prepare_cached("SELECT id FROM task WHERE nonce = ?1 AND ending IS NULL")?;
    Ok(rows
        .query_map([nonce], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

fn release(db: &Connection, nonce: u64) -> Result<()> {
    db.prepare_cached("UPDATE task SET nonce = NULL WHERE nonce = ?1 AND ending IS NULL")?
        .execute([nonce])?;
    Ok(())
}

fn attempts(db: &Connection, nonce: u64) -> Result<Vec<Signed>> {
    let mut rows =
        db.prepare_cached("SELECT hash, raw FROM attempt WHERE nonce = ?1 ORDER BY rowid")?;
    let signed = |row: &Row<'_>| {
        let raw: Vec<u8> = row.get(1)?;
        Ok(Signed {
            nonce,
            hash: B256::from(bytes(row, 0)?),
            raw: raw.into(),
        })
    };
    Ok(rows
        .query_map([nonce], signed)?
        .collect::<rusqlite::Result<_>>()?)
}
