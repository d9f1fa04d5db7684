//! Whether the events, the contracts and an index say the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, I256, U256};
use ayumi_chain::Chain;
use ayumi_contracts::ProductId;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::answer::{Steps, product_of};
use crate::error::{Error, Result};
use crate::event::name_of;
use crate::query::Query;
use crate::reader::Reader;
use crate::recount::Recount;
use crate::sync::Tracker;

/// Calls to the node at a time.
const CALLS: usize = 16;

/// Tables of an index that are the same whoever made it, with what identifies a row. What the raw rows say comes first.
const TABLES: [(&str, &[&str]); 17] = [
    ("block", &["number"]),
    ("event", &["id"]),
    ("organisation", &["id"]),
    ("party", &["id"]),
    ("membership", &["id"]),
    ("solver", &["id"]),
    ("product", &["id"]),
    ("purchase", &["id"]),
    ("refund", &["id"]),
    ("handover", &["sender", "receiver"]),
    ("holding", &["consumer", "product"]),
    ("pair", &["producer", "consumer"]),
    ("task", &["id"]),
    ("note", &["hash"]),
    ("vote", &["product", "organisation"]),
    ("finding", &["event", "rule"]),
    ("tally", &["scope", "level", "key", "slot", "class"]),
];

/// The most differences that are listed of one table.
const LISTED: usize = 100;

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

