use std::time::{Duration, Instant};

use alloy::primitives::U256;
use ayumi_chain::{Cursor, Head, Step};
use ayumi_contracts::ICTIOperator::State;
use tracing::{debug, info, warn};

use super::{Engine, Result, logs};
use crate::Error;
use crate::crash::{self, Point};
use crate::store::{self, Change, Logged};

/// Blocks that are read at once while catching up.
const BLOCKS: u64 = 2_000;

/// Tasks that are compared, or read again, at once.
const SOME: usize = 200;

impl Engine {
    /// Reads on. Returns the head where everything up to it was read.
    pub(super) async fn read(&self) -> Result<Option<Head>> {
        let store = &self.solver.store;
        let cursor = store.with(store::cursor).await?;
        let (filter, clock) = (logs::filter(), &self.solver.meter.chain);
        let step = Cursor::step(cursor, &self.solver.chain, &filter, BLOCKS);
        match clock.wait(step).await? {
            Step::Idle(head) => match cursor {
                Some(cursor) if head.number < cursor.number => Err(behind(cursor, head)),
                _ => Ok(Some(head)),
            },
            Step::Forward { logs, cursor, head } => {
                let changes = logs::changes(&logs);
                crash::at(Point::LogsRead);
                self.advance(changes, cursor, head).await?;
                crash::at(Point::LogsStored);
                Ok((cursor.number == head.number).then_some(head))
            }
            Step::Reorg(head) => self.go_back(cursor, head).await.map(|()| None),
        }
    }

    async fn advance(&self, changes: Vec<Logged>, cursor: Cursor, head: Head) -> Result<()> {
        changes.iter().for_each(tell);
        let arrived: Vec<_> = changes.iter().filter_map(requested).collect();
        let settled = self.settled(head).unwrap_or(0);
        self.solver
            .store
            .with(move |db| store::advance(db, &changes, cursor, settled))
            .await?;
        self.solver.arrivals.tell(arrived.into_iter());
        Ok(())
    }

    /// The newest block that is final.
    pub(super) fn settled(&self, head: Head) -> Option<u64> {
        self.solver.chain.network().finality.of(head.number)
    }

    /// Goes back to where the chain was the same. What was final cannot change: then a person has to look.
    async fn go_back(&self, cursor: Option<Cursor>, head: Head) -> Result<()> {
        let store = &self.solver.store;
        let read = cursor.map_or(0, |cursor| cursor.number);
        let settled = self.solver.chain.network().finality.of(read).unwrap_or(0);
        for cursor in store.with(store::checkpoints).await? {
            if cursor.number > head.number || !cursor.is_on(&self.solver.chain, head).await? {
                continue;
            }
            if cursor.number < settled && !self.solver.config.accept_rewrite {
                return Err(Error::Rewritten {
                    settled,
                    same: Some(cursor.number),
                });
            }
            warn!(block = cursor.number, "the chain was rewritten; going back");
            return Ok(store.with(move |db| store::go_back(db, cursor)).await?);
        }
        Err(Error::Rewritten {
            settled,
            same: None,
        })
    }

    /// From time to time, compares what is open in the store with what is open on chain: a node can keep a log to itself.
    pub(super) async fn compare(&mut self, head: Head) -> Result<()> {
        let pause = Duration::from_secs(self.solver.config.compare_s);
        let from = match self.compared {
            Some((when, _)) if when.elapsed() < pause => return Ok(()),
            Some((_, from)) => from,
            None => 0,
        };
        self.find_products(head).await?;
        self.find_overlooked(head).await?;
        let next = self.find_ended(head, from).await?;
        self.compared = Some((Instant::now(), next));
        Ok(())
    }

    /// Products of open tasks that the store does not have.
    async fn find_products(&self, head: Head) -> Result<()> {
        let store = &self.solver.store;
        let missing = store.with(|db| store::unknown_products(db, SOME)).await?;
        for product in missing {
            let changes = self
                .logs_of(product, 0, head.number, Change::is_of_product)
                .await?;
            self.amend(product, changes).await?;
        }
        Ok(())
    }

