//! Whether the events, the contracts and an index say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, I256, U256};
use ayumi_chain::Chain;
use ayumi_contracts::ProductId;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::answer::{Status, Steps};
use crate::compare::compare;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::query::{By, Query};
use crate::reader::Reader;
use crate::recount::Recount;
use crate::sync::Tracker;

/// Calls to the node at a time.
const CALLS: usize = 16;

/// What was compared, and what differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// The block up to which it was compared.
    pub block: u64,
    /// Events that were counted again.
    pub events: u64,
    /// Accounts whose counters and balances were compared.
    pub accounts: u64,
    /// All that differs.
    pub differences: Vec<Difference>,
}

/// Something that should be the same and is not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Between what: `contract`, `index` or `auditor` on the one side, and the events of the chain on the other.
    pub with: String,
    /// What differs: a counter, a balance, a row.
    pub what: String,
    /// Whose it is.
    pub account: Option<Address>,
    /// Of which product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Of which task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<i64>,
    /// The transaction that is behind it, or the newest that has to do with it.
    pub transaction: Option<B256>,
    /// What the events of the chain give.
    pub events: String,
    /// What the other side says.
    pub found: String,
}

impl Difference {
    /// What `with` says of itself that the fresh index does not.
    pub(crate) fn of_status(with: &str, fresh: &Status, found: &Status) -> Vec<Self> {
        let text = |value: &dyn ToString| value.to_string();
        let facts = |status: &Status| {
            [
                ("chain id", text(&status.chain_id)),
                ("operator", text(&status.operator)),
                ("newest block", text(&status.block)),
                ("newest block's hash", text(&status.hash)),
                ("newest block's time", text(&status.at)),
                ("number of events", text(&status.events)),
            ]
        };
        let pairs = facts(fresh).into_iter().zip(facts(found));
        pairs
            .filter(|(fresh, found)| fresh != found)
            .map(|((what, fresh), (_, found))| Self {
                with: with.into(),
                what: what.into(),
                events: fresh,
                found,
                ..Self::default()
            })
            .collect()
    }
}

/// Counts all events of the chain again and compares them with the contracts' own counters and balances, and with the
/// index at `index` where there is one.
pub async fn verify(chain: &Chain, index: Option<&Location>) -> Result<Verification> {
    let folder = temporary()?;
    let fresh = Location::from(folder.path().join("fresh.db"));
    let mut tracker = Tracker::open(chain.clone(), &fresh).await?;
    let last = match index {
        Some(index) => Reader::open(index)?.as_of()?.0,
        None => u64::MAX,
    };
    let block = tracker.catch_up_to(last).await?.cursor.number;
    let (recount, events) = recount(&tracker)?;
    drop(tracker);

    let mut differences = contracts(chain, &recount, block).await?;
    differences.extend(rolled_up(&Reader::open(&fresh)?, &recount, "fresh index")?);
    if let Some(index) = index {
        let statuses = [&fresh, index].map(|place| Reader::open(place)?.status());
        let [ours, theirs] = statuses;
        differences.extend(Difference::of_status("index", &ours?, &theirs?));
        differences.extend(compare(&fresh, index)?);
        differences.extend(rolled_up(&Reader::open(index)?, &recount, "index")?);
    }
    Ok(Verification {
        block,
        events,
        accounts: recount.accounts.len() as u64,
        differences,
    })
}

pub(crate) fn temporary() -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("ayumi-audit-").tempdir();
    folder.map_err(|cause| Error::Io {
        path: std::env::temp_dir(),
        cause,
    })
}

fn recount(tracker: &Tracker) -> Result<(Recount, u64)> {
    let mut recount = Recount::new(tracker.chain().contracts().operator);
    let (mut next, mut count) = (0, 0);
    loop {
        let events = tracker.stored(next)?;
        let Some(last) = events.last() else {
            return Ok((recount, count));
        };
        next = last.id + 1;
        count += events.len() as u64;
        for event in &events {
            recount.add(event);
        }
    }
}

/// What the contracts say of an account at a block.
struct Told {
    steps: Steps,
    credit: U256,
    tickets: BTreeMap<U256, U256>,
}

async fn contracts(chain: &Chain, recount: &Recount, block: u64) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut told = told(chain, recount, block).await?;
    for (address, account) in &recount.accounts {
        let Some(told) = told.remove(address) else {
            continue;
        };
        let difference = |what: String, events: String, found: String| Difference {
            with: "contract".into(),
            what,
            account: Some(*address),
            transaction: Some(account.last),
            events,
            found,
            ..Difference::default()
        };
        for (name, events, found) in differing(&account.steps, &told.steps) {
            differences.push(difference(
                name.into(),
                events.to_string(),
                found.to_string(),
            ));
        }
        if account.credit != signed(told.credit) {
            differences.push(difference(
                "credit".into(),
                account.credit.to_string(),
                told.credit.to_string(),
            ));
        }
        for (product, events) in &account.tickets {
            let found = told.tickets.get(product).copied().unwrap_or_default();
            if *events != signed(found) {
                let product = ProductId::try_from(*product)
                    .map_or_else(|_| product.to_string(), |id| id.to_string());
                differences.push(Difference {
                    product: Some(product),
                    ..difference("tickets".into(), events.to_string(), found.to_string())
                });
            }
        }
    }
    let at = BlockId::from(block);
    let count = chain
        .operator()
        .taskCount()
        .block(at)
        .call()
        .await
        .map_err(|error| chain.view_error(error))?;
    let till = chain.balance_at(chain.contracts().token, at).await?;
    let whole = |what: &str, events: String, found: String| Difference {
        with: "contract".into(),
        what: what.into(),
        account: Some(chain.contracts().token),
        events,
        found,
        ..Difference::default()
    };
    if count != U256::from(recount.tasks()) {
        let operator = Some(chain.contracts().operator);
        let tasks = whole("tasks", recount.tasks().to_string(), count.to_string());
        differences.push(Difference {
            account: operator,
            ..tasks
        });
    }
    if recount.till() != signed(till) {
        differences.push(whole("till", recount.till().to_string(), till.to_string()));
    }
    Ok(differences)
}

