//! Events → decide → act: one loop that reads the chain, draws keys, and sends what is due.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::U256;
use alloy::sol_types::SolCall;
use ayumi_chain::{Broadcast, Call, Cursor, Fate, Head, Sender, Signed, Step};
use ayumi_contracts::ICTIOperator::{DeclineReason, Delivery, declineCall, deliverCall};
use ayumi_contracts::Named;
use ayumi_sealing::{Asset, Key, Message, SealError, seal};
use rusqlite::Transaction;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::decide::{Clock, Plan, decide};
use crate::store::{self, Change, Job, Outgoing, Prepared, Receipted, StoreError};
use crate::{Error, Solver, blocking, observe};

/// Blocks that are read at once while catching up.
const BLOCKS: u64 = 2_000;

/// Tasks that are prepared before the next look at everything else.
const PREPARE: usize = 16;

/// When it is too late to give a ticket back: never, in SQLite's largest number.
const NEVER: u64 = i64::MAX as u64;

/// Milliseconds after which a transaction that is in no block is sent again.
const RESEND_MS: u128 = 3_000;

/// Seconds before a deadline from which on no key is shown: a tenth of the delivery period, ten minutes at most.
const MARGIN_S: u64 = 600;

type Result<T> = std::result::Result<T, Error>;

/// The loop.
pub struct Engine {
    solver: Arc<Solver>,
    sender: Sender,
    /// Seconds before a deadline from which on no key is shown.
    margin: u64,
    /// What time it is, as of this turn, in Unix seconds.
    now: u64,
    /// When the transaction in flight was last sent.
    sent: Option<(u64, Instant)>,
}

impl Engine {
    /// Of `solver`, whose chain has a delivery period of `period` seconds.
    pub fn new(solver: Arc<Solver>, period: u32) -> Self {
        let sender = Sender::new(solver.chain.clone(), solver.wallet.clone());
        Self {
            solver,
            sender,
            margin: MARGIN_S.min(u64::from(period) / 10),
            now: 0,
            sent: None,
        }
    }

