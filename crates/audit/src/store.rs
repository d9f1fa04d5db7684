//! What is written into an index, by its one writer, while any number may read.

use alloy::primitives::{Address, B256};
use ayumi_chain::{Contracts, Cursor, Entry, Head};

use crate::db::{Clash, Db, Row, Table, ToValue, Value, params};
use crate::error::{DatabaseError, Error, Result};
use crate::event::{Event, Raw, block_of, first_of, kinds};
use crate::ledger::Ledger;
use crate::location::Location;

/// Blocks that can be taken back one by one; for what is older, everything is made anew from the raw rows. More than any
/// reorg of a consortium's chain reaches.
pub(crate) const UNDO_BLOCKS: u64 = 64;

/// Events that are read at once when everything is made anew.
const PART: i64 = 20_000;

/// The last second of the year 9999: what is later was counted in something else than seconds.
const LAST_SECOND: i64 = 253_402_300_799;

pub(crate) const EVENT: Table = Table {
    name: "event",
    key: &["id"],
};

pub(crate) const BLOCK: Table = Table {
    name: "block",
    key: &["number"],
};

const CHECKPOINT: Table = Table {
    name: "checkpoint",
    key: &["number"],
};

const KIND: Table = Table {
    name: "kind",
    key: &["id"],
};

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

/// The one writer of an index.
#[derive(Debug)]
pub struct Writer {
    location: Location,
    db: Db,
    deployment: Deployment,
    ledger: Ledger,
    /// What was taken and is not kept yet, in a transaction that is open.
    taken: Option<Taken>,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    events: usize,
    can_undo: bool,
}

impl Writer {
    /// Opens the index for `deployment` alone, and makes it where there is none.
    pub fn open(at: impl Into<Location>, deployment: Deployment) -> Result<Self> {
        let location = at.into();
        let db = Db::open_to_write(&location)?;
        check_deployment(&db, deployment)?;
        let kinds = kinds().map(|(id, name)| vec![Value::Integer(id), name.to_value()]);
        db.insert(KIND, Clash::Replace, kinds)?;
        Ok(Self {
            location,
            db,
            deployment,
            ledger: Ledger::default(),
            taken: None,
        })
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Which deployment it is of.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// How far the chain was read.
    pub fn cursor(&self) -> Result<Option<Cursor>> {
        Ok(self.checkpoint()?.map(|checkpoint| checkpoint.cursor))
    }

    /// The same, with its time.
    pub(crate) fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let newest = "SELECT number, hash, at FROM checkpoint ORDER BY number DESC LIMIT 1";
        self.db.row(newest, &[], |row| {
            Ok(Checkpoint {
                cursor: to_cursor(row)?,
                at: row.get(2)?,
            })
        })
    }

    /// All positions to go back to, newest first. Blocks with events are among them.
    pub(crate) fn checkpoints(&self) -> Result<Vec<Cursor>> {
        self.db.rows(
            "SELECT number, hash FROM checkpoint UNION SELECT number, hash FROM block ORDER BY 1 DESC LIMIT 2000",
            &[],
            to_cursor,
        )
    }

    /// Takes the events of the next blocks; [`keep`](Self::keep) keeps them and all that was taken before, in one
    /// transaction, or [`drop_taken`](Self::drop_taken) none of it. With `can_undo` the blocks can be taken back one by one;
    /// without, which is faster, for blocks that will stay.
    pub(crate) fn take(&mut self, events: &[Event], can_undo: bool) -> Result<()> {
        if self.taken.is_none() {
            self.db.begin()?;
        }
        let before = self.taken.map_or(0, |taken| taken.events);
        self.taken = Some(Taken {
            events: before + events.len(),
            can_undo,
        });
        let written = self.write(events, can_undo);
        self.or_drop(written)
    }

    /// Keeps what was taken, and that it reaches up to here.
    pub(crate) fn keep(&mut self, end: Checkpoint) -> Result<()> {
        let Some(taken) = self.taken else {
            return Ok(());
        };
        let kept = self.end(taken, end).and_then(|()| self.db.commit());
        self.or_drop(kept)?;
        self.taken = None;
        Ok(())
    }

