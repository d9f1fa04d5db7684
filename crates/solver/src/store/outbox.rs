//! Transactions, from before they are sent until they are final.

use ayumi_chain::Signed;
use rusqlite::{Connection, Row, params};

use super::{Result, bytes};

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
