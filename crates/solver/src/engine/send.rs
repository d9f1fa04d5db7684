use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::U256;
use alloy::sol_types::SolCall;
use ayumi_chain::{Broadcast, Call, Head, Signed};
use ayumi_contracts::ICTIOperator::{DeclineReason, Delivery, declineCall, deliverCall};
use ayumi_contracts::Named;
use tracing::{debug, info, warn};

use super::{Engine, Result};
use crate::clock::unix_now;
use crate::crash::{self, Point};
use crate::store::{self, Due, NEVER, Outgoing, Receipted};

/// How long a transaction may be in no block until it is sent again.
const SEND_AGAIN: Duration = Duration::from_secs(3);

/// Gas to allow for a transaction of deliveries, and for each of them: a quarter more than the dearest takes, as
/// `snapshots/Gas.json` has it. An estimate by the node would run the batch a dozen times.
const BATCH_GAS: u64 = 50_000;
const DELIVERY_GAS: u64 = 60_000;

/// What a transaction does that only uses its nonce.
const NOTHING: &str = "nothing";

impl Engine {
    /// What the node answers.
    async fn asked<T>(&self, question: impl Future<Output = T>) -> T {
        self.solver.meter.chain.wait(question).await
    }

    /// Looks after the transactions in flight.
    pub(super) async fn follow(&mut self, head: Head) -> Result<()> {
        let flying = self.solver.store.with(store::outbox).await?;
        if flying.is_empty() {
            self.sent.clear();
            self.solver.health.unsent(None);
            return Ok(());
        }
        let mined = self.asked(self.sender.nonce(head.number.into())).await?;
        self.fill_gaps(mined, &flying).await?;
        for outgoing in flying {
            if outgoing.nonce < mined {
                self.conclude(outgoing, head).await?;
            } else if !self.is_recent(outgoing.nonce) {
                self.send_again(outgoing, head).await?;
            }
        }
        Ok(())
    }

    /// A nonce between those that are used and those that are on their way, which another program used in a block that was
    /// taken back: nothing after it would ever be mined.
    async fn fill_gaps(&mut self, mined: u64, flying: &[Outgoing]) -> Result<()> {
        let last = flying.last().map_or(0, |outgoing| outgoing.nonce);
        // One of ours that was read as mined is taken back by a reorg that was not read yet.
        let ours = self.solver.store.with(store::nonces).await?;
        for nonce in mined..last {
            if !ours.contains(&nonce) {
                warn!(nonce, "nothing has this nonce; using it for nothing");
                let signed = self.sender.idle(nonce).await?;
                self.post(signed, NOTHING.to_owned(), NEVER, Vec::new())
                    .await?;
            }
        }
        Ok(())
    }

    fn is_recent(&self, nonce: u64) -> bool {
        self.sent
            .get(&nonce)
            .is_some_and(|when| when.elapsed() < SEND_AGAIN)
    }

    /// Its nonce is used, and no log of it was read. Either it changed nothing, or it is in a block that was not read
    /// yet, or another transaction of this key took its place.
    async fn conclude(&mut self, outgoing: Outgoing, head: Head) -> Result<()> {
        let Outgoing {
            nonce,
            what,
            attempts,
            ..
        } = outgoing;
        for signed in &attempts {
            match self.sender.mined_in(signed.hash).await? {
                Some(block) if block <= head.number => {
                    warn!(transaction = %signed.hash, "{what}: mined, and changed nothing");
                    return self.conclude_with(nonce, block).await;
                }
                Some(_) => return Ok(()),
                None => {}
            }
        }
        warn!(nonce, "{what}: another transaction took its nonce");
        self.conclude_with(nonce, head.number).await
    }

    /// Its tasks are tried again later; and itself, if the block is taken back.
    async fn conclude_with(&mut self, nonce: u64, block: u64) -> Result<()> {
        crash::at(Point::Concluded);
        self.sent.remove(&nonce);
        let work = move |db: &rusqlite::Connection| {
            store::pause(db, &store::tasks_of(db, nonce)?, unix_now())?;
            store::mined(db, nonce, block)
        };
        Ok(self.solver.store.with(work).await?)
    }

