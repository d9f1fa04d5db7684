//! One task on its way from request to payload.

use std::time::{Duration, Instant};

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::State;
use ayumi_contracts::Named;
use ayumi_sealing::{Delivery, Message, SEAL_BYTES, unseal};

use crate::endpoint::{Endpoint, SolverError, now};
use crate::error::{InputError, Result, TaskError};
use crate::read::{Product, Task, Tasks};
use crate::session::Session;
use crate::state;

/// How often a receipt is posted again while its key does not come, in case the solver lost it.
const RECEIPT_AGAIN: Duration = Duration::from_secs(15);

/// By how much, in seconds, this machine's clock may be ahead of the chain's.
const CLOCK_SKEW_S: u64 = 30;

/// The opened payload of a task.
#[derive(Debug, Clone)]
pub struct Payload {
    /// Byte for byte what the producer committed to.
    pub bytes: Vec<u8>,
    /// From the request's block to the delivery's.
    pub blocks: u64,
}

/// How far a task is, and for how long nobody answered.
struct Work<'a> {
    session: &'a Session,
    product: &'a Product,
    task: &'a Task,
    endpoint: Endpoint,
    delivery: Option<Delivery>,
    receipt_posted: Option<Instant>,
    silent_since: Option<Instant>,
    started: Instant,
    wait: Duration,
}

impl Session {
    /// Brings a task to its payload: fetches, verifies, signs the receipt, waits for the key, opens. What was done before
    /// is not done again. Nothing is written but the verified delivery, in the state folder.
    pub async fn collect_task(
        &self,
        product: &Product,
        task: &Task,
        wait: Duration,
    ) -> Result<Payload> {
        let task = match task.delivered {
            Some(_) => task.clone(),
            None => self.work(product, task, wait).await?.bring_about().await?,
        };
        self.open_task(product, &task, wait).await
    }

    async fn work<'a>(
        &'a self,
        product: &'a Product,
        task: &'a Task,
        wait: Duration,
    ) -> Result<Work<'a>> {
        Ok(Work {
            session: self,
            product,
            task,
            endpoint: self.endpoint_of(product).await?,
            delivery: self.stored_delivery(product, task.id)?,
            receipt_posted: None,
            silent_since: None,
            started: Instant::now(),
            wait,
        })
    }

    /// The interface of the product's solver, wherever the chain says that it is.
    pub(crate) async fn endpoint_of(&self, product: &Product) -> Result<Endpoint> {
        let solver = self
            .chain()
            .consortium()
            .solverOf(product.solver)
            .call()
            .await;
        let solver = solver.map_err(|error| self.chain().view_error(error))?;
        Ok(Endpoint::new(
            self.http(),
            product.solver,
            &solver.endpoint,
        )?)
    }

    /// The newest stored delivery that is whole.
    fn stored_delivery(&self, product: &Product, task: U256) -> Result<Option<Delivery>> {
        for path in self.store()?.deliveries(task) {
            let bytes = state::read(&path)?.unwrap_or_default();
            if let Ok(delivery) = Delivery::verify(bytes, product.commitment()) {
                return Ok(Some(delivery));
            }
        }
        Ok(None)
    }

    /// Fetches a delivery, unseals and verifies it, and stores it before anything is said of it.
    pub(crate) async fn fetch_delivery(
        &self,
        endpoint: &Endpoint,
        product: &Product,
        task: &Task,
    ) -> Result<Delivery> {
        let (wallet, domain) = (self.wallet()?, self.chain().domain());
        let commitment = product.commitment();
        let limit =
            Delivery::bytes_for(commitment.payload_length).map_err(InputError::from)? + SEAL_BYTES;
        let sealed = endpoint
            .fetch(wallet, &domain, (task.id, "delivery"), limit)
            .await?;
        let key = wallet.one_time_key(self.scope(), task.nonce);
        let message = Message::Delivery { task: task.id };
        let plaintext =
            unseal(message, self.scope(), &key, &sealed).map_err(|cause| TaskError::Unseal {
                item: "delivery",
                task: task.id,
                cause,
            })?;
        let delivery =
            Delivery::verify(plaintext, commitment).map_err(|cause| TaskError::NotCommitted {
                task: task.id,
                cause,
                deadline: task.deadline,
            })?;
        let path = self.store()?.delivery(task.id, delivery.ciphertext_root());
        state::write(&path, delivery.as_bytes())?;
        Ok(delivery)
    }
}