    async fn find_overlooked(&self, head: Head) -> Result<()> {
        let (chain, store) = (&self.solver.chain, &self.solver.store);
        let operator = chain.operator();
        let count = operator.taskCount().block(head.number.into()).call().await;
        let count = count.map_err(|error| chain.view_error(error))?;
        let count: u64 = count.saturating_to();
        if store.with(store::task_count).await? >= count {
            return Ok(());
        }
        let missing = store
            .with(move |db| store::overlooked(db, count, SOME))
            .await?;
        for (task, low, high) in missing {
            self.read_again(task, low, high.unwrap_or(head.number))
                .await?;
        }
        Ok(())
    }

    /// Returns the task to begin with next time.
    async fn find_ended(&self, head: Head, from: u64) -> Result<u64> {
        let (chain, account) = (&self.solver.chain, self.sender.account());
        let open = self
            .solver
            .store
            .with(move |db| store::open_tasks(db, account, from, SOME))
            .await?;
        for (task, block) in &open {
            let operator = chain.operator();
            let state = operator.taskOf(U256::from(*task));
            let state = state.block(head.number.into()).call().await;
            let state = state.map_err(|error| chain.view_error(error))?.state;
            if state != State::Requested && state != State::Unknown {
                self.read_again(*task, *block, head.number).await?;
            }
        }
        let is_full = open.len() == SOME;
        Ok(open
            .last()
            .filter(|_| is_full)
            .map_or(0, |(task, _)| task + 1))
    }

    async fn read_again(&self, task: u64, low: u64, high: u64) -> Result<()> {
        let changes = self.logs_of(task, low, high, Change::is_of_task).await?;
        self.amend(task, changes).await
    }

    /// What the logs of a product or task change.
    async fn logs_of(
        &self,
        id: u64,
        low: u64,
        high: u64,
        wanted: fn(&Change) -> bool,
    ) -> Result<Vec<Logged>> {
        let filter = logs::filter().topic1(U256::from(id));
        let logs = self.solver.chain.logs(&filter, low, high).await?;
        let mut changes = logs::changes(&logs);
        changes.retain(|log| wanted(&log.change));
        Ok(changes)
    }

    async fn amend(&self, id: u64, changes: Vec<Logged>) -> Result<()> {
        let found = changes.len();
        warn!(id, found, "its logs were overlooked; read again");
        let arrived: Vec<_> = changes.iter().filter_map(requested).collect();
        self.solver
            .store
            .with(move |db| store::amend(db, &changes))
            .await?;
        self.solver.arrivals.tell(arrived.into_iter());
        Ok(())
    }
}

/// The node's newest block is older than what it showed before.
fn behind(cursor: Cursor, head: Head) -> Error {
    let cause = format!("block {} after block {}", head.number, cursor.number);
    let what = "eth_getBlockByNumber";
    ayumi_chain::Error::Malformed { what, cause }.into()
}

fn requested(log: &Logged) -> Option<u64> {
    match &log.change {
        Change::Requested(task) => Some(task.id),
        _ => None,
    }
}

fn tell(Logged { block, change, .. }: &Logged) {
    match change {
        Change::Published(product) => debug!(block, product = product.id, "published"),
        Change::Requested(task) => {
            info!(block, task = task.id, product = task.product, "requested");
        }
        Change::Ended { task, ending } => info!(block, task, "{ending}"),
        Change::Enrolled {
            account,
            organisation,
        } => debug!(block, %account, organisation, "enrolled"),
        Change::AccountSuspensionSet { account, suspended } => {
            debug!(block, %account, suspended, "suspension");
        }
        Change::OrganisationSuspensionSet {
            organisation,
            suspended,
        } => debug!(block, organisation, suspended, "suspension"),
        Change::Assigned { product, solver } => debug!(block, product, %solver, "assigned"),
        Change::Acknowledged { task, .. } => info!(block, task, "acknowledged"),
    }
}
