//! One loop: reads the chain into the store, and sends what the store says is due.

mod logs;
mod read;
mod send;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use ayumi_chain::{Head, Sender};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::clock::unix_now;
use crate::{Error, Solver};

/// Seconds before a deadline from which on no key is shown: a tenth of the delivery period, ten minutes at most.
const MARGIN_S: u64 = 600;

/// How long ago a block can be that is just there.
const JUST: Duration = Duration::from_secs(5);

type Result<T> = std::result::Result<T, Error>;

/// The loop.
pub struct Engine {
    solver: Arc<Solver>,
    sender: Sender,
    /// Seconds before a deadline from which on no key is shown.
    margin: u64,
    /// When the transactions in flight were last sent, by nonce.
    sent: HashMap<u64, Instant>,
    /// The newest block at the last look, and when that was.
    looked: Option<(u64, Instant)>,
    /// The last block that was seen as soon as it was there, and when that was.
    born: Option<(u64, Instant)>,
    /// When the store was last compared with the chain's own count, and up to which task.
    compared: Option<(Instant, u64)>,
}

impl Engine {
    /// Of `solver`, whose chain has a delivery period of `period` seconds.
    pub fn new(solver: Arc<Solver>, period: u32) -> Self {
        let sender = Sender::new(solver.chain.clone(), solver.wallet.clone());
        Self {
            solver,
            sender,
            margin: MARGIN_S.min(u64::from(period) / 10),
            sent: HashMap::new(),
            looked: None,
            born: None,
            compared: None,
        }
    }

    /// Runs until `shutdown`, until the store fails, or until the chain takes back what was final. What the node does not
    /// answer is asked again.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<()> {
        let poll = self.solver.chain.network().poll();
        let linger = Duration::from_millis(self.solver.config.linger_ms);
        loop {
            let busy = match self.turn().await {
                Ok(busy) => busy,
                Err(Error::Chain(error)) => {
                    warn!(kind = error.kind(), %error, "the chain is not to be had");
                    self.solver.meter.error(error.kind());
                    self.solver.health.suffered(&error);
                    false
                }
                Err(error) => return Err(error),
            };
            if shutdown.is_cancelled() {
                return Ok(());
            }
            if busy {
                continue;
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                // Others are about to come, and go into the same transaction.
                () = self.solver.wake.notified() => tokio::time::sleep(linger).await,
                () = tokio::time::sleep(poll) => {}
            }
        }
    }

    /// One look at everything. Returns whether there is more to do at once.
    async fn turn(&mut self) -> Result<bool> {
        let Some(head) = self.read().await? else {
            return Ok(true);
        };
        self.compare(head).await?;
        if self.is_stale(head) {
            return Ok(false);
        }
        self.look(head);
        self.follow(head).await?;
        self.send_due(head).await?;
        self.solver.health.saw(head);
        Ok(false)
    }

    /// A chain that makes blocks all the time, and has not for a while, tells nothing of what time it is.
    fn is_stale(&self, head: Head) -> bool {
        let age = unix_now().saturating_sub(head.timestamp);
        let stale = self
            .solver
            .chain
            .network()
            .max_head_age_s
            .is_some_and(|most| age > most);
        if stale {
            let number = head.number;
            self.solver.health.suffered(&format!(
                "the newest block, {number}, is {age} seconds old: nothing is sent"
            ));
        }
        stale
    }

    /// Notes whether the newest block came since the last look, which was just now.
    fn look(&mut self, head: Head) {
        let now = Instant::now();
        if let Some((number, when)) = self.looked
            && number < head.number
            && now - when < JUST
        {
            self.born = Some((head.number, now));
        }
        self.looked = Some((head.number, now));
    }

    /// What time the next block will have: deadlines follow the chain's clock, whatever ours says. A block that is just
    /// there tells it; else the node is asked, which has to make one up out of all that its pool has.
    async fn time(&self, head: Head) -> Result<u64> {
        let age = self.born.filter(|(number, _)| *number == head.number);
        if let Some(age) = age.map(|(_, when)| when.elapsed())
            && age < JUST
        {
            return Ok(head.timestamp + age.as_secs() + 1);
        }
        let pending = self.solver.chain.block(BlockNumberOrTag::Pending);
        let pending = self.solver.meter.chain.wait(pending).await;
        let pending = pending.ok().flatten().map_or(0, |block| block.timestamp);
        Ok(head.timestamp.max(pending))
    }
}
