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
        /// The final head at that time.
        head: Head,
    },
    /// The block of the cursor is no longer on the chain: go back to an earlier one.
    Reorg,
}

impl Cursor {
    /// Looks at most `blocks` further than `self`, or than the first block where there is no cursor yet.
    pub async fn step(
        cursor: Option<Self>,
        chain: &Chain,
        filter: &Filter,
        blocks: u64,
    ) -> Result<Option<Step>> {
        let Some(head) = chain.final_head().await? else {
            return Ok(None);
        };
        if let Some(cursor) = cursor
            && !cursor.is_on(chain, head).await?
        {
            return Ok(Some(Step::Reorg));
        }
        let from = cursor.map_or(0, |cursor| cursor.number + 1);
        if from > head.number {
            return Ok(Some(Step::Idle(head)));
        }
        let to = head.number.min(from.saturating_add(blocks.max(1) - 1));
        let end = if to == head.number {
            head
        } else {
            chain.block(to.into()).await?.ok_or_else(|| vanished(to))?
        };
        let logs = chain.logs(filter, from, to).await?;
        // The logs are those of this very block if the chain did not change while they were read.
        match logs.iter().rev().find(|log| log.block_number == Some(to)) {
            Some(log) if log.block_hash != Some(end.hash) => Err(vanished(to)),
            _ => Ok(Some(Step::Forward {
                logs,
                cursor: Self {
                    number: end.number,
                    hash: end.hash,
                },
                head,
            })),
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
