//! The end: what the chain has is compared with the books, and all money is paid out.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::primitives::{Address, U256};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::SolEvent;
use ayumi_cli::read::{Task, Tasks};
use ayumi_contracts::ICTIOperator::{State, TaskDelivered, TaskRequested};
use ayumi_contracts::ICTIToken::{Collected, ProductPublished, TicketsBought};
use ayumi_contracts::{Named, ProductId};

use super::Shared;
use super::books::{End, Offered};
use super::producer::{collect, settle};
use super::random::Random;
use super::stage::Party;

/// What came of it all.
#[derive(Debug, Default)]
pub struct Reckoning {
    /// Tasks, however they ended.
    pub offered: u64,
    /// Tasks whose files are there.
    pub delivered: u64,
    /// Tasks with their tickets back, whose delivery a reorg took back, when it was too late to deliver again: the consumer has both.
    pub unpaid: u64,
    /// By the names of their states.
    pub returned: BTreeMap<&'static str, u64>,
    /// Tasks, tickets and files that are gone, each with what is known of it.
    pub lost: Vec<String>,
    /// What there is more of than was asked for.
    pub doubled: Vec<String>,
    /// Wei in the till when all was quiet, and what is owed.
    pub till: (U256, U256),
    /// Wei in the till when all was paid out.
    pub rest: U256,
    /// The tasks that are lost.
    pub suspects: Vec<u64>,
    /// What the solvers said, by their names.
    pub logs: Vec<(&'static str, String)>,
}

/// All that the chain has.
pub struct Ledger {
    tasks: BTreeMap<u64, Task>,
    logs: Vec<Log>,
}

impl Ledger {
    /// Reads it all.
    pub async fn read(shared: &Shared) -> Self {
        let chain = &shared.chain;
        let head = chain.head().await.expect("the chain answers");
        let logs = chain.logs(&Filter::new(), 0, head.number).await;
        let logs = logs.expect("the chain answers");
        let mut tasks = BTreeMap::new();
        for event in events::<TaskRequested>(&logs) {
            let task = Tasks::one(chain, event.task).await;
            tasks.insert(event.task.to(), task.expect("the chain answers"));
        }
        Self { tasks, logs }
    }

    /// The tasks that nobody ended.
    pub fn open(&self) -> impl Iterator<Item = &Task> {
        let all = self.tasks.values();
        all.filter(|task| task.state == State::Requested)
    }

