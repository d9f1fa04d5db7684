//! A next edition that answers feedback.

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::Response;
use ayumi_contracts::ProductId;

use super::{Offer, Published};
use crate::args::WhichSolver;
use crate::error::{Result, TaskError};
use crate::read::{Catalogue, Task, Tasks, Which};
use crate::session::Session;
use crate::submit::Sent;

impl Session {
    /// Publishes the next edition of a product, then answers the feedback that it takes up. Interrupted and given again, it
    /// goes on where it was: the draft stays until the last answer is given.
    pub async fn revise(
        &self,
        offer: &Offer,
        product: ProductId,
        solver: Option<&WhichSolver>,
        answers: &[U256],
    ) -> Result<Sent<Published>> {
        self.unanswered(product, answers).await?;
        let (sent, draft) = self.put_on_sale(offer, Some(product), solver).await?;
        if answers.is_empty() {
            return sent.forgetting(draft);
        }
        let published = sent.recorded();
        let mut last = None;
        for task in self.unanswered(product, answers).await? {
            last.take()
                .into_iter()
                .for_each(crate::submit::Mined::recorded);
            self.observer()
                .step(&format!("answering the feedback on task {task}"));
            last = self
                .answer_feedback(task, Response::Revised, None)
                .await?
                .mined;
        }
        let sent = Sent {
            result: published,
            mined: last,
        };
        sent.forgetting(draft)
    }

    /// Those of the tasks whose feedback waits for an answer, in order. Each must be about the product or an edition before
    /// it, and have feedback that is not answered in another way.
    async fn unanswered(&self, product: ProductId, answers: &[U256]) -> Result<Vec<U256>> {
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        let catalogue = Catalogue::read(self.chain()).await?;
        self.check_producer(catalogue.find(product)?)?;
        let editions = catalogue.editions_until(product);
        let tasks = Tasks::read(self.chain(), &Which::For(editions.clone()))
            .await?
            .tasks;
        let mut waiting = Vec::new();
        for number in answers {
            let task = match tasks.get(number) {
                Some(task) => task,
                None => &other_task(self, *number, product).await?,
            };
            if is_waiting(task)? && !waiting.contains(number) {
                waiting.push(*number);
            }
        }
        waiting.sort();
        Ok(waiting)
    }
}

/// Why a task is not among those of a product.
async fn other_task(session: &Session, task: U256, product: ProductId) -> Result<Task> {
    let found = Tasks::one(session.chain(), task).await?.product;
    Err(TaskError::OtherEdition {
        task,
        found,
        product,
    }
    .into())
}

fn is_waiting(task: &Task) -> Result<bool> {
    match (&task.feedback, &task.answer) {
        (None, _) => Err(TaskError::NoFeedback(task.id).into()),
        (Some(_), None) => Ok(true),
        (Some(_), Some(said)) if said.response == Response::Revised => Ok(false),
        (Some(_), Some(_)) => Err(TaskError::AlreadySaid {
            task: task.id,
            what: "answered",
        }
        .into()),
    }
}