    /// Forgets what was taken and not kept.
    pub(crate) fn drop_taken(&mut self) {
        if self.taken.take().is_some() {
            // What cannot be rolled back is not there any more.
            let _ = self.db.roll_back();
            self.ledger = Ledger::default();
        }
    }

    /// Writes the logs of blocks up to `head`, which are not in the index yet.
    pub fn append(&mut self, entries: &[Entry], head: Head, can_undo: bool) -> Result<()> {
        let contracts = self.deployment.contracts;
        let events = entries.iter().map(|entry| Event::of(entry, contracts));
        self.take(&events.collect::<Vec<_>>(), can_undo)?;
        self.keep(Checkpoint::of(head))
    }

    /// Forgets the blocks after this one, and everything that followed from them.
    pub fn go_back_to(&mut self, head: Head) -> Result<()> {
        self.go_back(Checkpoint::of(head))
    }

    fn or_drop(&mut self, done: Result<()>) -> Result<()> {
        if done.is_err() {
            self.drop_taken();
        }
        done
    }

    fn write(&mut self, events: &[Event], can_undo: bool) -> Result<()> {
        for event in events {
            check_time(event.id, event.at)?;
        }
        let blocks = || events.chunk_by(|one, next| block_of(one.id) == block_of(next.id));
        self.db
            .insert(EVENT, Clash::Fail, events.iter().map(row_of))?;
        self.db.insert(
            BLOCK,
            Clash::Fail,
            blocks().map(|block| row_of_block(&block[0])),
        )?;
        self.ledger.fetch(&self.db, events)?;
        for block in blocks() {
            self.apply(block)?;
            if can_undo {
                self.ledger.write(&self.db, block_of(block[0].id), true)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, taken: Taken, end: Checkpoint) -> Result<()> {
        let number = end.cursor.number;
        check_time(first_of(i64::try_from(number).unwrap_or(0)), end.at)?;
        if !taken.can_undo {
            self.ledger.write(&self.db, 0, false)?;
            let undo_after = "UPDATE deployment SET undo_after = ?1";
            self.db.execute(undo_after, params![number])?;
        }
        let events = "UPDATE deployment SET events = events + ?1";
        self.db.execute(events, params![taken.events])?;
        self.reach(end)?;
        self.prune(number.saturating_sub(UNDO_BLOCKS))
    }

    fn apply(&mut self, events: &[Event]) -> Result<()> {
        let operator = self.deployment.contracts.operator;
        events
            .iter()
            .try_for_each(|event| self.ledger.apply(&self.db, event, operator))
    }

    fn reach(&self, to: Checkpoint) -> Result<()> {
        let Cursor { number, hash } = to.cursor;
        let row = params![number, hash.0, to.at].to_vec();
        self.db.insert(CHECKPOINT, Clash::Replace, [row])
    }

    fn prune(&self, before: u64) -> Result<()> {
        let steps = [
            "DELETE FROM undo WHERE block <= ?1",
            "DELETE FROM checkpoint WHERE number < ?1",
            "UPDATE deployment SET undo_after = ?1 WHERE undo_after < ?1",
        ];
        for step in steps {
            self.db.execute(step, params![before])?;
        }
        Ok(())
    }

    /// Forgets the blocks after `cursor`, and everything that followed from them.
    pub(crate) fn go_back(&mut self, to: Checkpoint) -> Result<()> {
        self.anew(|writer| {
            let number = i64::try_from(to.cursor.number).unwrap_or(i64::MAX);
            let undo_after = "SELECT undo_after FROM deployment";
            let undo_after: Option<i64> = writer.db.row(undo_after, &[], |row| row.get(0))?;
            let is_near = undo_after.is_some_and(|undo_after| number >= undo_after);
            if is_near {
                writer.ledger.restore(&writer.db, number)?;
            }
            writer.forget(number)?;
            if number != 0 {
                writer.reach(to)?;
            }
            if is_near { Ok(()) } else { writer.derive() }
        })
    }

    /// Removes the rows of the blocks after `number`, and of what showed in them.
    fn forget(&self, number: i64) -> Result<()> {
        let first = first_of(number + 1);
        let events = "DELETE FROM event WHERE id >= ?1";
        let gone = self.db.execute(events, params![first])?;
        for (step, from) in [
            ("DELETE FROM finding WHERE event >= ?1", first),
            ("DELETE FROM note WHERE event >= ?1", first),
            ("DELETE FROM block WHERE number > ?1", number),
            ("DELETE FROM checkpoint WHERE number > ?1", number),
            ("DELETE FROM undo WHERE block > ?1", number),
        ] {
            self.db.execute(step, params![from])?;
        }
        let left = "UPDATE deployment SET events = events - ?1";
        self.db.execute(left, params![gone]).map(|_| ())
    }

    /// Makes everything anew that follows from the raw rows, without asking a node.
    pub fn rebuild(&mut self) -> Result<()> {
        self.anew(Self::derive)
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
            self.db.execute(&format!("DELETE FROM {table}"), &[])?;
        }
        let newest = self.cursor()?.map_or(0, |cursor| cursor.number);
        let undo_after = "UPDATE deployment SET undo_after = ?1";
        self.db.execute(undo_after, params![newest])?;
        let mut next = 0;
        loop {
            let events = self.stored(next)?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            next = last.id + 1;
            self.ledger.fetch(&self.db, &events)?;
            self.apply(&events)?;
            self.ledger.write(&self.db, 0, false)?;
        }
    }

    /// Raw rows from an id on.
    pub(crate) fn stored(&self, from: i64) -> Result<Vec<Event>> {
        self.db.rows(
            "SELECT event.id, block.at, block.hash, transaction_hash, contract, kind, subject, topics, log
             FROM event JOIN block ON block.number = event.id >> 20 WHERE event.id >= ?1 ORDER BY event.id LIMIT ?2",
            params![from, PART],
            |row| self.to_event(row),
        )
    }

    fn to_event(&self, row: Row<'_>) -> Result<Event> {
        let raw = Raw {
            contract: row.get(4)?,
            kind: row.get(5)?,
            subject: row.get(6)?,
            topics: row.get(7)?,
            log: row.get(8)?,
        };
        let said = raw
            .said(self.deployment.contracts)
            .ok_or(DatabaseError::Unreadable {
                expected: "a log",
                found: "other bytes",
            })?;
        Ok(Event {
            id: row.get(0)?,
            at: row.get(1)?,
            block_hash: row.get::<[u8; 32]>(2)?.into(),
            transaction: row.get::<[u8; 32]>(3)?.into(),
            said,
            raw,
        })
    }

    /// Changes what was kept before, in one transaction; nothing that the ledger knew holds after it.
    fn anew(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.drop_taken();
        self.ledger = Ledger::default();
        self.db.begin()?;
        let done = work(self).and_then(|()| self.db.commit());
        self.ledger = Ledger::default();
        if done.is_err() {
            // What cannot be rolled back was not begun.
            let _ = self.db.roll_back();
        }
        done
    }
}

fn check_time(event: i64, at: i64) -> Result<()> {
    if (0..=LAST_SECOND).contains(&at) {
        return Ok(());
    }
    Err(Error::Inconsistent {
        event,
        cause: format!("its block's time, {at}, is no second of the years up to 9999"),
    })
}

fn row_of(event: &Event) -> Vec<Value<'_>> {
    let raw = &event.raw;
    vec![
        event.id.to_value(),
        event.transaction.0.to_value(),
        raw.contract.to_value(),
        raw.kind.to_value(),
        raw.subject.to_value(),
        raw.topics.to_value(),
        raw.log.to_value(),
    ]
}

