use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::{B256, U256};
use ayumi_chain::Call;
use ayumi_contracts::ICTIOperator::{self, Feedback, Response};
use ayumi_contracts::Named;
use ayumi_sealing::PublicKey;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::note::Kind;
use crate::error::{Result, TaskError};
use crate::read::{Catalogue, Product, Task, Tasks, Which};
use crate::session::Session;
use crate::submit::{Intent, Sent};

/// Notes that are fetched at a time.
const FETCHES: usize = 8;

/// A feedback with what was said beside it.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// The task that it is about.
    pub task: Task,
    /// The product.
    pub product: Arc<Product>,
    /// The consumer's note.
    pub note: NoteText,
    /// The producer's note.
    pub answer_note: NoteText,
}

/// A note, as far as this account can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteText {
    /// There is none.
    None,
    /// This is it.
    Text(String),
    /// There is one, and this is why it does not show.
    Unreadable(String),
}

impl Session {
    /// Says what was done with a delivery. The note is with the solver before the chain has its hash.
    pub async fn give_feedback(
        &self,
        task: U256,
        feedback: Feedback,
        note: Option<&str>,
    ) -> Result<Sent<B256>> {
        let details = (
            feedback.actions,
            feedback.outcome.name(),
            feedback.usefulness,
            note,
        );
        let turn = self
            .turn(Intent::new(format!("give feedback on {task}"), &details))
            .await?;
        let found = self.own_task(task).await?;
        let mut note_hash = B256::ZERO;
        if !turn.is_adopted() {
            check_sayable(&found)?;
            if let Some(text) = note {
                let product = Catalogue::product(self.chain(), found.product).await?;
                let note = self.salted(Kind::Feedback, task, text)?;
                let reader = PublicKey(product.listing.noteKey);
                self.leave_note(Kind::Feedback, &product, task, reader, &note)
                    .await?;
                note_hash = note.hash();
            }
        }
        let call = ICTIOperator::giveFeedbackCall {
            task,
            feedback,
            noteHash: note_hash,
        };
        let mined = turn
            .send(&Call::new(self.chain().contracts().operator, &call))
            .await?;
        Ok(Sent {
            result: mined.hash(),
            mined: Some(mined),
        })
    }

    /// Answers a feedback on an own product.
    pub async fn answer_feedback(
        &self,
        task: U256,
        response: Response,
        note: Option<&str>,
    ) -> Result<Sent<B256>> {
        let turn = self
            .turn(Intent::new(
                format!("answer the feedback on {task}"),
                &(response.name(), note),
            ))
            .await?;
        let found = Tasks::one(self.chain(), task).await?;
        let product = Catalogue::product(self.chain(), found.product).await?;
        self.check_producer(&product)?;
        let mut note_hash = B256::ZERO;
        if !turn.is_adopted() {
            match (&found.feedback, &found.answer) {
                (None, _) => return Err(TaskError::NoFeedback(task).into()),
                (_, Some(_)) => {
                    return Err(TaskError::AlreadySaid {
                        task,
                        what: "answered",
                    }
                    .into());
                }
                _ => {}
            }
            if let Some(text) = note {
                let note = self.salted(Kind::Answer, task, text)?;
                let reader = PublicKey(found.one_time_key);
                self.leave_note(Kind::Answer, &product, task, reader, &note)
                    .await?;
                note_hash = note.hash();
            }
        }
        let call = ICTIOperator::answerFeedbackCall {
            task,
            response,
            noteHash: note_hash,
        };
        let mined = turn
            .send(&Call::new(self.chain().contracts().operator, &call))
            .await?;
        Ok(Sent {
            result: mined.hash(),
            mined: Some(mined),
        })
    }

    /// All feedback on the account's products, oldest first, with the notes that open.
    pub async fn inbox(&self) -> Result<Vec<Dialogue>> {
        let (account, products) = (
            self.account()?,
            Catalogue::read(self.chain()).await?.products,
        );
        let own = products
            .into_iter()
            .filter(|(_, product)| product.producer == account);
        let products = own
            .map(|(id, product)| (id, Arc::new(product)))
            .collect::<BTreeMap<_, _>>();
        let which = Which::For(products.keys().copied().collect());
        let tasks = Tasks::read(self.chain(), &which).await?.tasks;
        let said = tasks.into_values().filter(|task| task.feedback.is_some());
        let (places, mut reads) = (Arc::new(Semaphore::new(FETCHES)), JoinSet::new());
        for task in said {
            let Some(product) = products.get(&task.product).cloned() else {
                continue;
            };
            let (session, places) = (self.clone(), places.clone());
            reads.spawn(async move {
                let _place = places.acquire_owned().await;
                session.dialogue(task, product).await
            });
        }
        let mut dialogues = reads
            .join_all()
            .await
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        dialogues.sort_by_key(|dialogue| dialogue.task.id);
        Ok(dialogues)
    }

    /// The feedback on one task, for its consumer and its producer; what both said is on chain, the notes are theirs.
    pub async fn feedback(&self, task: U256) -> Result<Dialogue> {
        let task = Tasks::one(self.chain(), task).await?;
        let product = Catalogue::product(self.chain(), task.product).await?;
        self.dialogue(task, Arc::new(product)).await
    }

    async fn dialogue(&self, task: Task, product: Arc<Product>) -> Result<Dialogue> {
        let account = self.account()?;
        let (feedback, answer) = (
            task.feedback.as_ref().map(|said| said.note_hash),
            task.answer.map(|said| said.note_hash),
        );
        let note = match feedback.filter(|hash| !hash.is_zero()) {
            None => NoteText::None,
            Some(hash) if product.producer == account => {
                let key = self.wallet()?.sealing_key(self.scope());
                read(
                    self.fetch_note(Kind::Feedback, &product, task.id, &key, hash)
                        .await,
                )
            }
            Some(hash) => self.own_note(Kind::Feedback, task.id, hash)?,
        };
        let answer_note = match answer.filter(|hash| !hash.is_zero()) {
            None => NoteText::None,
            Some(hash) if task.consumer == account => {
                let key = self.wallet()?.one_time_key(self.scope(), task.nonce);
                read(
                    self.fetch_note(Kind::Answer, &product, task.id, &key, hash)
                        .await,
                )
            }
            Some(hash) => self.own_note(Kind::Answer, task.id, hash)?,
        };
        Ok(Dialogue {
            task,
            product,
            note,
            answer_note,
        })
    }
}

fn read(note: Result<String>) -> NoteText {
    match note {
        Ok(text) => NoteText::Text(text),
        Err(error) => NoteText::Unreadable(error.to_string()),
    }
}

fn check_sayable(task: &Task) -> Result<()> {
    if task.delivered.is_none() {
        return Err(super::work::not_delivered(task).into());
    }
    match task.feedback {
        Some(_) => Err(TaskError::AlreadySaid {
            task: task.id,
            what: "given",
        }
        .into()),
        None => Ok(()),
    }
}
