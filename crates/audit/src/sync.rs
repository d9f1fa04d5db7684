//! Keeping an index up with the chain.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::B256;
use ayumi_chain::{Chain, Cursor, Entry, Head, Pages};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::event::Event;
use crate::location::Location;
use crate::store::{Batch, Checkpoint, Deployment, UNDO_BLOCKS, Writer};

/// How often a chain may change while it is read before we give up.
const TRIES: usize = 20;

/// Keeps one index up with its chain.
#[derive(Debug)]
pub struct Tracker {
    chain: Chain,
    writer: Option<Writer>,
}

/// What a look at the chain brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events that were written.
    pub events: u64,
    /// How far the chain was read.
    pub cursor: Cursor,
}

/// Pages are gathered until they have so many events, or are so many, and then written at once.
const BATCH_EVENTS: usize = 10_000;
const BATCH_PAGES: usize = 64;

/// Before everything: nothing happens in the first block.
const GENESIS: Checkpoint = Checkpoint {
    cursor: Cursor {
        number: 0,
        hash: B256::ZERO,
    },
    at: 0,
};

/// What became of a range of blocks.
enum Read {
    Done(u64),
    /// A block changed meanwhile.
    Changed,
}

impl Tracker {
    /// Opens the index, or makes it, for the deployment that `chain` is on.
    pub async fn open(chain: Chain, at: impl Into<Location>) -> Result<Self> {
        let at = at.into();
        let genesis = chain.block(BlockNumberOrTag::Number(0)).await?;
        let deployment = Deployment {
            chain_id: chain.chain_id(),
            genesis: genesis.map_or(B256::ZERO, |genesis| genesis.hash),
            contracts: chain.contracts(),
        };
        let writer = Writer::open(at, deployment)?;
        Ok(Self {
            chain,
            writer: Some(writer),
        })
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Reads up to the newest block.
    pub async fn catch_up(&mut self) -> Result<Progress> {
        self.catch_up_to(u64::MAX).await
    }

    /// Reads up to the newest block, and not past block `last`.
    pub async fn catch_up_to(&mut self, last: u64) -> Result<Progress> {
        let mut events = 0;
        for _ in 0..TRIES {
            let head = newest(self.chain.clone(), last).await?;
            self.leave_other_branch(head).await?;
            let next = self
                .writer()?
                .cursor()?
                .map_or(0, |cursor| cursor.number + 1);
            match self.read(next, head).await? {
                Read::Done(more) => {
                    let cursor = self.writer()?.cursor()?;
                    let cursor = cursor.unwrap_or(Cursor {
                        number: head.number,
                        hash: head.hash,
                    });
                    return Ok(Progress {
                        events: events + more,
                        cursor,
                    });
                }
                // What is old was kept, and is taken back when its branch is left.
                Read::Changed => events = 0,
            }
        }
        Err(Error::Restless)
    }

    /// Follows the chain until `shutdown`, and tells of every look at it that brought something or failed. What the node
    /// does not answer is asked again; what does not fit ends it.
    pub async fn follow(
        &mut self,
        shutdown: impl Future<Output = ()>,
        mut tell: impl FnMut(&Result<Progress>),
    ) -> Result<()> {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut last = None;
        loop {
            let step = tokio::select! {
                () = &mut shutdown => return Ok(()),
                step = self.catch_up() => step,
            };
            match &step {
                Ok(progress) if last == Some(progress.cursor) => {}
                Ok(progress) => {
                    last = Some(progress.cursor);
                    tell(&step);
                }
                Err(Error::Chain(_) | Error::Restless) => tell(&step),
                Err(_) => return step.map(|_| ()),
            }
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = tokio::time::sleep(self.chain.network().poll()) => {}
            }
        }
    }

    /// Makes everything anew that follows from the raw rows.
    pub fn rebuild(&mut self) -> Result<()> {
        self.writer()?.rebuild()
    }

    /// Raw rows from an id on.
    pub(crate) fn stored(&self, from: i64) -> Result<Vec<Event>> {
        self.writer.as_ref().ok_or(Error::Restless)?.stored(from)
    }

    fn writer(&mut self) -> Result<&mut Writer> {
        // It is away while a write is under way, and does not come back from one that was broken off.
        if self.writer.is_none() {
            return Err(Error::Restless);
        }
        Ok(self.writer.as_mut().expect("it was looked for"))
    }