fn row_of_block(first: &Event) -> Vec<Value<'_>> {
    vec![
        Value::Integer(block_of(first.id)),
        first.block_hash.0.to_value(),
        first.at.to_value(),
    ]
}

/// Opens an index to read, which may be written at the same time.
pub(crate) fn open_to_read(at: &Location) -> Result<Db> {
    let db = Db::open_to_read(at)?;
    stored_deployment(&db).map_err(|error| match error {
        Error::Database(cause) if !cause.is_lost() => Error::NoIndex {
            index: at.clone(),
            cause: cause.to_string(),
        },
        error => error,
    })?;
    Ok(db)
}

fn check_deployment(db: &Db, given: Deployment) -> Result<()> {
    let Some((chain_id, genesis, operator)) = stored_deployment(db)? else {
        let operator = given.contracts.operator.as_slice();
        let row = params![given.chain_id, given.genesis.0, operator];
        let new = "INSERT INTO deployment VALUES (?1, ?2, ?3, 0, 0)";
        return db.execute(new, row).map(|_| ());
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
pub(crate) fn stored_deployment(db: &Db) -> Result<Option<(u64, B256, Address)>> {
    db.row(
        "SELECT chain_id, genesis, operator FROM deployment",
        &[],
        |row| {
            let (genesis, operator): ([u8; 32], [u8; 20]) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, genesis.into(), operator.into()))
        },
    )
}

