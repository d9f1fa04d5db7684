//! Two indexes, row by row.

use std::cmp::Ordering;
use std::collections::VecDeque;

use alloy::primitives::{Address, B256};

use crate::answer::product_of;
use crate::db::{Db, Table, Value, params};
use crate::error::Result;
use crate::event::name_of;
use crate::ledger::{FINDING, NOTE};
use crate::location::Location;
use crate::record::{
    Handover, Holding, Membership, Organisation, Pair, Party, Product, Purchase, Record, Refund,
    Solver, Task, Vote,
};
use crate::store::{BLOCK, EVENT, open_to_read};
use crate::tally::TALLY;
use crate::verify::Difference;

/// Tables of an index that are the same whoever made it. What the raw rows say comes first.
const TABLES: [Table; 17] = [
    BLOCK,
    EVENT,
    Organisation::TABLE,
    Party::TABLE,
    Membership::TABLE,
    Solver::TABLE,
    Product::TABLE,
    Purchase::TABLE,
    Refund::TABLE,
    Handover::TABLE,
    Holding::TABLE,
    Pair::TABLE,
    Task::TABLE,
    NOTE,
    Vote::TABLE,
    FINDING,
    TALLY,
];

/// The most differences that are listed of one table.
const LISTED: usize = 100;

/// Rows that are read at once.
const PART: usize = 2_000;

type Cells = Vec<Value<'static>>;

/// Whether an index has the very rows that a fresh one has. Either may be in either database.
pub fn compare(fresh: impl Into<Location>, index: impl Into<Location>) -> Result<Vec<Difference>> {
    let (fresh, index) = (open_to_read(&fresh.into())?, open_to_read(&index.into())?);
    fresh.at_once(|| {
        index.at_once(|| {
            let mut differences = Vec::new();
            for table in TABLES {
                differences.extend(table_differences([&fresh, &index], table)?);
            }
            Ok(differences)
        })
    })
}

/// The rows of a table in the order of their keys, some at a time.
struct Walk<'a> {
    db: &'a Db,
    table: Table,
    /// Where the columns of the key are.
    key: Vec<usize>,
    rows: VecDeque<Cells>,
    /// The key of the last row that was read.
    last: Option<Cells>,
}

impl<'a> Walk<'a> {
    fn of(db: &'a Db, table: Table, names: &[String]) -> Self {
        let place = |column: &&str| names.iter().position(|name| name == column);
        Self {
            db,
            table,
            key: table.key.iter().filter_map(place).collect(),
            rows: VecDeque::new(),
            last: None,
        }
    }

    fn key_of(&self, row: &Cells) -> Cells {
        self.key.iter().map(|place| row[*place].clone()).collect()
    }

    /// The next row, which stays.
    fn peek(&mut self) -> Result<Option<&Cells>> {
        if self.rows.is_empty() {
            self.read()?;
        }
        Ok(self.rows.front())
    }

    fn next(&mut self) -> Option<Cells> {
        self.rows.pop_front()
    }

    fn read(&mut self) -> Result<()> {
        let Table { name, key } = self.table;
        let columns = key.join(", ");
        let marks = (1..=key.len()).map(|place| format!("?{place}"));
        let after = match &self.last {
            Some(_) => {
                let marks = marks.collect::<Vec<_>>().join(", ");
                format!("WHERE ({columns}) > ({marks})")
            }
            None => String::new(),
        };
        let sql = format!("SELECT * FROM {name} {after} ORDER BY {columns} LIMIT {PART}");
        let width = self.db.columns(self.table)?.len();
        let rows = self
            .db
            .rows(&sql, self.last.as_deref().unwrap_or_default(), |row| {
                (0..width)
                    .map(|column| Ok(row.value(column)?.into_owned()))
                    .collect::<Result<Cells>>()
            })?;
        if let Some(last) = rows.last() {
            self.last = Some(self.key_of(last));
        }
        self.rows = rows.into();
        Ok(())
    }
}

