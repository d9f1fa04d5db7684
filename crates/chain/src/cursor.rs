use alloy::primitives::B256;
use alloy::rpc::types::{Filter, Log};

use crate::{Chain, Error, Head, Result};

/// How far the chain was read: every log up to this block, of which the hash is kept so that a reorg shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last block that was read.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// What there is after a cursor.
#[derive(Debug)]
pub enum Step {
    /// Nothing new.
    Idle(Head),
    /// New blocks: their logs, and where to go on from.
    Forward {
        /// Of the contracts, in order.
        logs: Vec<Log>,
        /// To store with what came of the logs.
        cursor: Cursor,
        /// The newest block at that time.
        head: Head,
    },
    /// The block of the cursor is not on the chain that ends in this block: go back to an earlier one.
    Reorg(Head),
}

impl Cursor {
    /// Looks at most `blocks` further, and one only among those that are not final, than `self`, or than the first block where there is no cursor yet.
    pub async fn step(
        cursor: Option<Self>,
        chain: &Chain,
        filter: &Filter,
        blocks: u64,
    ) -> Result<Step> {
        let head = chain.head().await?;
        let from = cursor.map_or(0, |cursor| cursor.number + 1);
        // What may be taken back is read block by block, so that there is a position before each to go back to.
        let settled = chain.network().finality.of(head.number).unwrap_or(0);
        let batch = from.saturating_add(blocks.max(1) - 1);
        let to = head.number.min(batch.min(settled.max(from)));
        let end = if to == head.number {
            head
        } else {
            chain.block(to.into()).await?.ok_or_else(|| vanished(to))?
        };
        // Asked after the end is known: a chain that changed in between has one of the two only.
        if let Some(cursor) = cursor
            && !cursor.is_on(chain, end).await?
        {
            return Ok(Step::Reorg(head));
        }
        if from > head.number {
            return Ok(Step::Idle(head));
        }
        let logs = chain.logs(filter, from, to).await?;
        // The logs are those of this very block if the chain did not change while they were read.
        match logs.iter().rev().find(|log| log.block_number == Some(to)) {
            Some(log) if log.block_hash != Some(end.hash) => Err(vanished(to)),
            _ => Ok(Step::Forward {
                logs,
                cursor: Self {
                    number: end.number,
                    hash: end.hash,
                },
                head,
            }),
        }
    }

    /// Whether the block is still on the chain that ends in `head`. A head behind it tells nothing: the node lags, or
    /// has to catch up after a reorg, which shows when it has.
    pub async fn is_on(self, chain: &Chain, head: Head) -> Result<bool> {
        if self.number >= head.number {
            return Ok(self.number > head.number || self.hash == head.hash);
        }
        Ok(chain
            .block(self.number.into())
            .await?
            .is_some_and(|block| block.hash == self.hash))
    }
}

fn vanished(number: u64) -> Error {
    Error::Malformed {
        what: "eth_getLogs",
        cause: format!("block {number} changed while it was read"),
    }
}
