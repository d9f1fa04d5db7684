use std::fs;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::U256;
use ayumi_chain::Head;
use ayumi_cli::read::{Task, Tasks, Which};
use ayumi_cli::{Error, UseOptions};
use ayumi_contracts::ICTIOperator::{Feedback, Outcome, State};

use super::books::{End, Offered};
use super::producer::{collect, settle};
use super::random::Random;
use super::stage::Party;
use super::{Flaw, Shared};

/// Between two tries.
const AGAIN: Duration = Duration::from_millis(150);

/// How often a consumer uses what nobody has: a solver gives three tickets back, and lets the next wait for its deadline.
const MOST_BARE: u64 = 2;

/// Uses one product after the other, until it is to end. `buys` is whether each ticket is bought by itself.
pub async fn consume(shared: Arc<Shared>, party: Arc<Party>, buys: bool) {
    let mut random = Random::of(shared.seed, &party.name);
    let (mut number, mut bare) = (0, 0);
    while !shared.is_ending() {
        let offers = shared.books.pages().offers.clone();
        let offer = random.pick(&offers);
        if offer.bare && (bare == MOST_BARE || !random.chance(25)) {
            continue;
        }
        number += 1;
        bare += u64::from(offer.bare);
        let operation = format!("{} {number} of {}", party.name, offer.product);
        let mut one = Operation {
            shared: &shared,
            party: &party,
            random: &mut random,
            offer,
            name: operation,
            number,
        };
        shared.books.pages().open += 1;
        let ended = one.run(buys).await;
        shared.books.pages().open -= 1;
        if let Some(task) = ended {
            one.afterwards(task).await;
        }
        tokio::time::sleep(random.millis(0, 300)).await;
    }
}

/// One product, from the ticket to the file or back to the ticket.
struct Operation<'a> {
    shared: &'a Shared,
    party: &'a Party,
    random: &'a mut Random,
    offer: &'a Offered,
    name: String,
    number: u64,
}

impl Operation<'_> {
    /// Goes on until it ended. Returns the task that was delivered.
    async fn run(&mut self, buys: bool) -> Option<U256> {
        if buys && !self.buy().await {
            return None;
        }
        loop {
            let options = UseOptions {
                file: Some(self.party.folder.join(format!("{}.json", self.number))),
                another: true,
                buy: !buys,
                wait: self.random.millis(3_000, 8_000),
                ..UseOptions::default()
            };
            let using = self.party.session.use_product(self.offer.product, &options);
            match self.shared.interrupted(self.random, using).await {
                Some(Ok(used)) if self.has_file(used.task) => {
                    self.has_ticket_back().await;
                    return Some(used.task);
                }
                Some(Err(error)) if self.ends_with(&error) => return None,
                Some(_) | None => {}
            }
            if self.has_ticket_back().await {
                return None;
            }
            if self.shared.is_over() {
                self.shared
                    .books
                    .found(&format!("{} never ended", self.name));
                return None;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Buys a ticket, and goes on until it has: once.
    async fn buy(&mut self) -> bool {
        loop {
            let buying = self.party.session.buy(self.offer.product, 1, None);
            match self.shared.interrupted(self.random, buying).await {
                Some(Ok(sent)) => {
                    sent.recorded();
                    self.shared.books.note(&format!("{}: bought", self.name));
                    let whose = (self.party.address, self.offer.product);
                    *self.shared.books.pages().bought.entry(whose).or_default() += 1;
                    return true;
                }
                Some(Err(error)) => self.shared.suffered(&self.name, "buy", &error),
                None => {}
            }
            if self.shared.is_over() {
                let what = format!("{}: no ticket is to be had", self.name);
                self.shared.books.found(&what);
                return false;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Compares the file. False where the task was delivered to an earlier operation, before a reorg took that back.
    fn has_file(&self, task: U256) -> bool {
        let file = self.party.folder.join(format!("{}.json", self.number));
        let found = fs::read(&file).unwrap_or_default();
        if found != *self.offer.bytes {
            let what = format!(
                "{}: the file of task {task} is not what was offered",
                self.name
            );
            self.shared.books.found(&what);
        }
        let _ = fs::remove_file(&file);
        if self.shared.flaw == Some(Flaw::Forget) && task == U256::from(3) {
            return true;
        }
        let is_first = self
            .shared
            .books
            .ended(task.to(), End::Delivered, &self.name);
        if !is_first {
            self.shared.books.pages().again += 1;
        }
        is_first
    }

    /// Writes an error down. True where it ends the operation: data that is wrong is past help.
    fn ends_with(&self, error: &Error) -> bool {
        self.shared.suffered(&self.name, "use", error);
        if !matches!(error.kind(), "wrong-data" | "bad-delivery") {
            return false;
        }
        self.shared.books.found(&format!("{}: {error}", self.name));
        true
    }

    /// Writes down which tasks of the product ended without delivery; those whose time is over are cancelled first. True
    /// where there was one, and none is left to be taken up.
    async fn has_ticket_back(&self) -> bool {
        let session = &self.party.session;
        let which = Which::OfProduct(self.party.address, self.offer.product);
        let Ok(found) = Tasks::read(session.chain(), &which).await else {
            return false;
        };
        let (mut back, mut open) = (false, false);
        for task in found.tasks.values() {
            let id = task.id.to::<u64>();
            // What a reorg took back is in the books, and can be late nevertheless.
            let is_late = task.state == State::Requested && task.deadline < found.head.timestamp;
            let is_cancelled = is_late && self.cancel(task).await;
            if self.shared.books.pages().ends.contains_key(&id) {
                back |= is_cancelled;
                continue;
            }
            if !is_cancelled && !self.is_returned(task, found.head).await {
                open = true;
                continue;
            }
            back = true;
            self.shared.books.ended(id, End::Returned, &self.name);
        }
        back && !open
    }

    /// Whether a task ended without delivery for good: what no reorg takes back.
    async fn is_returned(&self, task: &Task, seen: Head) -> bool {
        let is_end = |state| matches!(state, State::Declined | State::Cancelled);
        let chain = self.party.session.chain();
        let operator = chain.operator();
        while is_end(task.state) {
            let Ok(Some(last)) = chain.final_head().await else {
                return false;
            };
            let stored = operator.taskOf(task.id);
            match stored.block(last.number.into()).call().await {
                Ok(stored) if is_end(stored.state) => return true,
                // Not in that block yet; or not any more on the chain.
                Ok(_) if last.number < seen.number => tokio::time::sleep(AGAIN).await,
                _ => return false,
            }
        }
        false
    }

    async fn cancel(&self, task: &Task) -> bool {
        match self.party.session.cancel(task.id).await {
            Ok(sent) => {
                sent.recorded();
                true
            }
            Err(error) => {
                self.shared.suffered(&self.name, "cancel", &error);
                false
            }
        }
    }

    /// Sometimes says what was done with it, and takes money out.
    async fn afterwards(&mut self, task: U256) {
        if self.random.chance(30) {
            let feedback = Feedback {
                actions: 1,
                outcome: Outcome::TruePositive,
                usefulness: 4,
            };
            let giving = self.party.session.give_feedback(task, feedback, None);
            match self.shared.interrupted(self.random, giving).await {
                Some(Ok(sent)) => {
                    sent.recorded();
                }
                Some(Err(error)) => self.shared.suffered(&self.name, "feedback", &error),
                None => {}
            }
        }
        if self.random.chance(5) {
            settle(self.shared, self.party).await;
            collect(self.shared, self.party, self.random).await;
        }
    }
}