    async fn send_again(&mut self, outgoing: Outgoing, head: Head) -> Result<()> {
        let Some(last) = outgoing.attempts.last() else {
            return Ok(());
        };
        if self.time(head).await? >= outgoing.until {
            return self.withdraw(&outgoing, last).await;
        }
        let signed = match self.sender.dearer(last).await? {
            Some(dearer) => {
                warn!(transaction = %dearer.hash, nonce = dearer.nonce, "{}: at a higher fee", outgoing.what);
                self.store_attempt(dearer).await?
            }
            None => last.clone(),
        };
        self.solver.meter.retries.inc();
        self.broadcast(&signed, &outgoing.what).await
    }

    async fn store_attempt(&self, signed: Signed) -> Result<Signed> {
        let stored = signed.clone();
        let store = &self.solver.store;
        store.with(move |db| store::attempt(db, &stored)).await?;
        Ok(signed)
    }

    /// Its time is over, and no node said that it has it. Nobody knows whether one does, so its nonce is used for nothing before anything else has it.
    async fn withdraw(&mut self, outgoing: &Outgoing, last: &Signed) -> Result<()> {
        warn!(transaction = %last.hash, "{}: too late to send", outgoing.what);
        let filler = self.sender.filler(last).await?;
        let stored = filler.clone();
        let store = &self.solver.store;
        store
            .with(move |db| store::fill(db, &stored, NOTHING))
            .await?;
        self.broadcast(&filler, NOTHING).await
    }

    /// Sends what is due, as long as there is room for it in flight.
    pub(super) async fn send_due(&mut self, head: Head) -> Result<()> {
        let Some(settled) = self.settled(head) else {
            return Ok(());
        };
        let mut due = Due {
            solver: self.sender.account(),
            settled,
            horizon: head.timestamp.saturating_add(self.margin),
            now: unix_now(),
            limit: self.solver.config.batch.max(1),
        };
        let mut time = None;
        while let Some(work) = self.next_work(due).await? {
            // Asked for once there is something to send: deadlines are compared with it.
            if time.is_none() {
                time = Some(self.time(head).await?);
                due.horizon = time.unwrap_or(0).saturating_add(self.margin);
                continue;
            }
            match work {
                Work::Deliver(receipted) => self.deliver(receipted).await?,
                Work::Decline(task, reason) => self.decline(task, reason).await?,
            }
        }
        Ok(())
    }

    async fn next_work(&self, due: Due) -> Result<Option<Work>> {
        let window = self.solver.chain.network().nonce_window.max(1);
        let work = move |db: &rusqlite::Connection| {
            if store::outbox(db)?.len() as u64 >= window {
                return Ok(None);
            }
            let receipted = store::deliverable(db, due)?;
            if !receipted.is_empty() {
                return Ok(Some(Work::Deliver(receipted)));
            }
            let refused = store::refusable(db, Due { limit: 1, ..due })?;
            Ok(refused
                .first()
                .map(|(task, reason)| Work::Decline(*task, *reason)))
        };
        Ok(self.solver.store.with(work).await?)
    }

    /// Reveals keys in one transaction.
    async fn deliver(&mut self, receipted: Vec<Receipted>) -> Result<()> {
        let receipted = self.countable(receipted).await?;
        let Some(until) = receipted.iter().map(|task| task.deadline).min() else {
            return Ok(());
        };
        let tasks: Vec<_> = receipted.iter().map(|task| task.task).collect();
        let gas = BATCH_GAS + DELIVERY_GAS * tasks.len() as u64;
        let what = format!("deliver {}", list(&tasks));
        let until = until.saturating_sub(self.margin);
        self.send(&self.deliver_call(&receipted), gas, what, until, tasks)
            .await
    }

    /// Puts aside what the contract would pass over: its key would be out, and its task still open. Simulations stay
    /// between us and the node.
    async fn countable(&self, receipted: Vec<Receipted>) -> Result<Vec<Receipted>> {
        if self.count(&receipted).await? == receipted.len() {
            return Ok(receipted);
        }
        let (mut countable, mut others) = (Vec::new(), Vec::new());
        for task in receipted {
            if self.count(std::slice::from_ref(&task)).await? == 1 {
                countable.push(task);
            } else {
                others.push(task.task);
            }
        }
        debug!(tasks = list(&others), "not deliverable on the newest block");
        self.pause(others).await?;
        Ok(countable)
    }