fn to_cursor(row: Row<'_>) -> Result<Cursor> {
    let hash: [u8; 32] = row.get(1)?;
    Ok(Cursor {
        number: row.get(0)?,
        hash: hash.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Raw, Said};

    fn event(number: i64, index: i64) -> Event {
        Event {
            id: first_of(number) + index,
            at: 1,
            block_hash: B256::ZERO,
            transaction: B256::ZERO,
            raw: Raw {
                contract: 0,
                kind: 0,
                subject: None,
                topics: 0,
                log: Vec::new(),
            },
            said: Said::Other,
        }
    }

    fn end(number: u64) -> Checkpoint {
        let cursor = Cursor {
            number,
            hash: B256::with_last_byte(1),
        };
        Checkpoint { cursor, at: 1 }
    }

    #[test]
    fn what_was_taken_is_kept_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let deployment = Deployment {
            chain_id: 1,
            genesis: B256::ZERO,
            contracts: Contracts {
                consortium: Address::ZERO,
                token: Address::with_last_byte(1),
                operator: Address::with_last_byte(2),
            },
        };
        let (first, next) = ([event(1, 0), event(1, 1)], [event(2, 0)]);
        for can_undo in [false, true] {
            let mut writer = Writer::open(path.as_path(), deployment).unwrap();
            let before = writer.stored(0).unwrap().len();
            writer.take(&first, can_undo).unwrap();
            writer.drop_taken();
            assert_eq!(writer.stored(0).unwrap().len(), before);
            writer.take(&first, can_undo).unwrap();
            // An event that is there already fails, and takes along what was taken before.
            writer.take(&first, can_undo).unwrap_err();
            assert_eq!(writer.stored(0).unwrap().len(), before);
            // So does the end of whoever was taking.
            writer.take(&first, can_undo).unwrap();
            drop(writer);

            let mut writer = Writer::open(path.as_path(), deployment).unwrap();
            assert_eq!(writer.stored(0).unwrap().len(), before);
            writer.take(&first, can_undo).unwrap();
            writer.take(&next, can_undo).unwrap();
            writer.keep(end(3)).unwrap();
            drop(writer);

            let mut writer = Writer::open(path.as_path(), deployment).unwrap();
            assert_eq!(writer.stored(0).unwrap().len(), 3);
            assert_eq!(writer.cursor().unwrap(), Some(end(3).cursor));
            assert_eq!(
                crate::Reader::open(path.as_path())
                    .unwrap()
                    .status()
                    .unwrap()
                    .events,
                3
            );
            writer.go_back(Checkpoint { at: 0, ..end(0) }).unwrap();
            assert_eq!(writer.stored(0).unwrap().len(), 0);
        }
    }
}