    /// Runs until `shutdown`, or until the store fails. What the node does not answer is asked again.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<()> {
        let poll = self.solver.chain.network().poll();
        loop {
            let busy = match self.turn().await {
                Ok(busy) => busy,
                Err(Error::Chain(error)) => {
                    warn!(kind = error.kind(), %error, "the chain is not to be had");
                    self.solver.health.suffered(&error);
                    false
                }
                Err(error) => return Err(error),
            };
            if shutdown.is_cancelled() {
                return Ok(());
            }
            if busy {
                self.solver.progress.send_replace(());
            } else {
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    () = self.solver.wake.notified() => {}
                    () = tokio::time::sleep(poll) => {}
                }
            }
        }
    }

    /// One look at everything. Returns whether there is more to do at once.
    async fn turn(&mut self) -> Result<bool> {
        let Some(head) = self.observe().await? else {
            return Ok(true);
        };
        let account = self.sender.account();
        let open = self
            .solver
            .store
            .with(move |db| store::open_tasks(db, account))
            .await?;
        self.now = now(head);
        let plan = decide(
            &open,
            Clock {
                now: self.now,
                margin: self.margin,
            },
        );
        let mut busy = self.act(&plan).await?;
        for task in plan.prepare.iter().take(PREPARE) {
            busy |= self.prepare(*task).await?;
        }
        self.solver.health.saw(head);
        Ok(busy)
    }

    /// Reads on. Returns the head where everything up to it was read.
    async fn observe(&self) -> Result<Option<Head>> {
        let store = &self.solver.store;
        let cursor = store.with(|db| store::cursor(db)).await?;
        match Cursor::step(cursor, &self.solver.chain, &observe::filter(), BLOCKS).await? {
            None => Ok(None),
            Some(Step::Idle(head)) => Ok(Some(head)),
            Some(Step::Forward { logs, cursor, head }) => {
                let changes = observe::changes(&logs);
                for (block, change) in &changes {
                    tell(*block, change);
                }
                store
                    .with(move |db| store::advance(db, &changes, cursor))
                    .await?;
                Ok((cursor.number == head.number).then_some(head))
            }
            Some(Step::Reorg) => self.go_back().await.map(|()| None),
        }
    }

    async fn go_back(&self) -> Result<()> {
        let store = &self.solver.store;
        let head = self.solver.chain.head().await?;
        for cursor in store.with(|db| store::checkpoints(db)).await? {
            if cursor.number <= head.number && cursor.is_on(&self.solver.chain, head).await? {
                warn!(block = cursor.number, "the chain was rewritten; going back");
                return Ok(store.with(move |db| store::go_back(db, cursor)).await?);
            }
        }
        Err(StoreError::DeepReorg.into())
    }

    /// Draws a key for a task, or finds out that it cannot be served. Returns whether anything changed.
    async fn prepare(&mut self, task: u64) -> Result<bool> {
        let account = self.sender.account();
        let load = move |db: &Transaction<'_>| match store::job(db, task, account)? {
            Some(job) => Ok(Some((store::asset(db, &job.product)?, job))),
            None => Ok(None),
        };
        let Some((asset, job)) = self.solver.store.with(load).await? else {
            return Ok(false);
        };
        match self.draw(job, asset).await {
            Ok(prepared) => {
                debug!(task, root = %prepared.ciphertext_root, "prepared");
                self.solver
                    .store
                    .with(move |db| store::prepare(db, task, &prepared))
                    .await?;
                Ok(true)
            }
            Err(reason) => self.decline(task, reason).await,
        }
    }

    async fn draw(
        &self,
        job: Job,
        asset: Option<Asset>,
    ) -> std::result::Result<Prepared, DeclineReason> {
        let (prepare, scope) = (self.solver.prepare, self.solver.chain.scope());
        let work = move || {
            let asset = asset.ok_or(DeclineReason::AssetMissing)?;
            let trial = Message::Delivery {
                task: U256::from(job.task.id),
            };
            if let Err(SealError::LowOrderKey { .. }) =
                seal(trial, scope, job.task.one_time_key, &[])
            {
                return Err(DeclineReason::KeyRefused);
            }
            let key = Key::random();
            let delivery = prepare(&asset.payload, &asset.seed, &key)
                .map_err(|_| DeclineReason::AssetDamaged)?;
            if delivery.commitment() != job.product.commitment() {
                return Err(DeclineReason::AssetDamaged);
            }
            Ok(Prepared {
                key,
                ciphertext_root: delivery.ciphertext_root(),
            })
        };
        blocking(work).await
    }

    /// Sends what is due: one transaction at a time. Returns whether anything changed.
    async fn act(&mut self, plan: &Plan) -> Result<bool> {
        if let Some(outgoing) = self.in_flight().await? {
            return self.follow(outgoing).await;
        }
        let due = &plan.deliver[..plan.deliver.len().min(self.solver.config.batch.max(1))];
        if !due.is_empty() && self.deliver(due).await? {
            return Ok(true);
        }
        if let Some((task, reason)) = plan.decline.first() {
            return self.decline(*task, *reason).await;
        }
        Ok(false)
    }

    async fn in_flight(&self) -> Result<Option<Outgoing>> {
        Ok(self
            .solver
            .store
            .with(|db| store::outbox(db))
            .await?
            .into_iter()
            .next())
    }

    /// Looks after the transaction in flight. Returns whether it is done with.
    async fn follow(&mut self, outgoing: Outgoing) -> Result<bool> {
        let Outgoing {
            signed,
            what,
            until,
        } = outgoing;
        match self.sender.fate(signed.hash).await? {
            Fate::Final(receipt) => {
                info!(transaction = %signed.hash, gas = receipt.gas_used, ok = receipt.status(), "{what}: done");
                self.forget(signed.nonce).await?;
                return Ok(true);
            }
            Fate::Mined => return Ok(false),
            Fate::Unknown => {}
        }
        if self.now >= until {
            warn!(transaction = %signed.hash, "{what}: too late to send");
            self.forget(signed.nonce).await?;
            return Ok(true);
        }
        let recent = |(nonce, when): (u64, Instant)| {
            nonce == signed.nonce && when.elapsed().as_millis() < RESEND_MS
        };
        if self.sent.is_some_and(recent) {
            return Ok(false);
        }
        self.sent = Some((signed.nonce, Instant::now()));
        match self.sender.broadcast(&signed).await {
            Broadcast::Accepted => {
                self.solver.health.unsent(None);
                Ok(false)
            }
            Broadcast::NonceUsed => self.give_up(signed, what).await,
            Broadcast::Refused(error) | Broadcast::Unknown(error) => {
                warn!(transaction = %signed.hash, %error, "{what}: not sent yet");
                self.solver.health.unsent(Some(error.to_string()));
                Ok(false)
            }
        }
    }

    /// Its nonce is used. Either it was mined a moment ago, or it never will be, since another transaction of this key
    /// took its place; then its tasks are decided about again.
    async fn give_up(&mut self, signed: Signed, what: String) -> Result<bool> {
        if !matches!(self.sender.fate(signed.hash).await?, Fate::Unknown) {
            return Ok(false);
        }
        let mined = self.sender.nonce(BlockNumberOrTag::Latest).await?;
        if mined > signed.nonce {
            warn!(transaction = %signed.hash, nonce = signed.nonce, "{what}: another transaction took its nonce");
            self.forget(signed.nonce).await?;
        }
        Ok(mined > signed.nonce)
    }

    async fn forget(&mut self, nonce: u64) -> Result<()> {
        self.sent = None;
        self.solver.health.unsent(None);
        Ok(self
            .solver
            .store
            .with(move |db| store::unpost(db, nonce))
            .await?)
    }

    /// Reveals the keys of `tasks` in one transaction. Returns whether there was one to send.
    async fn deliver(&mut self, tasks: &[u64]) -> Result<bool> {
        let ids = tasks.to_vec();
        let receipted = self
            .solver
            .store
            .with(move |db| store::receipted(db, &ids))
            .await?;
        let receipted = self.countable(receipted).await?;
        if receipted.is_empty() {
            return Ok(false);
        }
        let until = receipted
            .iter()
            .map(|task| task.deadline.saturating_sub(self.margin))
            .min()
            .unwrap_or(0);
        let what = format!("deliver {}", list(receipted.iter().map(|task| task.task)));
        self.send(&self.deliver_call(&receipted), what, until)
            .await
            .map(|()| true)
    }

    /// Leaves out what the contract would pass over: its key would be out, and its task still open. Simulations stay
    /// between us and the node.
    async fn countable(&self, receipted: Vec<Receipted>) -> Result<Vec<Receipted>> {
        if self.count(&receipted).await? == receipted.len() {
            return Ok(receipted);
        }
        let mut countable = Vec::new();
        for task in receipted {
            if self.count(std::slice::from_ref(&task)).await? == 1 {
                countable.push(task);
            } else {
                debug!(task = task.task, "not deliverable on the newest block");
            }
        }
        Ok(countable)
    }

    async fn count(&self, receipted: &[Receipted]) -> Result<usize> {
        let returned = self.sender.simulate(&self.deliver_call(receipted)).await?;
        let count = deliverCall::abi_decode_returns(&returned)
            .ok()
            .and_then(|count| count.try_into().ok());
        Ok(count.unwrap_or(0))
    }

    fn deliver_call(&self, receipted: &[Receipted]) -> Call {
        let deliveries = receipted.iter().map(to_delivery).collect();
        Call::new(
            self.solver.chain.contracts().operator,
            &deliverCall { deliveries },
        )
    }

    /// Gives a ticket back, unless another transaction is in flight. Returns whether one was sent.
    async fn decline(&mut self, task: u64, reason: DeclineReason) -> Result<bool> {
        if self.in_flight().await?.is_some() {
            return Ok(false);
        }
        let call = declineCall {
            task: U256::from(task),
            reason,
        };
        let call = Call::new(self.solver.chain.contracts().operator, &call);
        match self
            .send(&call, format!("decline {task}: {}", reason.name()), NEVER)
            .await
        {
            // It ended already, in a block that does not count yet.
            Err(Error::Chain(ayumi_chain::Error::Reverted(revert))) => {
                debug!(task, %revert, "not to be declined");
                Ok(false)
            }
            sent => sent.map(|()| true),
        }
    }

    /// Stores, then sends.
    async fn send(&mut self, call: &Call, what: String, until: u64) -> Result<()> {
        let gas = self.sender.estimate(call).await?;
        let nonce = self.sender.nonce(BlockNumberOrTag::Latest).await?;
        let signed = self.sender.sign(call, nonce, gas).await?;
        info!(transaction = %signed.hash, nonce, "{what}: sending");
        let outgoing = Outgoing {
            signed,
            what,
            until,
        };
        let stored = outgoing.clone();
        self.solver
            .store
            .with(move |db| store::post(db, &stored))
            .await?;
        self.follow(outgoing).await.map(|_| ())
    }
}

