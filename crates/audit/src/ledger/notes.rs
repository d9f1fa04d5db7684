//! The hashes of notes, and where each was first.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::B256;

use crate::db::{Clash, Db, Table, ToValue};
use crate::error::Result;

/// The first task whose feedback or answer had a note of this hash.
pub(crate) const NOTE: Table = Table {
    name: "note",
    key: &["hash"],
};

/// The task and the event that a note was first at.
type First = (i64, i64);

/// Notes that are not written yet, and those that were looked for.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    new: BTreeMap<B256, First>,
    stored: HashMap<B256, Option<First>>,
}

impl Notes {
    /// Reads all of these at once, and forgets others.
    pub(super) fn fetch(&mut self, db: &Db, hashes: &[B256]) -> Result<()> {
        self.stored.clear();
        self.look_for(db, hashes)
    }

    fn look_for(&mut self, db: &Db, hashes: &[B256]) -> Result<()> {
        self.stored.extend(hashes.iter().map(|hash| (*hash, None)));
        let keys = hashes.iter().map(|hash| vec![hash.0.to_value()]);
        db.find(NOTE, keys, |row| {
            let hash: [u8; 32] = row.get(0)?;
            let first = (row.get(1)?, row.get(2)?);
            self.stored.insert(hash.into(), Some(first));
            Ok(())
        })
    }

    /// Where a note was before; where it was nowhere, it is here now.
    pub(crate) fn seen(&mut self, db: &Db, hash: B256, here: First) -> Result<Option<First>> {
        if let Some(first) = self.new.get(&hash) {
            return Ok(Some(*first));
        }
        if !self.stored.contains_key(&hash) {
            self.look_for(db, &[hash])?;
        }
        let first = self.stored.get(&hash).copied().flatten();
        if first.is_none() {
            self.new.insert(hash, here);
        }
        Ok(first)
    }

    pub(super) fn write(&mut self, db: &Db) -> Result<()> {
        let rows = self.new.iter().map(|(hash, (task, event))| {
            vec![hash.0.to_value(), task.to_value(), event.to_value()]
        });
        db.insert(NOTE, Clash::Fail, rows)?;
        for (hash, first) in std::mem::take(&mut self.new) {
            self.stored.insert(hash, Some(first));
        }
        Ok(())
    }
}
