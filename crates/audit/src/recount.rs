//! All counts and balances out of the raw rows, by as little code as will do, and none that the index shares.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, I256, U256};
use ayumi_contracts::ICTIOperator::ICTIOperatorEvents as O;
use ayumi_contracts::ICTIToken::ICTITokenEvents as T;
use ayumi_contracts::IConsortium::IConsortiumEvents as C;

use crate::answer::Steps;
use crate::event::{Event, Said};

/// What an account has and did, as the events say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) steps: Steps,
    pub(crate) credit: I256,
    pub(crate) tickets: BTreeMap<U256, I256>,
    pub(crate) is_enrolled: bool,
    /// The newest transaction that names it.
    pub(crate) last: B256,
}

struct Task {
    product: U256,
    consumer: Address,
    is_open: bool,
    /// Delivered, and its money not yet given to anybody.
    is_held: bool,
}

/// What the events say in all.
#[derive(Default)]
pub(crate) struct Recount {
    pub(crate) accounts: BTreeMap<Address, Account>,
    producers: BTreeMap<U256, (Address, U256)>,
    tasks: BTreeMap<U256, Task>,
    operator: Address,
}

impl Recount {
    pub(crate) fn new(operator: Address) -> Self {
        Self {
            operator,
            ..Self::default()
        }
    }

    pub(crate) fn tasks(&self) -> u64 {
        self.tasks.len() as u64
    }

    /// What the till must hold.
    pub(crate) fn till(&self) -> I256 {
        let price = |product: &U256| {
            self.producers
                .get(product)
                .map_or(U256::ZERO, |(_, price)| *price)
        };
        let worth = |product: &U256, tickets: I256| {
            I256::try_from(price(product)).unwrap_or(I256::MAX) * tickets
        };
        let held = self.accounts.values().flat_map(|account| &account.tickets);
        let held: I256 = held
            .map(|(product, tickets)| worth(product, *tickets))
            .sum();
        let open = self
            .tasks
            .values()
            .filter(|task| task.is_open || task.is_held);
        let open: I256 = open.map(|task| worth(&task.product, I256::ONE)).sum();
        let credits: I256 = self.accounts.values().map(|account| account.credit).sum();
        held + open + credits
    }

    pub(crate) fn add(&mut self, event: &Event) {
        let at = event.transaction;
        match &event.said {
            Said::Consortium(C::AccountEnrolled(e)) => {
                self.account(e.account, at).is_enrolled = true;
            }
            Said::Token(said) => self.token(said, at),
            Said::Operator(said) => self.operator(said, at),
            Said::Moved(e) => self.moved(e.from, e.to, e.id, e.value, at),
            Said::MovedMany(e) => {
                for (id, value) in e.ids.iter().zip(&e.values) {
                    self.moved(e.from, e.to, *id, *value, at);
                }
            }
            Said::Consortium(_) | Said::Other => {}
        }
    }

    fn account(&mut self, address: Address, at: B256) -> &mut Account {
        let account = self.accounts.entry(address).or_default();
        account.last = at;
        account
    }

    fn moved(&mut self, from: Address, to: Address, product: U256, value: U256, at: B256) {
        let value = I256::try_from(value).unwrap_or(I256::MAX);
        for (who, value) in [(from, -value), (to, value)] {
            if !who.is_zero() && who != self.operator {
                *self.account(who, at).tickets.entry(product).or_default() += value;
            }
        }
    }

    fn token(&mut self, said: &T, at: B256) {
        match said {
            T::ProductPublished(e) => {
                self.producers
                    .insert(e.product, (e.producer, U256::from(e.listing.price)));
                self.account(e.producer, at).steps.published += 1;
            }
            T::TicketsBought(e) => {
                self.account(e.consumer, at).steps.bought += u64::from(e.quantity);
                if let Some((producer, _)) = self.producers.get(&e.product).copied() {
                    self.account(producer, at).steps.sold += u64::from(e.quantity);
                }
            }
            T::Credited(e) => {
                self.account(e.account, at).credit += I256::try_from(e.amount).unwrap_or(I256::MAX);
            }
            T::Collected(e) => {
                self.account(e.account, at).credit -= I256::try_from(e.amount).unwrap_or(I256::MAX);
            }
            T::ProductRevised(_)
            | T::ProductWithdrawn(_)
            | T::SolverAssigned(_)
            | T::TicketsRefunded(_) => {}
        }
    }

    fn operator(&mut self, said: &O, at: B256) {
        match said {
            O::TaskRequested(e) => {
                let task = Task {
                    product: e.product,
                    consumer: e.consumer,
                    is_open: true,
                    is_held: false,
                };
                self.tasks.insert(e.task, task);
                self.account(e.consumer, at).steps.redeemed += 1;
            }
            O::TaskDelivered(e) => {
                self.end(e.task, true);
                self.both(
                    e.task,
                    at,
                    |producer| producer.delivered += 1,
                    |consumer| consumer.consumed += 1,
                );
            }
            O::TaskRefunded(e) => {
                self.end(e.task, false);
                self.both(e.task, at, |_| {}, |consumer| consumer.complained += 1);
            }
            O::FeedbackGiven(e) => {
                let received = |producer: &mut Steps| producer.feedback_received += 1;
                self.both(e.task, at, received, |consumer| {
                    consumer.feedback_given += 1;
                });
            }
            O::FeedbackAnswered(e) => {
                self.both(e.task, at, |producer| producer.answered += 1, |_| {});
            }
            O::TaskSettled(e) => self.end(e.task, false),
            O::TaskDeclined(e) => self.end(e.task, false),
            O::TaskCancelled(e) => self.end(e.task, false),
            O::ReceiptAcknowledged(_) => {}
        }
    }

    fn end(&mut self, task: U256, is_held: bool) {
        if let Some(task) = self.tasks.get_mut(&task) {
            (task.is_open, task.is_held) = (false, is_held);
        }
    }

    fn both(
        &mut self,
        task: U256,
        at: B256,
        producer: impl Fn(&mut Steps),
        consumer: impl Fn(&mut Steps),
    ) {
        let Some((product, who)) = self
            .tasks
            .get(&task)
            .map(|task| (task.product, task.consumer))
        else {
            return;
        };
        consumer(&mut self.account(who, at).steps);
        if let Some((address, _)) = self.producers.get(&product).copied() {
            producer(&mut self.account(address, at).steps);
        }
    }
}
