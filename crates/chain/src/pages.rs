use std::collections::VecDeque;

use alloy::primitives::{Address, B256, Bytes, Log, LogData, U64};
use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::JoinHandle;

use crate::{Chain, Contracts, Error, Result};

/// Bytes of an answer that ranges are grown and cut towards: large enough that a request's way does not count, and small
/// enough that several fit into memory.
const PAGE_BYTES: u64 = 640 << 10;

/// Blocks of the first range, when nothing is known of how dense they are.
const FIRST_SPAN: u64 = 64;

/// Ranges that are asked for at once: with fewer, the node had nothing to do while a large part was written.
const AT_ONCE: usize = 4;

/// All logs of the three contracts in a long range of blocks, page by page, in order. The next pages are on their way while
/// one is worked on; ranges grow until a page has some hundred kilobytes, and are cut where the node refuses.
#[derive(Debug)]
pub struct Pages {
    chain: Chain,
    next: u64,
    to: u64,
    span: u64,
    under_way: VecDeque<Asked>,
}

#[derive(Debug)]
struct Asked {
    from: u64,
    to: u64,
    answer: JoinHandle<Result<Box<RawValue>>>,
}

/// What the node answered for a range, not yet looked at: [`Page::entries`] takes time, and is for another thread.
#[derive(Debug)]
pub struct Page {
    /// The first block of the range.
    pub from: u64,
    /// The last.
    pub to: u64,
    contracts: Contracts,
    answer: Box<RawValue>,
}

/// A log, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Of its block.
    pub block: u64,
    /// Of its block.
    pub block_hash: B256,
    /// Of its block, in Unix seconds; 0 where the node does not say.
    pub timestamp: u64,
    /// Its place in the block.
    pub index: u64,
    /// Its transaction.
    pub transaction: B256,
    /// The contract, and what it says.
    pub log: Log,
}

/// The form of a log in an answer. Read field by field: alloy's own type collects each in a map before.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_number: U64,
    block_hash: B256,
    #[serde(default)]
    block_timestamp: U64,
    log_index: U64,
    transaction_hash: B256,
    #[serde(default)]
    removed: bool,
}

impl Chain {
    /// All logs of the three contracts from block `from` to block `to`, page by page.
    pub fn pages(&self, from: u64, to: u64) -> Pages {
        Pages {
            chain: self.clone(),
            next: from,
            to,
            span: FIRST_SPAN.min(self.network().log_range).max(1),
            under_way: VecDeque::new(),
        }
    }
}

impl Pages {
    /// The next page; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        loop {
            while self.under_way.len() < AT_ONCE && self.next <= self.to {
                self.ask();
            }
            let Some(Asked { from, to, answer }) = self.under_way.pop_front() else {
                return Ok(None);
            };
            match answer.await.map_err(|cause| malformed(cause.to_string()))? {
                Ok(answer) => {
                    self.learn(to - from + 1, answer.get().len() as u64);
                    return Ok(Some(Page {
                        from,
                        to,
                        contracts: self.chain.contracts(),
                        answer,
                    }));
                }
                Err(Error::Refused { .. }) if to > from => {
                    // What comes after is asked for anew, since it may be as large.
                    self.under_way.clear();
                    self.span = ((to - from).div_ceil(2)).max(1);
                    self.next = from;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn ask(&mut self) {
        let (from, chain) = (self.next, self.chain.clone());
        let to = self.to.min(from.saturating_add(self.span - 1));
        self.next = to + 1;
        let answer = tokio::spawn(async move { chain.bare_logs(from, to).await });
        self.under_way.push_back(Asked { from, to, answer });
    }

    /// Doubles at most, so that one sparse range does not make the next too large.
    fn learn(&mut self, blocks: u64, bytes: u64) {
        let fitting = blocks.saturating_mul(PAGE_BYTES) / bytes.max(1);
        let most = self.chain.network().log_range.max(1);
        self.span = fitting.clamp(1, self.span.saturating_mul(2)).min(most);
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        for asked in &self.under_way {
            asked.answer.abort();
        }
    }
}

impl Page {
    /// Reads the answer, and checks that it is one to what was asked: nodes were seen to answer for other ranges.
    pub fn entries(self) -> Result<Vec<Entry>> {
        let Contracts {
            consortium,
            token,
            operator,
        } = self.contracts;
        let raws: Vec<Raw> = serde_json::from_str(self.answer.get())
            .map_err(|cause| malformed(cause.to_string()))?;
        let mut entries = Vec::with_capacity(raws.len());
        let mut last = None;
        for raw in raws {
            let place = (raw.block_number.to::<u64>(), raw.log_index.to::<u64>());
            let ours = [consortium, token, operator].contains(&raw.address) && !raw.removed;
            let in_range = (self.from..=self.to).contains(&place.0);
            if !ours || !in_range || last.is_some_and(|last| last >= place) {
                return Err(malformed(format!(
                    "logs are not those of blocks {} to {}",
                    self.from, self.to
                )));
            }
            last = Some(place);
            entries.push(Entry {
                block: place.0,
                block_hash: raw.block_hash,
                timestamp: raw.block_timestamp.to(),
                index: place.1,
                transaction: raw.transaction_hash,
                log: Log {
                    address: raw.address,
                    data: LogData::new_unchecked(raw.topics, raw.data),
                },
            });
        }
        Ok(entries)
    }
}

impl Chain {
    async fn bare_logs(&self, from: u64, to: u64) -> Result<Box<RawValue>> {
        let Contracts {
            consortium,
            token,
            operator,
        } = self.contracts();
        let filter = Filter::new()
            .address(vec![consortium, token, operator])
            .from_block(from)
            .to_block(to);
        let answer = self
            .provider()
            .client()
            .request::<_, Box<RawValue>>("eth_getLogs", (filter,))
            .await;
        answer.map_err(|error| self.error("eth_getLogs", error))
    }
}

fn malformed(cause: String) -> Error {
    Error::Malformed {
        what: "eth_getLogs",
        cause,
    }
}
