//! Transactions, from before they are sent until they are final.

use ayumi_chain::Signed;
use rusqlite::{Connection, Row, params};

use super::{Result, bytes};

/// A transaction on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The bytes.
    pub signed: Signed,
    /// What it does, for the log.
    pub what: String,
    /// When it is too late to send it, in Unix seconds.
    pub until: u64,
}

/// The transactions that are not final yet, in the order of their nonces.
pub fn outbox(db: &Connection) -> Result<Vec<Outgoing>> {
    let mut rows =
        db.prepare_cached("SELECT nonce, hash, raw, what, until FROM outbox ORDER BY nonce")?;
    let outgoing = |row: &Row<'_>| {
        let raw: Vec<u8> = row.get(2)?;
        let signed = Signed {
            nonce: row.get(0)?,
            hash: bytes(row, 1)?.into(),
            raw: raw.into(),
        };
        Ok(Outgoing {
            signed,
            what: row.get(3)?,
            until: row.get(4)?,
        })
    };
    Ok(rows
        .query_map([], outgoing)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Stores a transaction, before it is sent.
pub fn post(db: &Connection, outgoing: &Outgoing) -> Result<()> {
    let Outgoing {
        signed,
        what,
        until,
    } = outgoing;
    let row = params![
        signed.nonce,
        signed.hash.as_slice(),
        signed.raw.as_ref(),
        what,
        until
    ];
    db.execute("INSERT INTO outbox VALUES (?1, ?2, ?3, ?4, ?5)", row)?;
    Ok(())
}

/// Forgets a transaction that is final, or never will be.
pub fn unpost(db: &Connection, nonce: u64) -> Result<()> {
    db.execute("DELETE FROM outbox WHERE nonce = ?1", [nonce])?;
    Ok(())
}
