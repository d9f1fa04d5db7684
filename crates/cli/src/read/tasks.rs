use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::{SolEvent, SolEventInterface};
use ayumi_chain::{Chain, Head};
use ayumi_contracts::ICTIOperator::{
    Feedback, FeedbackAnswered, FeedbackGiven, ICTIOperatorEvents, Response, State, TaskCancelled,
    TaskDeclined, TaskDelivered, TaskRefunded, TaskRequested, TaskSettled,
};
use ayumi_contracts::{Named, ProductId};

use crate::error::{Result, TaskError};

/// The most ids that a filter asks for; above it, all are asked for and sorted out here.
const MAX_TOPICS: usize = 500;

/// Tasks, as their events tell them.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// By their ids.
    pub tasks: BTreeMap<U256, Task>,
    /// The newest block that was read.
    pub head: Head,
}

/// Which tasks to read.
#[derive(Debug, Clone)]
pub enum Which {
    /// One.
    One(U256),
    /// Of a consumer.
    Of(Address),
    /// Of a consumer, for one product.
    OfProduct(Address, ProductId),
    /// For any of these products.
    For(Vec<ProductId>),
}

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    /// From 1.
    pub id: U256,
    /// For which product.
    pub product: ProductId,
    /// Whose it is.
    pub consumer: Address,
    /// To which its delivery is sealed.
    pub one_time_key: B256,
    /// From which the consumer derives the secret key.
    pub nonce: B256,
    /// Until when the solver has time, in Unix seconds.
    pub deadline: u64,
    /// In which block it was requested.
    pub block: u64,
    /// How far it is.
    pub state: State,
    /// Why it was declined, or which chunk was wrong.
    pub reason: Option<String>,
    /// The key, once it is out.
    pub delivered: Option<Delivered>,
    /// What the consumer says.
    pub feedback: Option<Given>,
    /// What the producer says to it.
    pub answer: Option<Said>,
}

/// A delivery.
#[derive(Debug, Clone, Copy)]
pub struct Delivered {
    /// Of the receipt.
    pub ciphertext_root: B256,
    /// Opens the ciphertext.
    pub key: B256,
    /// In which block.
    pub block: u64,
    /// In which transaction.
    pub transaction: B256,
}

/// A feedback.
#[derive(Debug, Clone)]
pub struct Given {
    /// Actions, outcome and usefulness.
    pub feedback: Feedback,
    /// Zero where there is no note.
    pub note_hash: B256,
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// What the producer says.
    pub response: Response,
    /// Zero where there is no note.
    pub note_hash: B256,
}

const LATER: [B256; 7] = [
    TaskDelivered::SIGNATURE_HASH,
    TaskSettled::SIGNATURE_HASH,
    TaskDeclined::SIGNATURE_HASH,
    TaskCancelled::SIGNATURE_HASH,
    TaskRefunded::SIGNATURE_HASH,
    FeedbackGiven::SIGNATURE_HASH,
    FeedbackAnswered::SIGNATURE_HASH,
];

impl Tasks {
    /// Reads tasks as of the newest block.
    pub async fn read(chain: &Chain, which: &Which) -> Result<Self> {
        let head = chain.head().await?;
        let mut tasks = Self {
            tasks: BTreeMap::new(),
            head,
        };
        if matches!(which, Which::For(products) if products.is_empty()) {
            return Ok(tasks);
        }
        let requested = [TaskRequested::SIGNATURE_HASH];
        for log in super::filtered(chain, head, which.filter(), &requested).await? {
            tasks.apply(chain, &log);
        }
        if let Which::For(products) = which {
            tasks
                .tasks
                .retain(|_, task| products.contains(&task.product));
        }
        if tasks.tasks.is_empty() {
            return Ok(tasks);
        }
        let ids = tasks
            .tasks
            .keys()
            .map(|id| B256::from(*id))
            .collect::<Vec<_>>();
        let filter = if ids.len() <= MAX_TOPICS {
            Filter::new().topic1(ids)
        } else {
            Filter::new()
        };
        for log in super::filtered(chain, head, filter, &LATER).await? {
            tasks.apply(chain, &log);
        }
        Ok(tasks)
    }

