use alloy::primitives::{B256, U256};
use alloy::sol_types::{SolCall, SolEvent};
use ayumi_chain::{Call, Sender};
use ayumi_contracts::ICTIOperator::{self, Dialogue, State, TaskSettled};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::error::{Result, TaskError};
use crate::read::{Catalogue, Task, Tasks, Which};
use crate::session::Session;
use crate::submit::{Intent, Sent};

/// The most tasks that one transaction settles.
const BATCH: usize = 100;

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
        let mut tasks = match tasks {
            [] => self.due().await?,
            named => named.to_vec(),
        };
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
        if !turn.is_adopted() && (tasks.is_empty() || self.would_settle(&call).await?.is_zero()) {
            return Ok(nothing);
        }
        let mined = turn.send(&call).await?;
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

    async fn would_settle(&self, call: &Call) -> Result<U256> {
        let sender = Sender::new(self.chain().clone(), self.wallet()?.clone());
        let returned = sender.simulate(call).await?;
        Ok(ICTIOperator::settleCall::abi_decode_returns(&returned).unwrap_or_default())
    }

    /// The delivered tasks of this account and its products whose time for complaints, and for feedback where it is
    /// rewarded, is over.
    async fn due(&self) -> Result<Vec<U256>> {
        let (chain, account) = (self.chain(), self.account()?);
        let products = Catalogue::of_producer(chain, account)
            .await?
            .products
            .into_keys()
            .collect();
        let sold = Tasks::read(chain, &Which::For(products)).await?;
        let bought = Tasks::read(chain, &Which::Of(account)).await?;
        let delivered = |tasks: Tasks| {
            tasks
                .tasks
                .into_values()
                .filter(|task| task.state == State::Delivered)
        };
        let mut looks = JoinSet::new();
        for task in delivered(sold).chain(delivered(bought)) {
            let session = self.clone();
            looks.spawn(async move { session.is_due(task).await });
        }
        let mut due = Vec::new();
        while let Some(look) = looks.join_next().await {
            due.extend(look.map_err(|_| TaskError::UnknownTask(U256::ZERO))??);
        }
        due.sort_unstable();
        due.dedup();
        Ok(due)
    }

    async fn is_due(&self, task: Task) -> Result<Option<U256>> {
        let error = |error| self.chain().view_error(error);
        let operator = self.chain().operator();
        let stored = operator.taskOf(task.id).call().await.map_err(error)?;
        let complaint = operator.COMPLAINT_PERIOD().call().await.map_err(error)?;
        let feedback = operator.FEEDBACK_PERIOD().call().await.map_err(error)?;
        let rewarded = Catalogue::product(self.chain(), task.product)
            .await?
            .listing
            .rewardBps
            != 0;
        let waits = if rewarded && stored.dialogue == Dialogue::None {
            complaint.max(feedback)
        } else {
            complaint
        };
        let now = self
            .chain()
            .head()
            .await?
            .timestamp
            .max(crate::endpoint::now());
        Ok((now > u64::from(stored.time) + u64::from(waits)).then_some(task.id))
    }
}

fn tasks_text(tasks: &[U256]) -> Vec<String> {
    tasks.iter().map(U256::to_string).collect()
}
