//! From the key on chain to the payload, or to a complaint.

use std::time::{Duration, Instant};

use alloy::primitives::{B256, U256};
use ayumi_chain::Call;
use ayumi_contracts::ICTIOperator::{self, State};
use ayumi_sealing::{Delivery, Key, OpenError};

use super::work::{Payload, not_delivered};
use crate::error::{Error, Result, TaskError};
use crate::read::{Catalogue, Delivered, Product, Task, Tasks};
use crate::session::Session;
use crate::state;
use crate::submit::{Intent, Sent};

impl Session {
    /// Opens a delivered task.
    pub(crate) async fn open_task(
        &self,
        product: &Product,
        task: &Task,
        wait: Duration,
    ) -> Result<Payload> {
        let delivered = task.delivered.ok_or_else(|| not_delivered(task))?;
        let delivery = self.delivery_of(product, task, &delivered, wait).await?;
        match delivery.open(&Key::from(delivered.key.0)) {
            Ok(bytes) => Ok(Payload {
                bytes,
                blocks: delivered.block.saturating_sub(task.block),
            }),
            Err(OpenError::WrongChunk { index }) => {
                state::write(&self.store()?.wrong(task.id), b"")?;
                Err(TaskError::WrongData {
                    task: task.id,
                    chunk: index,
                }
                .into())
            }
            Err(OpenError::WrongKey { .. }) => {
                Err(TaskError::OtherDelivery { task: task.id }.into())
            }
        }
    }

    /// Has the price of a wrong delivery back: finds the wrong chunk and shows it to the contract. `None` where every
    /// chunk is right.
    pub async fn complain(&self, task: U256, wait: Duration) -> Result<Option<Sent<B256>>> {
        let turn = self
            .turn(Intent::new(format!("complain of {task}"), &()))
            .await?;
        let task = self.own_task(task).await?;
        if task.state == State::Refunded && !turn.is_adopted() || task.delivered.is_none() {
            return Err(if task.delivered.is_none() {
                not_delivered(&task)
            } else {
                task.ended()
            }
            .into());
        }
        let delivered = task.delivered.ok_or_else(|| not_delivered(&task))?;
        let product = Catalogue::product(self.chain(), task.product).await?;
        let delivery = self.delivery_of(&product, &task, &delivered, wait).await?;
        let Err(OpenError::WrongChunk { index }) = delivery.open(&Key::from(delivered.key.0))
        else {
            return Ok(None);
        };
        let call = complain_call(&task, &delivered, &delivery, index)
            .ok_or_else(|| not_delivered(&task))?;
        let mined = turn
            .send(&Call::new(self.chain().contracts().operator, &call))
            .await?;
        Ok(Some(Sent {
            result: mined.hash(),
            mined: Some(mined),
        }))
    }

    /// A task of this account.
    pub(crate) async fn own_task(&self, task: U256) -> Result<Task> {
        let account = self.account()?;
        let task = Tasks::one(self.chain(), task).await?;
        if task.consumer == account {
            return Ok(task);
        }
        Err(TaskError::NotYours {
            task: task.id,
            account,
        }
        .into())
    }

    /// The delivery that the key on chain opens: stored, or fetched again.
    async fn delivery_of(
        &self,
        product: &Product,
        task: &Task,
        delivered: &Delivered,
        wait: Duration,
    ) -> Result<Delivery> {
        let path = self.store()?.delivery(task.id, delivered.ciphertext_root);
        let stored = state::read(&path)?
            .and_then(|bytes| Delivery::verify(bytes, product.commitment()).ok());
        if let Some(delivery) = stored {
            return Ok(delivery);
        }
        let delivery = self.fetch_again(product, task, wait).await?;
        if delivery.ciphertext_root() == delivered.ciphertext_root {
            return Ok(delivery);
        }
        Err(TaskError::OtherDelivery { task: task.id }.into())
    }

    async fn fetch_again(
        &self,
        product: &Product,
        task: &Task,
        wait: Duration,
    ) -> Result<Delivery> {
        let endpoint = self.endpoint_of(product).await?;
        let (started, patience) = (
            Instant::now(),
            Duration::from_secs(self.chain().network().patience_s),
        );
        self.observer()
            .step(&format!("fetching the delivery of task {} again", task.id));
        loop {
            let error = match self.fetch_delivery(&endpoint, product, task).await {
                Err(Error::Solver(error)) => error,
                other => return other,
            };
            let limit = if error.is_answer() {
                wait
            } else {
                wait.min(patience)
            };
            match error.retry() {
                Some(pause) if started.elapsed() < limit => tokio::time::sleep(pause).await,
                _ => return Err(error.into()),
            }
        }
    }
}

fn complain_call(
    task: &Task,
    delivered: &Delivered,
    delivery: &Delivery,
    index: u64,
) -> Option<ICTIOperator::complainCall> {
    let evidence = delivery.complaint(index)?;
    Some(ICTIOperator::complainCall {
        task: task.id,
        ciphertextRoot: delivered.ciphertext_root,
        key: delivered.key,
        evidence: ICTIOperator::Evidence {
            index: evidence.index,
            ciphertext: evidence.ciphertext_chunk.into(),
            ciphertextProof: evidence.ciphertext_proof,
            digest: evidence.digest,
            contentProof: evidence.content_proof,
        },
    })
}