    /// Reads one task.
    pub async fn one(chain: &Chain, task: U256) -> Result<Task> {
        let mut tasks = Self::read(chain, &Which::One(task)).await?;
        tasks
            .tasks
            .remove(&task)
            .ok_or_else(|| TaskError::UnknownTask(task).into())
    }

    /// Takes up what a log tells, if it is of the operator.
    pub(crate) fn apply(&mut self, chain: &Chain, log: &Log) {
        if log.address() != chain.contracts().operator {
            return;
        }
        if let Ok(event) = ICTIOperatorEvents::decode_log(&log.inner) {
            let place = (
                log.block_number.unwrap_or(0),
                log.transaction_hash.unwrap_or_default(),
            );
            self.note(event.data, place);
        }
    }

    fn note(&mut self, event: ICTIOperatorEvents, (block, transaction): (u64, B256)) {
        use ICTIOperatorEvents as E;
        match event {
            E::TaskRequested(e) => {
                let task = Task::of(&e, block);
                self.tasks.extend(task.map(|task| (task.id, task)));
            }
            E::TaskDelivered(e) => self.change(e.task, |task| {
                task.state = State::Delivered;
                task.delivered = Some(Delivered {
                    ciphertext_root: e.ciphertextRoot,
                    key: e.key,
                    block,
                    transaction,
                });
            }),
            E::TaskSettled(e) => self.change(e.task, |task| task.state = State::Settled),
            E::TaskDeclined(e) => self.change(e.task, |task| {
                (task.state, task.reason) = (State::Declined, Some(e.reason.name().into()));
            }),
            E::TaskCancelled(e) => self.change(e.task, |task| task.state = State::Cancelled),
            E::TaskRefunded(e) => self.change(e.task, |task| {
                (task.state, task.reason) = (
                    State::Refunded,
                    Some(format!("chunk {} was wrong", e.index)),
                );
            }),
            E::FeedbackGiven(e) => self.change(e.task, |task| {
                task.feedback = Some(Given {
                    feedback: e.feedback,
                    note_hash: e.noteHash,
                });
            }),
            E::FeedbackAnswered(e) => self.change(e.task, |task| {
                task.answer = Some(Said {
                    response: e.response,
                    note_hash: e.noteHash,
                });
            }),
            E::ReceiptAcknowledged(_) => {}
        }
    }

    fn change(&mut self, task: U256, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.tasks.get_mut(&task) {
            change(task);
        }
    }
}

impl Task {
    /// Out of its request; `None` where the product's id is none.
    pub(crate) fn of(event: &TaskRequested, block: u64) -> Option<Self> {
        Some(Self {
            id: event.task,
            product: ProductId::try_from(event.product).ok()?,
            consumer: event.consumer,
            one_time_key: event.oneTimeKey,
            nonce: event.nonce,
            deadline: u64::from(event.deadline),
            block,
            state: State::Requested,
            reason: None,
            delivered: None,
            feedback: None,
            answer: None,
        })
    }

    /// The error that a task that ended without delivery is.
    pub(crate) fn ended(&self) -> TaskError {
        let reason = self
            .reason
            .as_ref()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default();
        TaskError::Ended {
            task: self.id,
            state: self.state.name(),
            reason,
        }
    }
}

impl Which {
    fn filter(&self) -> Filter {
        let filter = Filter::new();
        match self {
            Self::One(task) => filter.topic1(B256::from(*task)),
            Self::Of(consumer) => filter.topic3(consumer.into_word()),
            Self::OfProduct(consumer, product) => filter
                .topic2(super::topic(*product))
                .topic3(consumer.into_word()),
            Self::For(products) if products.len() <= MAX_TOPICS => filter.topic2(
                products
                    .iter()
                    .copied()
                    .map(super::topic)
                    .collect::<Vec<_>>(),
            ),
            Self::For(_) => filter,
        }
    }
}