    /// Goes back to the newest block that is still on the chain.
    async fn leave_other_branch(&mut self, head: Head) -> Result<()> {
        let chain = self.chain.clone();
        let Some(cursor) = self.writer()?.cursor()? else {
            return Ok(());
        };
        if cursor.is_on(&chain, head).await? {
            return Ok(());
        }
        let checkpoints = self.writer()?.checkpoints()?;
        for earlier in checkpoints {
            let block = chain.block(earlier.number.into()).await?;
            let Some(block) = block.filter(|block| block.hash == earlier.hash) else {
                continue;
            };
            tracing::warn!(
                from = cursor.number,
                to = earlier.number,
                "the chain changed"
            );
            return self.writer()?.go_back(Checkpoint::of(block));
        }
        self.writer()?.go_back(GENESIS)
    }

    /// Reads blocks from `next` to `head`. What may still be taken back comes last, and block by block.
    async fn read(&mut self, next: u64, head: Head) -> Result<Read> {
        let safe = head.number.saturating_sub(UNDO_BLOCKS);
        let mut count = 0;
        for (from, to, can_undo) in [(next, safe, false), (next.max(safe + 1), head.number, true)] {
            if from > to || (to == 0 && from == 0 && !can_undo) {
                continue;
            }
            let end = if can_undo {
                head
            } else {
                newest(self.chain.clone(), to).await?
            };
            match self.read_pages(from, end, can_undo).await? {
                Read::Done(more) => count += more,
                Read::Changed => return Ok(Read::Changed),
            }
        }
        Ok(Read::Done(count))
    }

    /// While a batch is written, the next one is decoded, and pages after it are on their way. Each is written only if `end`
    /// is still on the chain after it was read: then all of it is of this chain.
    async fn read_pages(&mut self, from: u64, end: Head, can_undo: bool) -> Result<Read> {
        let pages = self.chain.pages(from, end.number);
        let mut batches = decoded(self.chain.clone(), pages, end);
        let mut writing: Option<JoinHandle<(Writer, Result<()>)>> = None;
        let mut count = 0;
        loop {
            let next = batches.recv().await;
            if let Some(writing) = writing.take() {
                let (writer, written) = writing.await.map_err(|_| Error::Restless)?;
                self.writer = Some(writer);
                written?;
            }
            let batch = match next {
                None => return Ok(Read::Done(count)),
                Some(Err(Error::Restless)) => return Ok(Read::Changed),
                Some(batch) => batch?,
            };
            if !is_there(self.chain.clone(), end).await? {
                return Ok(Read::Changed);
            }
            count += batch.events.len() as u64;
            let Some(mut writer) = self.writer.take() else {
                return Err(Error::Restless);
            };
            writing = Some(tokio::task::spawn_blocking(move || {
                let written = writer.append(&batch, can_undo);
                (writer, written)
            }));
        }
    }
}

/// The newest block, and not past block `last`.
async fn newest(chain: Chain, last: u64) -> Result<Head> {
    let head = chain.head().await?;
    if head.number <= last {
        return Ok(head);
    }
    let block = chain.block(last.into()).await?;
    block.ok_or(Error::Restless)
}

/// Whether this block is still on the chain.
async fn is_there(chain: Chain, head: Head) -> Result<bool> {
    let block = chain.block(head.number.into()).await?;
    Ok(block.is_some_and(|block| block.hash == head.hash))
}