    async fn count(&self, receipted: &[Receipted]) -> Result<usize> {
        let call = self.deliver_call(receipted);
        let returned = self.asked(self.sender.simulate(&call)).await?;
        let count = deliverCall::abi_decode_returns(&returned)
            .ok()
            .and_then(|count| count.try_into().ok());
        Ok(count.unwrap_or(0))
    }

    async fn pause(&self, tasks: Vec<u64>) -> Result<()> {
        let store = &self.solver.store;
        Ok(store
            .with(move |db| store::pause(db, &tasks, unix_now()))
            .await?)
    }

    fn deliver_call(&self, receipted: &[Receipted]) -> Call {
        let deliveries = receipted.iter().map(to_delivery).collect();
        Call::new(
            self.solver.chain.contracts().operator,
            &deliverCall { deliveries },
        )
    }

    /// Gives a ticket back.
    async fn decline(&mut self, task: u64, reason: DeclineReason) -> Result<()> {
        let call = declineCall {
            task: U256::from(task),
            reason,
        };
        let call = Call::new(self.solver.chain.contracts().operator, &call);
        let gas = match self.sender.estimate(&call).await {
            // It ended already, in a block that was not read yet.
            Err(ayumi_chain::Error::Reverted(revert)) => {
                debug!(task, %revert, "not to be declined");
                return self.pause(vec![task]).await;
            }
            gas => gas?,
        };
        let what = format!("decline {task}: {}", reason.name());
        self.send(&call, gas, what, NEVER, vec![task]).await
    }

    /// Signs, and posts.
    async fn send(
        &mut self,
        call: &Call,
        gas: u64,
        what: String,
        until: u64,
        tasks: Vec<u64>,
    ) -> Result<()> {
        let stored = self.solver.store.with(store::next_nonce).await?;
        let mined = self
            .asked(self.sender.nonce(BlockNumberOrTag::Latest))
            .await?;
        let signed = self
            .asked(self.sender.sign(call, mined.max(stored), gas))
            .await?;
        crash::at(Point::Signed);
        self.post(signed, what, until, tasks).await
    }

    /// Stores, then sends.
    async fn post(
        &mut self,
        signed: Signed,
        what: String,
        until: u64,
        tasks: Vec<u64>,
    ) -> Result<()> {
        let outgoing = Outgoing {
            nonce: signed.nonce,
            what: what.clone(),
            until,
            attempts: vec![signed.clone()],
        };
        self.solver
            .store
            .with(move |db| store::post(db, &outgoing, &tasks))
            .await?;
        crash::at(Point::Posted);
        info!(transaction = %signed.hash, nonce = signed.nonce, "{what}: sending");
        self.broadcast(&signed, &what).await
    }

    async fn broadcast(&mut self, signed: &Signed, what: &str) -> Result<()> {
        self.sent.insert(signed.nonce, Instant::now());
        let end = self.asked(self.sender.broadcast(signed)).await;
        crash::at(Point::Sent);
        match end {
            Broadcast::Accepted => {
                self.solver.health.unsent(None);
                let (store, nonce) = (&self.solver.store, signed.nonce);
                store.with(move |db| store::shown(db, nonce)).await?;
            }
            Broadcast::NonceUsed => debug!(nonce = signed.nonce, "its nonce is used"),
            Broadcast::Refused(error) | Broadcast::Unknown(error) => {
                warn!(transaction = %signed.hash, %error, "{what}: not sent yet");
                self.solver.meter.error(error.kind());
                self.solver.health.unsent(Some(error.to_string()));
            }
        }
        Ok(())
    }
}

/// What to send.
enum Work {
    Deliver(Vec<Receipted>),
    Decline(u64, DeclineReason),
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

fn list(tasks: &[u64]) -> String {
    let tasks: Vec<_> = tasks.iter().map(u64::to_string).collect();
    tasks.join(", ")
}