fn signed(amount: U256) -> I256 {
    I256::try_from(amount).unwrap_or(I256::MAX)
}

async fn told(chain: &Chain, recount: &Recount, block: u64) -> Result<BTreeMap<Address, Told>> {
    let (places, mut calls) = (Arc::new(Semaphore::new(CALLS)), JoinSet::new());
    for (address, account) in &recount.accounts {
        let (chain, places, address) = (chain.clone(), Arc::clone(&places), *address);
        let products: Vec<_> = account.tickets.keys().copied().collect();
        calls.spawn(async move {
            let _place = places.acquire_owned().await;
            told_of(&chain, address, products, block.into())
                .await
                .map(|told| (address, told))
        });
    }
    let mut told = BTreeMap::new();
    while let Some(answer) = calls.join_next().await {
        let (address, answer) = answer.map_err(|_| Error::Restless)??;
        told.insert(address, answer);
    }
    Ok(told)
}

async fn told_of(
    chain: &Chain,
    account: Address,
    products: Vec<U256>,
    at: BlockId,
) -> Result<Told> {
    let view = |error| chain.view_error(error);
    let counts = chain
        .operator()
        .activityOf(account)
        .block(at)
        .call()
        .await
        .map_err(view)?;
    let credit = chain
        .token()
        .creditOf(account)
        .block(at)
        .call()
        .await
        .map_err(view)?;
    let mut tickets = BTreeMap::new();
    for product in products {
        let held = chain
            .tickets()
            .balanceOf(account, product)
            .block(at)
            .call()
            .await
            .map_err(view)?;
        tickets.insert(product, held);
    }
    let steps = Steps {
        published: counts.published.into(),
        sold: counts.sold,
        delivered: counts.delivered.into(),
        feedback_received: counts.feedbackReceived.into(),
        answered: counts.answered.into(),
        bought: counts.bought,
        redeemed: counts.redeemed.into(),
        consumed: counts.consumed.into(),
        complained: counts.complained.into(),
        feedback_given: counts.feedbackGiven.into(),
    };
    Ok(Told {
        steps,
        credit,
        tickets,
    })
}

fn named(steps: &Steps) -> [(&'static str, u64); 10] {
    [
        ("published", steps.published),
        ("sold", steps.sold),
        ("delivered", steps.delivered),
        ("feedbackReceived", steps.feedback_received),
        ("answered", steps.answered),
        ("bought", steps.bought),
        ("redeemed", steps.redeemed),
        ("consumed", steps.consumed),
        ("complained", steps.complained),
        ("feedbackGiven", steps.feedback_given),
    ]
}

/// The counts that differ: by the events, and as found.
fn differing(events: &Steps, found: &Steps) -> impl Iterator<Item = (&'static str, u64, u64)> {
    let both = named(events).into_iter().zip(named(found));
    let both = both.map(|((name, events), (_, found))| (name, events, found));
    both.filter(|(_, events, found)| events != found)
}

/// Whether the roll-ups of an index give the same counts: those of accounts, and those of teams, of which organisations are
/// added up.
fn rolled_up(reader: &Reader, recount: &Recount, with: &str) -> Result<Vec<Difference>> {
    let mut rows: BTreeMap<Address, Steps> = BTreeMap::new();
    let mut organisations: BTreeMap<Option<String>, [Steps; 2]> = BTreeMap::new();
    for row in reader.activity(&Query::default())? {
        let account = rows.entry(row.who.account.unwrap_or_default()).or_default();
        account.merge(&row.raw);
        let [of_accounts, _] = organisations.entry(row.who.organisation).or_default();
        of_accounts.merge(&row.raw);
    }
    let by_organisation = Query {
        by: Some(By::Organisation),
        ..Query::default()
    };
    for row in reader.activity(&by_organisation)? {
        let [_, of_teams] = organisations.entry(row.who.organisation).or_default();
        of_teams.merge(&row.raw);
    }
    let mut differences = Vec::new();
    for (organisation, [of_accounts, of_teams]) in &organisations {
        for (name, events, found) in differing(of_accounts, of_teams) {
            differences.push(Difference {
                with: with.into(),
                what: format!(
                    "{name}, organisation {}",
                    organisation.as_deref().unwrap_or_default()
                ),
                events: events.to_string(),
                found: found.to_string(),
                ..Difference::default()
            });
        }
    }
    for (address, account) in &recount.accounts {
        let found = rows.remove(address).unwrap_or_default();
        for (name, events, found) in differing(&account.steps, &found) {
            differences.push(Difference {
                with: with.into(),
                what: name.into(),
                account: Some(*address),
                transaction: Some(account.last),
                events: events.to_string(),
                found: found.to_string(),
                ..Difference::default()
            });
        }
    }
    Ok(differences)
}