impl Work<'_> {
    /// Fetches, signs the receipt, and waits until the key is on chain.
    async fn bring_about(mut self) -> Result<Task> {
        let mut refetched = false;
        loop {
            if let Some(task) = self.look().await? {
                return Ok(task);
            }
            let left = self.wait.saturating_sub(self.started.elapsed());
            let pause = match tokio::time::timeout(left, self.advance()).await {
                Ok(Ok(pause)) => pause,
                Ok(Err(crate::Error::Solver(error))) => self.bear(error, &mut refetched)?,
                Ok(Err(error)) => return Err(error),
                Err(_) => Duration::ZERO, // the time is over
            };
            self.check_patience()?;
            self.check_deadline().await?;
            tokio::time::sleep(pause).await;
        }
    }

    /// The task, once it is delivered.
    async fn look(&self) -> Result<Option<Task>> {
        let chain = self.session.chain();
        let now = chain.operator().taskOf(self.task.id).call().await;
        let now = now.map_err(|error| chain.view_error(error))?;
        if matches!(now.state, State::Requested | State::Unknown) {
            return Ok(None); // unknown: a node that lags behind
        }
        let task = Tasks::one(chain, self.task.id).await?;
        match task.delivered {
            Some(_) => Ok(Some(task)),
            None if task.state == State::Requested => Ok(None), // the node's logs lag behind its state
            None => Err(task.ended().into()),
        }
    }

    /// The next step with the solver; how long to wait before the one after it.
    async fn advance(&mut self) -> Result<Duration> {
        let poll = self.session.chain().network().poll();
        let Some(delivery) = &self.delivery else {
            self.session
                .observer()
                .step(&format!("fetching the delivery of task {}", self.task.id));
            let delivery = self
                .session
                .fetch_delivery(&self.endpoint, self.product, self.task)
                .await?;
            (self.delivery, self.silent_since) = (Some(delivery), None);
            return Ok(Duration::ZERO);
        };
        if self
            .receipt_posted
            .is_none_or(|posted| posted.elapsed() > RECEIPT_AGAIN)
        {
            self.session
                .observer()
                .step(&format!("signing the receipt of task {}", self.task.id));
            let receipt = (
                self.task.id,
                delivery.ciphertext_root(),
                delivery.key_hash(),
            );
            let (wallet, domain) = (self.session.wallet()?, self.session.chain().domain());
            self.endpoint.post_receipt(wallet, &domain, receipt).await?;
            (self.receipt_posted, self.silent_since) = (Some(Instant::now()), None);
            self.session
                .observer()
                .step(&format!("waiting for the key of task {}", self.task.id));
        }
        Ok(poll)
    }

    /// What to make of a solver that did not do what it was asked: wait, or give up.
    fn bear(&mut self, error: SolverError, refetched: &mut bool) -> Result<Duration> {
        let kind = error.kind();
        if kind == "other-receipt" && self.receipt_posted.is_none() && !*refetched {
            *refetched = true; // it prepared anew: what is stored is not what it would deliver
            self.delivery = None;
            return Ok(Duration::ZERO);
        }
        let silent = *self.silent_since.get_or_insert_with(Instant::now);
        let patience = Duration::from_secs(self.session.chain().network().patience_s);
        let waits = match error.retry() {
            // The receipt is out: the key may come whatever the solver answers now.
            _ if self.receipt_posted.is_some() => Some(Duration::from_secs(1)),
            Some(pause) if error.is_answer() => Some(pause),
            Some(pause) if silent.elapsed() < patience => Some(pause),
            None if kind == "closed" && silent.elapsed() < patience => Some(Duration::from_secs(1)),
            _ => None,
        };
        let (task, deadline) = (self.task.id, self.task.deadline);
        match waits {
            Some(_) if self.started.elapsed() > self.wait => Err(TaskError::Slow {
                task,
                seconds: self.started.elapsed().as_secs(),
                waiting_for: error.to_string(),
                deadline,
            }
            .into()),
            Some(pause) => {
                self.session
                    .observer()
                    .step(&format!("waiting for task {task}: {error}"));
                self.receipt_posted = self.receipt_posted.map(|_| Instant::now());
                Ok(pause)
            }
            None => Err(TaskError::Undelivered {
                task,
                cause: Box::new(error),
                deadline,
            }
            .into()),
        }
    }

    /// A solver does not deliver when its time is over: anyone may cancel then.
    async fn check_deadline(&self) -> Result<()> {
        let (task, deadline) = (self.task.id, self.task.deadline);
        let over = now().saturating_sub(deadline);
        if over == 0 {
            return Ok(());
        }
        let head = self.session.chain().head().await?;
        if head.timestamp > deadline || over > CLOCK_SKEW_S {
            return Err(TaskError::Overdue { task, deadline }.into());
        }
        Ok(())
    }

    fn check_patience(&self) -> Result<()> {
        let waited = self.started.elapsed();
        if waited <= self.wait {
            return Ok(());
        }
        let waiting_for = match self.receipt_posted {
            Some(_) => "the solver has the receipt, and has not delivered the key",
            None => "the solver has not given it",
        };
        let (task, seconds) = (self.task.id, waited.as_secs());
        Err(TaskError::Slow {
            task,
            seconds,
            waiting_for: waiting_for.into(),
            deadline: self.task.deadline,
        }
        .into())
    }
}

/// Where a task is, for an error that it is not where it should be.
pub(crate) fn not_delivered(task: &Task) -> TaskError {
    TaskError::NotDelivered {
        task: task.id,
        state: task.state.name(),
    }
}