fn table_differences(sides: [&Db; 2], table: Table) -> Result<Vec<Difference>> {
    let names = sides[0].columns(table)?;
    let [mut fresh, mut index] = sides.map(|db| Walk::of(db, table, &names));
    let mut differences = Vec::new();
    while differences.len() < LISTED {
        let ours = fresh.peek()?.cloned();
        let theirs = index.peek()?.cloned();
        let order = match (&ours, &theirs) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) => fresh.key_of(ours).cmp(&index.key_of(theirs)),
        };
        let ours = ours.filter(|_| order.is_le());
        let theirs = theirs.filter(|_| order.is_ge());
        if order.is_le() {
            fresh.next();
        }
        if order.is_ge() {
            index.next();
        }
        if ours != theirs {
            let key = ours
                .as_ref()
                .or(theirs.as_ref())
                .map(|row| fresh.key_of(row));
            let id = key
                .iter()
                .flatten()
                .map(shown)
                .collect::<Vec<_>>()
                .join(" ");
            let pair = [ours.as_ref(), theirs.as_ref()];
            differences.push(row_difference(sides, table.name, &names, &id, pair)?);
        }
    }
    Ok(differences)
}

fn row_difference(
    sides: [&Db; 2],
    table: &str,
    names: &[String],
    id: &str,
    [ours, theirs]: [Option<&Cells>; 2],
) -> Result<Difference> {
    let cells = ours.or(theirs).cloned().unwrap_or_default();
    let number = |name: &str| {
        let place = names.iter().position(|column| column == name)?;
        match cells.get(place) {
            Some(Value::Integer(number)) => Some(*number),
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
    let behind = Behind::of(sides, table, &number)?;
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
    fn of(
        [fresh, index]: [&Db; 2],
        table: &str,
        number: &impl Fn(&str) -> Option<i64>,
    ) -> Result<Self> {
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
        let (membership, latest) = match (table, scope, number("key")) {
            ("tally", Some(scope @ (1 | 2 | 4 | 5)), Some(key)) => {
                let (member, event) = newest(fresh, scope, key)?.unzip();
                (member.or(Some(key)), event)
            }
            _ => (None, None),
        };
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
            fresh.row(sql, params![value], |row| row.get(0))
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
            Some(party) => fresh
                .row(
                    "SELECT address FROM party WHERE id = ?1",
                    params![party],
                    |row| row.get::<[u8; 20]>(0),
                )?
                .map(Address::from),
            None => None,
        };
        let transaction = match event.or(latest) {
            Some(event) => transaction(fresh, event)?.or(transaction(index, event)?),
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

/// Of the newest task of a membership or team, on the side that a roll-up is of: the membership in it, and the newest event.
fn newest(db: &Db, scope: i64, key: i64) -> Result<Option<(i64, i64)>> {
    let side = match scope {
        1 | 4 => "requested_seller",
        _ => "requested_buyer",
    };
    let whose = match scope {
        1 | 2 => "= ?1",
        _ => "IN (SELECT id FROM membership WHERE team_id = ?1)",
    };
    let sql = format!(
        "SELECT {side}, requested, delivered, ended, feedback, answered FROM task
         WHERE {side} {whose} ORDER BY id DESC LIMIT 1"
    );
    db.row(&sql, params![key], |row| {
        let steps: Result<Vec<i64>> = (1..6).map(|step| row.get(step)).collect();
        Ok((row.get(0)?, steps?.into_iter().max().unwrap_or(0)))
    })
}

fn transaction(db: &Db, event: i64) -> Result<Option<B256>> {
    let hash = "SELECT transaction_hash FROM event WHERE id = ?1";
    db.row(hash, params![event], |row| {
        Ok(row.get::<[u8; 32]>(0)?.into())
    })
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone().into_owned(),
        Value::Bytes(bytes) => alloy::primitives::hex::encode_prefixed(bytes),
        Value::List(numbers) => format!("{numbers:?}"),
    }
}
