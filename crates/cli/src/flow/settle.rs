use std::collections::HashMap;
use std::sync::Arc;

use alloy::primitives::{B256, U256};
use alloy::sol_types::SolEvent;
use ayumi_chain::Call;
use ayumi_contracts::ICTIOperator::{self, State, TaskSettled};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::endpoint::now;
use crate::error::Result;
use crate::read::{Catalogue, Task, Tasks, Which};
use crate::session::Session;
use crate::submit::{Intent, Sent};

/// The most tasks that one transaction settles.
const BATCH: usize = 100;

/// Gas to allow for a settlement, and for each task of it. A task that is due in the next block costs nothing in a
/// simulation on the newest.
const GAS: u64 = 60_000;
const GAS_A_TASK: u64 = 120_000;

/// Calls to the node at a time.
const LOOKS: usize = 16;

/// What was settled.
#[derive(Debug, Clone, Serialize)]
pub struct Settled {
    /// The tasks.
    #[serde(serialize_with = "tasks_as_text")]
    pub tasks: Vec<U256>,
    /// What did it; none where nothing was due.
    pub transaction: Option<B256>,
}

fn tasks_as_text<S: serde::Serializer>(
    tasks: &[U256],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(tasks.iter().map(U256::to_string))
}

impl Session {
    /// Settles tasks, so that producer and consumer have their money as credit; of this account's tasks and products all
    /// that are due, if none is named. At most a hundred at a time.
    pub async fn settle(&self, tasks: &[U256]) -> Result<Sent<Settled>> {
        let candidates = match tasks {
            [] => self.traded().await?,
            named => self.named(named).await?,
        };
        let mut tasks = self.due(candidates).await?;
        tasks.truncate(BATCH);
        let operator = self.chain().contracts().operator;
        let settle = ICTIOperator::settleCall {
            tasks: tasks.clone(),
        };
        let call = Call::new(operator, &settle);
        let nothing = Sent {
            result: Settled {
                tasks: Vec::new(),
                transaction: None,
            },
            mined: None,
        };
        let turn = self
            .turn(Intent::new("settle", &tasks_text(&tasks)))
            .await?;
        if !turn.is_adopted() && tasks.is_empty() {
            return Ok(nothing);
        }
        let gas = GAS + GAS_A_TASK * u64::try_from(tasks.len()).unwrap_or(0);
        let mined = turn.allowing(gas).send(&call).await?;
        let logs = mined
            .receipt
            .logs()
            .iter()
            .filter(|log| log.address() == operator);
        let settled = logs
            .filter_map(|log| TaskSettled::decode_log(&log.inner).ok())
            .map(|event| event.task);
        let result = Settled {
            tasks: settled.collect(),
            transaction: Some(mined.hash()),
        };
        Ok(Sent {
            result,
            mined: Some(mined),
        })
    }

    /// Gives the ticket of a task back that was not served until its deadline.
    pub async fn cancel(&self, task: U256) -> Result<Sent<B256>> {
        let found = Tasks::one(self.chain(), task).await?;
        let turn = self
            .turn(Intent::new(format!("cancel {task}"), &()))
            .await?;
        if found.state != State::Requested && !turn.is_adopted() {
            return Err(super::work::not_delivered(&found).into());
        }
        let call = Call::new(
            self.chain().contracts().operator,
            &ICTIOperator::cancelCall { task },
        );
        let mined = turn.send(&call).await?;
        Ok(Sent {
            result: mined.hash(),
            mined: Some(mined),
        })
    }

    /// The tasks of these numbers.
    async fn named(&self, tasks: &[U256]) -> Result<Vec<Task>> {
        let mut found = Vec::new();
        for task in tasks {
            found.push(Tasks::one(self.chain(), *task).await?);
        }
        Ok(found)
    }

    /// The tasks of this account and of its products.
    async fn traded(&self) -> Result<Vec<Task>> {
        let (chain, account) = (self.chain(), self.account()?);
        let products = Catalogue::of_producer(chain, account).await?.products;
        let sold = Tasks::read(chain, &Which::For(products.into_keys().collect())).await?;
        let bought = Tasks::read(chain, &Which::Of(account)).await?;
        let mut tasks = bought.tasks;
        tasks.extend(sold.tasks);
        Ok(tasks.into_values().collect())
    }

    /// Those whose time for complaints, and for feedback where it is rewarded, is over.
    async fn due(&self, mut tasks: Vec<Task>) -> Result<Vec<U256>> {
        tasks.retain(|task| task.state == State::Delivered);
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let error = |error| self.chain().view_error(error);
        let operator = self.chain().operator();
        let complaint = operator.COMPLAINT_PERIOD().call().await.map_err(error)?;
        let feedback = operator.FEEDBACK_PERIOD().call().await.map_err(error)?;
        let products = Catalogue::read(self.chain()).await?.products;
        let now = self.chain().head().await?.timestamp.max(now());
        let mut due = Vec::new();
        for (task, delivered) in self.delivery_times(&tasks).await? {
            let product = products.get(&task.product);
            let rewarded = product.is_some_and(|product| product.listing.rewardBps != 0);
            let waits = match task.feedback {
                None if rewarded => complaint.max(feedback),
                _ => complaint,
            };
            if now > delivered + u64::from(waits) {
                due.push(task.id);
            }
        }
        Ok(due)
    }

    /// When each task was delivered, in Unix seconds.
    async fn delivery_times<'a>(&self, tasks: &'a [Task]) -> Result<Vec<(&'a Task, u64)>> {
        let (places, mut looks) = (Arc::new(Semaphore::new(LOOKS)), JoinSet::new());
        for task in tasks {
            let (chain, places, id) = (self.chain().clone(), places.clone(), task.id);
            looks.spawn(async move {
                let _place = places.acquire_owned().await;
                let stored = chain.operator().taskOf(id).call().await;
                stored
                    .map(|stored| (id, u64::from(stored.time)))
                    .map_err(|error| chain.view_error(error))
            });
        }
        let times = looks
            .join_all()
            .await
            .into_iter()
            .collect::<Result<HashMap<_, _>, _>>()?;
        Ok(tasks
            .iter()
            .filter_map(|task| Some((task, *times.get(&task.id)?)))
            .collect())
    }
}

fn tasks_text(tasks: &[U256]) -> Vec<String> {
    tasks.iter().map(U256::to_string).collect()
}