/// Batches, while the one before is written. What was read before an error comes before it.
fn decoded(chain: Chain, mut pages: Pages, end: Head) -> mpsc::Receiver<Result<Batch>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut gathered = Gathered::default();
        let failed = loop {
            if sender.is_closed() {
                return;
            }
            match next_page(&chain, &mut pages, end).await {
                Ok(Some(page)) => {
                    if let Some(batch) = gathered.add(page)
                        && sender.send(Ok(batch)).await.is_err()
                    {
                        return;
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(Err(error)),
            }
        };
        for batch in gathered.take().map(Ok).into_iter().chain(failed) {
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// Pages that wait to be written. Small pages take little memory, and large batches little writing, since each writes all
/// roll-ups that it touches.
#[derive(Default)]
struct Gathered {
    batch: Option<Batch>,
    pages: usize,
}

impl Gathered {
    /// Takes the next page; gives all of them when they are enough.
    fn add(&mut self, page: Batch) -> Option<Batch> {
        self.pages += 1;
        let batch = match self.batch.take() {
            Some(batch) => batch.followed_by(page),
            None => page,
        };
        let is_enough = batch.events.len() >= BATCH_EVENTS || self.pages >= BATCH_PAGES;
        self.batch = Some(batch);
        is_enough.then(|| self.take()).flatten()
    }

    fn take(&mut self) -> Option<Batch> {
        self.pages = 0;
        self.batch.take()
    }
}

async fn next_page(chain: &Chain, pages: &mut Pages, end: Head) -> Result<Option<Batch>> {
    match pages.next().await? {
        Some(page) => read_page(chain, page, end).await.map(Some),
        None => Ok(None),
    }
}

async fn read_page(chain: &Chain, page: ayumi_chain::Page, end: Head) -> Result<Batch> {
    let (contracts, to) = (chain.contracts(), page.to);
    let decode = move || -> Result<(Vec<Event>, Option<Entry>)> {
        let mut entries = page.entries()?;
        let events = entries
            .iter()
            .map(|entry| Event::of(entry, contracts))
            .collect();
        Ok((events, entries.pop()))
    };
    let (mut events, last) = tokio::task::spawn_blocking(decode)
        .await
        .map_err(|_| Error::Restless)??;
    date(chain, &mut events).await?;
    let reached = match last {
        Some(last) if last.block == to => Checkpoint {
            cursor: Cursor {
                number: to,
                hash: last.block_hash,
            },
            at: events.last().map_or(0, |event| event.at),
        },
        _ if to == end.number => Checkpoint::of(end),
        _ => Checkpoint::of(chain.block(to.into()).await?.ok_or(Error::Restless)?),
    };
    // The logs are those of this very chain if its end is the one that was seen before they were read.
    if to == end.number && reached.cursor.hash != end.hash {
        return Err(Error::Restless);
    }
    Ok(Batch {
        events,
        end: reached,
    })
}

/// Reads the time of a block where its logs do not have it.
async fn date(chain: &Chain, events: &mut [Event]) -> Result<()> {
    for block in events.chunk_by_mut(|one, next| one.block_hash == next.block_hash) {
        if block[0].at == 0 {
            let number = u64::try_from(crate::event::block_of(block[0].id)).unwrap_or(0);
            let header = chain.block(number.into()).await?;
            let header = header
                .filter(|header| header.hash == block[0].block_hash)
                .ok_or(Error::Restless)?;
            for event in block {
                event.at = Checkpoint::of(header).at;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of one block, with so many events.
    fn page(number: u64, events: usize) -> Batch {
        let event = |index: usize| Event {
            id: crate::event::first_of(i64::try_from(number).unwrap())
                + i64::try_from(index).unwrap(),
            at: 1,
            block_hash: B256::ZERO,
            transaction: B256::ZERO,
            raw: crate::event::Raw {
                contract: 0,
                kind: 0,
                subject: None,
                topics: 0,
                log: Vec::new(),
            },
            said: crate::event::Said::Other,
        };
        let cursor = Cursor {
            number,
            hash: B256::with_last_byte(1),
        };
        Batch {
            events: (0..events).map(event).collect(),
            end: Checkpoint { cursor, at: 1 },
        }
    }

    #[test]
    fn pages_are_gathered_until_they_have_enough_events_or_are_enough() {
        for (events, together) in [(0, BATCH_PAGES), (1, BATCH_PAGES), (4_000, 3), (20_000, 1)] {
            let (mut gathered, mut written) = (Gathered::default(), Vec::new());
            for number in 1..=150 {
                written.extend(gathered.add(page(number, events)));
            }
            written.extend(gathered.take());
            let ends: Vec<_> = written
                .iter()
                .map(|batch| batch.end.cursor.number)
                .collect();
            let expected = (1..=150).filter(|end| end % together as u64 == 0 || *end == 150);
            assert_eq!(ends, expected.collect::<Vec<_>>());
            let ids: Vec<_> = written
                .iter()
                .flat_map(|batch| &batch.events)
                .map(|event| event.id)
                .collect();
            assert_eq!(ids.len(), 150 * events);
            assert!(ids.is_sorted_by(|one, next| one < next));
            assert!(gathered.take().is_none());
        }
    }
}