    /// What happened to a task, block by block.
    pub fn history(&self, task: u64) -> String {
        let topic = U256::from(task).to_be_bytes::<32>();
        let ours = self.logs.iter().filter(|log| {
            log.topics().get(1).is_some_and(|found| found.0 == topic) && name(log).is_some()
        });
        let lines = ours.map(|log| {
            let block = log.block_number.unwrap_or(0);
            format!("    block {block}: {}", name(log).unwrap_or_default())
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn events<E: SolEvent>(logs: &[Log]) -> impl Iterator<Item = E> {
    let decoded = logs.iter().filter_map(|log| E::decode_log(&log.inner).ok());
    decoded.map(|log| log.data)
}

/// The event of a task, by its name.
fn name(log: &Log) -> Option<&'static str> {
    use ayumi_contracts::ICTIOperator as O;
    let names = [
        (O::TaskRequested::SIGNATURE_HASH, "requested"),
        (O::TaskDelivered::SIGNATURE_HASH, "delivered"),
        (O::TaskSettled::SIGNATURE_HASH, "settled"),
        (O::TaskDeclined::SIGNATURE_HASH, "declined"),
        (O::TaskCancelled::SIGNATURE_HASH, "cancelled"),
        (O::TaskRefunded::SIGNATURE_HASH, "refunded"),
        (O::FeedbackGiven::SIGNATURE_HASH, "feedback"),
    ];
    let found = names
        .iter()
        .find(|(hash, _)| log.topics().first() == Some(hash));
    found.map(|(_, name)| *name)
}

/// Compares the chain with the books.
pub async fn reckon(shared: &Shared, ledger: &Ledger) -> Reckoning {
    let mut found = Reckoning {
        offered: ledger.tasks.len() as u64,
        ..Reckoning::default()
    };
    for (id, task) in &ledger.tasks {
        weigh(shared, ledger, *id, task, &mut found);
    }
    count_events(shared, ledger, &mut found);
    count_tickets(shared, ledger, &mut found).await;
    found.till = (till(shared).await, owed(shared, ledger).await);
    found
}

/// One task: how it ended on chain, and as its consumer saw it.
fn weigh(shared: &Shared, ledger: &Ledger, id: u64, task: &Task, found: &mut Reckoning) {
    let known = shared.books.pages().ends.get(&id).cloned();
    let told = |what: &str| {
        let by = known.as_ref().map_or("nobody", |(_, by)| by);
        let history = ledger.history(id);
        format!("task {id} of {}: {what} ({by})\n{history}", task.product)
    };
    let lost = match (task.state, known.as_ref().map(|(end, _)| *end)) {
        (State::Delivered | State::Settled, Some(End::Delivered)) => {
            found.delivered += 1;
            return;
        }
        (State::Declined | State::Cancelled, Some(end)) => {
            found.unpaid += u64::from(end == End::Delivered);
            *found.returned.entry(task.state.name()).or_default() += 1;
            return;
        }
        (State::Delivered | State::Settled, _) => "delivered, and nobody has the file",
        (State::Declined | State::Cancelled, None) => "ended, and nobody knows of it",
        (state, _) => state.name(),
    };
    found.lost.push(told(lost));
    found.suspects.push(id);
}

/// What there is one of for each intent.
fn count_events(shared: &Shared, ledger: &Ledger, found: &mut Reckoning) {
    let mut delivered = BTreeMap::<u64, u64>::new();
    for event in events::<TaskDelivered>(&ledger.logs) {
        *delivered.entry(event.task.to()).or_default() += 1;
    }
    for (task, times) in delivered.into_iter().filter(|(_, times)| *times > 1) {
        let history = ledger.history(task);
        found
            .doubled
            .push(format!("task {task}: delivered {times} times\n{history}"));
    }
    let pages = shared.books.pages();
    let published = events::<ProductPublished>(&ledger.logs).count();
    if published != pages.published.len() {
        let known = pages.published.len();
        found.doubled.push(format!(
            "{published} products are published, and {known} were"
        ));
    }
    let collected = events::<Collected>(&ledger.logs).map(|event| event.amount);
    let collected = collected.fold(U256::ZERO, |sum, amount| sum + amount);
    if collected != pages.collected {
        let known = pages.collected;
        found.doubled.push(format!(
            "{collected} wei were collected, and {known} are in the books"
        ));
    }
}

/// The tickets of each consumer: as many as were bought, less what was delivered.
async fn count_tickets(shared: &Shared, ledger: &Ledger, found: &mut Reckoning) {
    let mut bought = BTreeMap::<(Address, ProductId), u64>::new();
    for event in events::<TicketsBought>(&ledger.logs) {
        let product = ProductId::try_from(event.product).expect("products have ids");
        *bought.entry((event.consumer, product)).or_default() += u64::from(event.quantity);
    }
    let mut spent = BTreeMap::<(Address, ProductId), u64>::new();
    let mut unpaid = spent.clone();
    for (id, task) in &ledger.tasks {
        let is_back = matches!(task.state, State::Declined | State::Cancelled);
        let end = shared.books.pages().ends.get(id).map(|(end, _)| *end);
        let is_unpaid = is_back && end == Some(End::Delivered);
        let whose = (task.consumer, task.product);
        *spent.entry(whose).or_default() += u64::from(!is_back);
        *unpaid.entry(whose).or_default() += u64::from(is_unpaid);
    }
    for ((consumer, product), bought) in bought {
        let whose = (consumer, product);
        let held = tickets(shared, consumer, product).await;
        let spent = spent.get(&whose).copied().unwrap_or(0);
        let known = shared.books.pages().bought.get(&whose).copied();
        let tale =
            format!("{consumer} has {held} tickets of {product}, bought {bought}, spent {spent}");
        if held + spent < bought {
            found.lost.push(tale.clone());
        }
        // Who buys a ticket only where there is none has one at most, and those of deliveries and declines that a reorg
        // took back.
        let is_bare = |offer: &Offered| offer.product == product && offer.bare;
        let is_bare = shared.books.pages().offers.iter().any(is_bare);
        let at_most = 1 + unpaid.get(&whose).copied().unwrap_or(0) + u64::from(is_bare);
        let too_many = known.map_or(held > at_most, |known| bought > known);
        if held + spent > bought || too_many {
            found.doubled.push(format!("{tale}, wanted {known:?}"));
        }
        if known.is_some_and(|known| bought < known) {
            found.lost.push(format!("{tale}, paid for {known:?}"));
        }
    }
}

async fn tickets(shared: &Shared, account: Address, product: ProductId) -> u64 {
    let tickets = shared.chain.tickets();
    let held = tickets.balanceOf(account, product.into()).call().await;
    held.expect("the chain answers").to()
}

async fn till(shared: &Shared) -> U256 {
    let token = shared.chain.contracts().token;
    let till = shared.chain.balance(token).await;
    till.expect("the chain answers")
}

/// The prices of all tickets and open tasks, the prices of all that is delivered and not settled, and the credits.
async fn owed(shared: &Shared, ledger: &Ledger) -> U256 {
    let mut owed = U256::ZERO;
    let everyone = || shared.producers.iter().chain(&shared.consumers);
    for event in events::<ProductPublished>(&ledger.logs) {
        let product = ProductId::try_from(event.product).expect("products have ids");
        let mut due = 0;
        for party in everyone() {
            due += tickets(shared, party.address, product).await;
        }
        let open = ledger.tasks.values().filter(|task| {
            task.product == product && matches!(task.state, State::Requested | State::Delivered)
        });
        due += open.count() as u64;
        owed += U256::from(event.listing.price) * U256::from(due);
    }
    for party in everyone() {
        let credit = shared.chain.token();
        let credit = credit.creditOf(party.address).call().await;
        owed += credit.expect("the chain answers");
    }
    owed
}

/// Pays everything out, when all periods are over, so that nothing is left in the till: settles, turns tickets back, collects.
pub async fn pay_out(shared: &Shared) -> U256 {
    let mut random = Random::of(shared.seed, "end");
    for party in shared.producers.iter().chain(&shared.consumers) {
        while settle(shared, party).await {}
        turn_back(shared, party).await;
    }
    for party in shared.producers.iter().chain(&shared.consumers) {
        collect(shared, party, &mut random).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    till(shared).await
}

async fn turn_back(shared: &Shared, party: &Party) {
    let held = match party.session.balance().await {
        Ok(balance) => balance.tickets.0,
        Err(error) => return shared.suffered(&party.name, "balance", &error),
    };
    for product in held.into_keys() {
        match party.session.refund(product, None).await {
            Ok(sent) => {
                sent.recorded();
            }
            Err(error) => shared.suffered(&party.name, "refund", &error),
        }
    }
}