fn to_delivery(receipted: &Receipted) -> Delivery {
    let Receipted {
        task,
        prepared,
        receipt,
        ..
    } = receipted;
    // EIP-2098: the parity of the signature in the highest bit of s.
    let vs: U256 = receipt.s() | (U256::from(receipt.v()) << 255);
    Delivery {
        task: U256::from(*task),
        ciphertextRoot: prepared.ciphertext_root,
        key: (*prepared.key.as_bytes()).into(),
        r: receipt.r().into(),
        vs: vs.into(),
    }
}

/// The later of the chain's clock and ours: a deadline that has passed on either has passed.
fn now(head: Head) -> u64 {
    let ours = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    head.timestamp.max(ours)
}

fn tell(block: u64, change: &Change) {
    match change {
        Change::Published(product) => debug!(block, product = product.id, "published"),
        Change::Requested(task) => {
            info!(block, task = task.id, product = task.product, "requested");
        }
        Change::Ended { task, ending } => info!(block, task, "{ending}"),
        Change::Assigned { product, solver } => debug!(block, product, %solver, "assigned"),
        Change::Acknowledged { task, .. } => info!(block, task, "acknowledged"),
    }
}

fn list(tasks: impl Iterator<Item = u64>) -> String {
    tasks
        .map(|task| task.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