/// Counts all events of the chain again and compares them with the contracts' own counters and balances, and with the
/// index at `index` where there is one.
pub async fn verify(chain: &Chain, index: Option<&Path>) -> Result<Verification> {
    let folder = temporary()?;
    let fresh = folder.path().join("fresh.db");
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
        for ((name, events), (_, found)) in
            named(&account.steps).into_iter().zip(named(&told.steps))
        {
            if events != found {
                differences.push(difference(
                    name.into(),
                    events.to_string(),
                    found.to_string(),
                ));
            }
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

/// Whether the roll-ups of an index give the same counts.
fn rolled_up(reader: &Reader, recount: &Recount, with: &str) -> Result<Vec<Difference>> {
    let mut rows: BTreeMap<Address, Steps> = BTreeMap::new();
    for row in reader.activity(&Query::default())? {
        let account = rows.entry(row.who.account.unwrap_or_default()).or_default();
        account.merge(&row.raw);
    }
    let mut differences = Vec::new();
    for (address, account) in &recount.accounts {
        let found = rows.remove(address).unwrap_or_default();
        for ((name, events), (_, found)) in named(&account.steps).into_iter().zip(named(&found)) {
            if events != found {
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
    }
    Ok(differences)
}

/// Whether an index has the very rows that a fresh one has.
pub fn compare(fresh: &Path, index: &Path) -> Result<Vec<Difference>> {
    let db = Connection::open(fresh)?;
    let path = index
        .to_str()
        .ok_or_else(|| Error::Missing(index.to_owned()))?;
    db.execute("ATTACH ?1 AS other", [path])?;
    let mut differences = Vec::new();
    for (table, key) in TABLES {
        differences.extend(table_differences(&db, table, key)?);
    }
    Ok(differences)
}

type Cells = Vec<Cell>;

fn table_differences(db: &Connection, table: &str, key: &[&str]) -> Result<Vec<Difference>> {
    let mut rows: BTreeMap<String, [Option<Cells>; 2]> = BTreeMap::new();
    let sides = [("main", "other"), ("other", "main")];
    let mut names = Vec::new();
    for (side, (one, other)) in sides.into_iter().enumerate() {
        let sql = format!(
            "SELECT * FROM {one}.{table} EXCEPT SELECT * FROM {other}.{table} LIMIT {LISTED}"
        );
        let mut statement = db.prepare(&sql)?;
        names = statement.column_names().map(str::to_owned).collect();
        let columns = statement.column_count();
        let cells = statement.query_map([], |row| {
            (0..columns)
                .map(|column| row.get(column))
                .collect::<Result<Cells, _>>()
        })?;
        for cells in cells {
            let cells = cells?;
            let place = |name: &&str| {
                names
                    .iter()
                    .position(|column| column == *name)
                    .and_then(|place| cells.get(place))
            };
            let id = key
                .iter()
                .filter_map(place)
                .map(shown)
                .collect::<Vec<_>>()
                .join(" ");
            rows.entry(id).or_default()[side] = Some(cells);
        }
    }
    rows.into_iter()
        .map(|(id, [ours, theirs])| {
            row_difference(db, table, &names, &id, ours.as_ref(), theirs.as_ref())
        })
        .collect()
}

fn row_difference(
    db: &Connection,
    table: &str,
    names: &[String],
    id: &str,
    ours: Option<&Cells>,
    theirs: Option<&Cells>,
) -> Result<Difference> {
    let cells = ours.or(theirs).cloned().unwrap_or_default();
    let number = |name: &str| {
        let place = names.iter().position(|column| column == name)?;
        match cells.get(place) {
            Some(Cell::Integer(number)) => Some(*number),
            _ => None,
        }
    };
    let (text, other) = match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let differing = ours
                .iter()
                .zip(theirs)
                .zip(names)
                .filter(|((ours, theirs), _)| ours != theirs);
            let sides = differing.map(|((ours, theirs), name)| {
                (
                    format!("{name} {}", shown(ours)),
                    format!("{name} {}", shown(theirs)),
                )
            });
            let (ours, theirs): (Vec<_>, Vec<_>) = sides.unzip();
            (ours.join(", "), theirs.join(", "))
        }
        (Some(_), None) => ("a row".into(), "no row".into()),
        _ => ("no row".into(), "a row".into()),
    };
    let behind = Behind::of(db, table, &number)?;
    let kind = number("kind").filter(|_| table == "event").map(name_of);
    Ok(Difference {
        with: "index".into(),
        what: kind.map_or_else(
            || format!("{table} {id}"),
            |kind| format!("{table} {id} ({kind})"),
        ),
        account: behind.account,
        product: behind
            .product
            .and_then(product_of)
            .map(|product| product.to_string()),
        task: behind.task,
        transaction: behind.transaction,
        events: text,
        found: other,
    })
}

/// Who and what a row is of.
#[derive(Default)]
struct Behind {
    account: Option<Address>,
    product: Option<i64>,
    task: Option<i64>,
    transaction: Option<B256>,
}

impl Behind {
    fn of(db: &Connection, table: &str, number: &impl Fn(&str) -> Option<i64>) -> Result<Self> {
        let kind = number("kind").map(name_of).unwrap_or_default();
        let subject = number("subject");
        let of_kind = |prefixes: &[&str]| {
            subject.filter(|_| prefixes.iter().any(|prefix| kind.starts_with(prefix)))
        };
        let task = match table {
            "task" => number("id"),
            "finding" | "note" => number("task").filter(|task| *task != 0),
            "event" => of_kind(&["task", "feedback", "receipt"]),
            _ => None,
        };
        let scope = number("scope");
        let product = match table {
            "product" => number("id"),
            "tally" => number("key").filter(|_| scope == Some(3)),
            "event" => of_kind(&["product", "tickets", "solver-assigned"]),
            _ => number("product"),
        };
        let membership = number("key").filter(|_| table == "tally" && matches!(scope, Some(1 | 2)));
        let event = match table {
            "event" | "purchase" | "refund" => number("id"),
            "task" => ["answered", "feedback", "ended", "delivered", "requested"]
                .into_iter()
                .find_map(|step| number(step).filter(|event| *event != 0)),
            "membership" => number("since"),
            "pair" => number("last_purchase"),
            "holding" => number("newest"),
            _ => number("event"),
        };
        let party = match table {
            "party" | "solver" => number("id"),
            _ => number("consumer").or(number("party")).or(number("sender")),
        };
        let one = |sql: &str, value: Option<i64>| -> Result<Option<i64>> {
            let Some(value) = value else { return Ok(None) };
            Ok(db
                .prepare_cached(sql)?
                .query_row([value], |row| row.get(0))
                .optional()?)
        };
        let mut party = party;
        for (sql, value) in [
            ("SELECT party FROM membership WHERE id = ?1", membership),
            ("SELECT consumer FROM task WHERE id = ?1", task),
            ("SELECT consumer FROM purchase WHERE id = ?1", event),
            ("SELECT producer FROM product WHERE id = ?1", product),
        ] {
            if party.is_none() {
                party = one(sql, value)?;
            }
        }
        let account = match party {
            Some(party) => db
                .prepare_cached("SELECT address FROM party WHERE id = ?1")?
                .query_row([party], |row| row.get::<_, [u8; 20]>(0))
                .optional()?
                .map(Address::from),
            None => None,
        };
        let latest = match (table, membership) {
            ("tally", Some(member)) => one(
                "SELECT max(requested, delivered, ended, feedback, answered) FROM task
                 WHERE ?1 IN (requested_buyer, requested_seller) ORDER BY id DESC LIMIT 1",
                Some(member),
            )?,
            _ => None,
        };
        let transaction = match event.or(latest) {
            Some(event) => transaction(db, event)?,
            None => None,
        };
        Ok(Self {
            account,
            product,
            task,
            transaction,
        })
    }
}

fn transaction(db: &Connection, event: i64) -> Result<Option<B256>> {
    for schema in ["main", "other"] {
        let sql = format!("SELECT transaction_hash FROM {schema}.event WHERE id = ?1");
        let hash: Option<[u8; 32]> = db
            .prepare_cached(&sql)?
            .query_row(params![event], |row| row.get(0))
            .optional()?;
        if let Some(hash) = hash {
            return Ok(Some(hash.into()));
        }
    }
    Ok(None)
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "nothing".into(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => alloy::primitives::hex::encode_prefixed(bytes),
    }
}
