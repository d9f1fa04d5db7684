//! Keeping an index up with the chain.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::B256;
use ayumi_chain::{Chain, Cursor, Head, Pages};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::event::Event;
use crate::location::Location;
use crate::store::{Checkpoint, Deployment, UNDO_BLOCKS, Writer};

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

/// Pages are taken until they have so many events, or are so many, and then kept at once: small pages take little memory, and
/// large parts little writing, since each writes all roll-ups that it touches (where blocks can be undone, each block does).
const PART_EVENTS: usize = 10_000;
const PART_PAGES: usize = 64;

/// Before everything: nothing happens in the first block.
const GENESIS: Checkpoint = Checkpoint {
    cursor: Cursor {
        number: 0,
        hash: B256::ZERO,
    },
    at: 0,
};

/// The events of successive blocks.
struct Page {
    /// The last of the blocks.
    to: u64,
    events: Vec<Event>,
}

/// What was taken and is not kept yet.
#[derive(Default, Clone, Copy)]
struct Part {
    to: Option<u64>,
    events: usize,
    pages: usize,
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
            // What a look took that was broken off.
            self.drop_taken();
            let head = newest(self.chain.clone(), last).await?;
            self.leave_other_branch(head).await?;
            let cursor = self.writer()?.cursor()?;
            let next = cursor.map_or(0, |cursor| cursor.number + 1);
            let is_read = self.read(next, head, &mut events).await;
            self.drop_taken();
            // Where it changed, what was kept before is taken back when its branch is left.
            if is_read? {
                let cursor = self.writer()?.cursor()?;
                let cursor = cursor.unwrap_or(Cursor {
                    number: head.number,
                    hash: head.hash,
                });
                return Ok(Progress { events, cursor });
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
            return self.go_back(Checkpoint::of(block)).await;
        }
        self.go_back(GENESIS).await
    }

    async fn go_back(&mut self, to: Checkpoint) -> Result<()> {
        self.write(move |writer| writer.go_back(to)).await
    }

    fn drop_taken(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.drop_taken();
        }
    }

    /// Reads blocks from `next` to `head`, and counts events. What may still be taken back comes last, and block by block.
    /// False where the chain changed meanwhile.
    async fn read(&mut self, next: u64, head: Head, events: &mut u64) -> Result<bool> {
        let safe = head.number.saturating_sub(UNDO_BLOCKS);
        if safe > 0 && next <= safe {
            let end = block(self.chain.clone(), safe).await?;
            // Asked after the end is known: then it is of the same branch.
            let is_there = is_there(self.chain.clone(), head).await?;
            let Some(end) = end.filter(|_| is_there) else {
                return Ok(false);
            };
            if !self.read_pages(next, end, false, events).await? {
                return Ok(false);
            }
        }
        let next = next.max(safe + 1);
        Ok(next > head.number || self.read_pages(next, head, true, events).await?)
    }

    /// While a page is written, the next one is decoded, and those after it are on their way. What came before an error is
    /// kept, if the node still answers.
    async fn read_pages(
        &mut self,
        from: u64,
        end: Head,
        can_undo: bool,
        events: &mut u64,
    ) -> Result<bool> {
        let pages = self.chain.pages(from, end.number);
        let mut pages = decoded(self.chain.clone(), pages, end);
        let mut part = Part::default();
        loop {
            match pages.recv().await {
                Some(Ok(page)) => {
                    part.add(&page);
                    self.write(move |writer| writer.take(&page.events, can_undo))
                        .await?;
                    if part.is_enough() && !self.keep(&mut part, end, events).await? {
                        return Ok(false);
                    }
                }
                Some(Err(Error::Restless)) => return Ok(false),
                Some(Err(error)) => {
                    // This may well fail too, of the same cause.
                    let _ = self.keep(&mut part, end, events).await;
                    return Err(error);
                }
                None => return self.keep(&mut part, end, events).await,
            }
        }
    }

    /// Keeps what was taken if `end` is still on the chain after it was read, and after the block that it reaches was asked
    /// for: then all of it is of this chain.
    async fn keep(&mut self, part: &mut Part, end: Head, events: &mut u64) -> Result<bool> {
        let Part {
            to: Some(to),
            events: taken,
            ..
        } = std::mem::take(part)
        else {
            return Ok(true);
        };
        let reached = if to == end.number {
            Some(end)
        } else {
            block(self.chain.clone(), to).await?
        };
        let is_there = is_there(self.chain.clone(), end).await?;
        let Some(reached) = reached.filter(|_| is_there) else {
            return Ok(false);
        };
        self.write(move |writer| writer.keep(Checkpoint::of(reached)))
            .await?;
        *events += taken as u64;
        Ok(true)
    }

    /// Lets the writer work where it holds up nothing else.
    async fn write(
        &mut self,
        work: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut writer = self.writer.take().ok_or(Error::Restless)?;
        let working = tokio::task::spawn_blocking(move || {
            let done = work(&mut writer);
            (writer, done)
        });
        let (writer, done) = working
            .await
            .map_err(|failure| match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Error::Restless,
            })?;
        self.writer = Some(writer);
        done
    }
}

impl Part {
    fn add(&mut self, page: &Page) {
        self.to = Some(page.to);
        self.events += page.events.len();
        self.pages += 1;
    }

    fn is_enough(&self) -> bool {
        self.events >= PART_EVENTS || self.pages >= PART_PAGES
    }
}

/// The newest block, and not past block `last`.
async fn newest(chain: Chain, last: u64) -> Result<Head> {
    let head = chain.head().await?;
    if head.number <= last {
        return Ok(head);
    }
    block(chain, last).await?.ok_or(Error::Restless)
}

/// A block, where there is one of this number.
async fn block(chain: Chain, number: u64) -> Result<Option<Head>> {
    let block = chain.block(number.into()).await?;
    Ok(block.filter(|block| block.number == number))
}

/// Whether this block is still on the chain.
async fn is_there(chain: Chain, head: Head) -> Result<bool> {
    let block = block(chain, head.number).await?;
    Ok(block.is_some_and(|block| block.hash == head.hash))
}

/// Pages, each decoded while the one before is written.
fn decoded(chain: Chain, mut pages: Pages, end: Head) -> mpsc::Receiver<Result<Page>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        // No third page is decoded while one is written and one waits.
        while let Ok(room) = sender.reserve().await {
            let page = match pages.next().await {
                Ok(Some(page)) => read_page(&chain, page, end).await,
                Ok(None) => return,
                Err(error) => Err(error.into()),
            };
            let is_last = page.is_err();
            room.send(page);
            if is_last {
                return;
            }
        }
    });
    receiver
}

async fn read_page(chain: &Chain, page: ayumi_chain::Page, end: Head) -> Result<Page> {
    let (contracts, to) = (chain.contracts(), page.to);
    let decode = move || -> Result<_> {
        let entries = page.entries()?;
        // The logs are those of this very chain if its end is the one that was seen before they were read.
        let last = entries.last().filter(|last| last.block == end.number);
        if last.is_some_and(|last| last.block_hash != end.hash) {
            return Err(Error::Restless);
        }
        Ok(entries
            .iter()
            .map(|entry| Event::of(entry, contracts))
            .collect())
    };
    let mut events: Vec<_> = tokio::task::spawn_blocking(decode)
        .await
        .map_err(|_| Error::Restless)??;
    date(chain, &mut events).await?;
    Ok(Page { to, events })
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
