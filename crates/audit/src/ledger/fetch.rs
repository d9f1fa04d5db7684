//! Reading at once what the events of a page will be about, so that each of them need not ask for it.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, U256};
use ayumi_contracts::ICTIOperator::ICTIOperatorEvents as O;
use ayumi_contracts::ICTIToken::ICTITokenEvents as T;

use super::Ledger;
use crate::db::Db;
use crate::error::Result;
use crate::event::{Event, Said};

/// What events are about. What is made by them is not among it.
#[derive(Default)]
struct Subjects {
    tasks: BTreeSet<i64>,
    products: BTreeSet<i64>,
    /// Who has to do with which product.
    holdings: BTreeSet<(i64, i64)>,
    /// Tasks that an organisation tells of.
    told: BTreeSet<i64>,
    notes: Vec<B256>,
}

impl Ledger {
    /// Reads what these events will be about. What is forgotten here is read when it is asked for.
    pub(crate) fn fetch(&mut self, db: &Db, events: &[Event]) -> Result<()> {
        self.load(db)?;
        let mut subjects = self.subjects(events);
        let one = |id: i64| (id, 0);
        self.tasks
            .fetch(db, subjects.tasks.iter().copied().map(one))?;
        for task in &subjects.tasks {
            if let Some(task) = self.tasks.here((*task, 0)) {
                subjects.products.insert(task.product);
                subjects.holdings.insert((task.consumer, task.product));
            }
        }
        self.products
            .fetch(db, subjects.products.iter().copied().map(one))?;
        self.holdings.fetch(db, subjects.holdings.iter().copied())?;
        let (mut parties, mut pairs) = (BTreeSet::new(), BTreeSet::new());
        let (mut purchases, mut votes) = (BTreeSet::new(), BTreeSet::new());
        for key @ (consumer, product) in &subjects.holdings {
            parties.insert(*consumer);
            if let Some(product) = self.products.here((*product, 0)) {
                parties.insert(product.producer);
                pairs.extend([(product.producer, *consumer), (*consumer, product.producer)]);
            }
            if let Some(holding) = self.holdings.here(*key) {
                purchases.extend([holding.oldest, holding.newest]);
            }
        }
        self.parties.fetch(db, parties.into_iter().map(one))?;
        for task in &subjects.told {
            if let Some(task) = self.tasks.here((*task, 0))
                && let Some(party) = self.parties.here((task.consumer, 0))
            {
                votes.insert((task.product, party.organisation));
            }
        }
        purchases.remove(&0);
        self.pairs.fetch(db, pairs)?;
        self.purchases.fetch(db, purchases.into_iter().map(one))?;
        self.votes.fetch(db, votes)?;
        self.notes.fetch(db, &subjects.notes)
    }

    fn subjects(&self, events: &[Event]) -> Subjects {
        let mut subjects = Subjects::default();
        let (mut new_tasks, mut new_products) = (BTreeSet::new(), BTreeSet::new());
        let id = |number: U256| i64::try_from(number).unwrap_or(i64::MAX);
        let hold = |holdings: &mut BTreeSet<_>, consumer: Address, product: U256| {
            if let Some(consumer) = self.known.get(&consumer) {
                holdings.insert((*consumer, id(product)));
            }
        };
        for event in events {
            match &event.said {
                Said::Token(T::ProductPublished(e)) => {
                    new_products.insert(id(e.product));
                }
                Said::Token(T::ProductRevised(e)) => subjects.products.extend([id(e.product)]),
                Said::Token(T::ProductWithdrawn(e)) => subjects.products.extend([id(e.product)]),
                Said::Token(T::SolverAssigned(e)) => subjects.products.extend([id(e.product)]),
                Said::Token(T::TicketsBought(e)) => {
                    subjects.products.insert(id(e.product));
                    hold(&mut subjects.holdings, e.consumer, e.product);
                }
                Said::Token(T::TicketsRefunded(e)) => {
                    subjects.products.insert(id(e.product));
                    hold(&mut subjects.holdings, e.consumer, e.product);
                }
                Said::Operator(O::TaskRequested(e)) => {
                    new_tasks.insert(id(e.task));
                    subjects.products.insert(id(e.product));
                    hold(&mut subjects.holdings, e.consumer, e.product);
                }
                Said::Operator(O::TaskDelivered(e)) => subjects.tasks.extend([id(e.task)]),
                Said::Operator(O::TaskSettled(e)) => subjects.tasks.extend([id(e.task)]),
                Said::Operator(O::TaskDeclined(e)) => subjects.tasks.extend([id(e.task)]),
                Said::Operator(O::TaskCancelled(e)) => subjects.tasks.extend([id(e.task)]),
                Said::Operator(O::TaskRefunded(e)) => subjects.tasks.extend([id(e.task)]),
                Said::Operator(O::FeedbackGiven(e)) => {
                    subjects.tasks.insert(id(e.task));
                    subjects.told.insert(id(e.task));
                    subjects.notes.push(e.noteHash);
                }
                Said::Operator(O::FeedbackAnswered(e)) => {
                    subjects.tasks.insert(id(e.task));
                    subjects.notes.push(e.noteHash);
                }
                _ => {}
            }
        }
        subjects.tasks.retain(|task| !new_tasks.contains(task));
        subjects
            .products
            .retain(|product| !new_products.contains(product));
        subjects.notes.retain(|hash| !hash.is_zero());
        subjects
    }
}
