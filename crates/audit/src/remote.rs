//! Another auditor, asked over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use ayumi_chain::Chain;
use reqwest::Url;
use serde_json::Value;

use crate::answer::{EventRow, Status};
use crate::ask::Ask;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::query::{By, Query};
use crate::reader::Reader;
use crate::sync::Tracker;
use crate::verify::{Difference, Verification, temporary};

/// How long until an auditor's answer is given up.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Events that are asked for at once.
const EVENTS: usize = 5_000;

/// How often an auditor may read on while it is compared.
const TRIES: usize = 10;

/// The longest answer that is taken.
const MOST_BYTES: usize = 64 << 20;

/// The most differences that are listed of one answer.
const LISTED: usize = 100;

/// An auditor that serves its index over HTTP: `GET URL/v1/NAME?since=…`.
#[derive(Debug, Clone)]
pub struct Auditor {
    url: Url,
    client: reqwest::Client,
}

impl Auditor {
    /// The one at `url`.
    pub fn at(url: Url) -> Result<Self> {
        let client = ayumi_chain::http(|client| client.timeout(TIMEOUT));
        let client = client.map_err(|cause| Error::Auditor {
            url: url.to_string(),
            cause: cause.to_string(),
        })?;
        Ok(Self { url, client })
    }

    /// Its answer to a question.
    pub async fn ask(&self, ask: Ask, query: &Query) -> Result<Value> {
        let failed = |cause: String| self.failed(cause);
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| failed("has no path to ask under".into()))?
            .pop_if_empty()
            .extend(["v1", ask.name()]);
        let pairs = query.pairs();
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let answer = self.client.get(url).send().await;
        let answer =
            answer.map_err(|cause| failed(format!("does not answer: {}", innermost(&cause))))?;
        let status = answer.status();
        let bytes = self.body(answer).await?;
        let told: Option<Value> = serde_json::from_slice(&bytes).ok();
        match told {
            Some(told) if status.is_success() => Ok(told),
            Some(told) => {
                let message = told["error"]["message"]
                    .as_str()
                    .unwrap_or("says no more")
                    .to_owned();
                Err(failed(format!(
                    "refuses with {}: {message}",
                    status.as_u16()
                )))
            }
            None => Err(failed(format!(
                "answers with {} and no JSON",
                status.as_u16()
            ))),
        }
    }

    async fn body(&self, mut answer: reqwest::Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let part = answer.chunk().await;
            let part =
                part.map_err(|cause| self.failed(format!("broke off: {}", innermost(&cause))))?;
            let Some(part) = part else { return Ok(body) };
            if body.len() + part.len() > MOST_BYTES {
                return Err(self.failed(format!("answers with more than {MOST_BYTES} bytes")));
            }
            body.extend_from_slice(&part);
        }
    }

    async fn status(&self) -> Result<Status> {
        let status = self.ask(Ask::Status, &Query::default()).await?;
        serde_json::from_value(status)
            .map_err(|cause| self.failed(format!("tells another status: {cause}")))
    }

    fn failed(&self, cause: String) -> Error {
        Error::Auditor {
            url: self.url.origin().ascii_serialization(),
            cause,
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Reads the chain up to the block that another auditor reached, and compares all events and answers.
pub async fn verify_against(chain: &Chain, url: Url) -> Result<Verification> {
    let auditor = Auditor::at(url)?;
    for _ in 0..TRIES {
        let theirs = auditor.status().await?;
        let folder = temporary()?;
        let fresh = Location::from(folder.path().join("fresh.db"));
        let mut tracker = Tracker::open(chain.clone(), &fresh).await?;
        let deployment = [
            (
                "chain id",
                theirs.chain_id.to_string(),
                chain.chain_id().to_string(),
            ),
            (
                "operator",
                theirs.operator.to_string(),
                chain.contracts().operator.to_string(),
            ),
        ];
        if let Some((what, stored, given)) = deployment
            .into_iter()
            .find(|(_, theirs, ours)| theirs != ours)
        {
            return Err(Error::OtherDeployment {
                what,
                stored,
                given,
            });
        }
        let cursor = tracker.catch_up_to(theirs.block).await?.cursor;
        let differences = compare(&fresh, &auditor, &theirs).await?;
        if auditor.status().await?.block == theirs.block {
            let ours = Reader::open(&fresh)?.status()?;
            let accounts = Reader::open(&fresh)?.activity(&Query::default())?.len() as u64;
            return Ok(Verification {
                block: cursor.number,
                events: ours.events,
                accounts,
                differences,
            });
        }
    }
    Err(Error::Restless)
}

async fn compare(fresh: &Location, auditor: &Auditor, theirs: &Status) -> Result<Vec<Difference>> {
    let ours = Reader::open(fresh)?.status()?;
    let mut differences = Difference::of_status("auditor", &ours, theirs);
    differences.extend(events(fresh, auditor).await?);
    for (ask, by) in [
        (Ask::Activity, None),
        (Ask::Activity, Some(By::Product)),
        (Ask::Timeline, Some(By::Day)),
        (Ask::Organisations, None),
        (Ask::Products, None),
        (Ask::Gap, Some(By::Product)),
        (Ask::Gap, Some(By::Producer)),
        (Ask::Gap, Some(By::Organisation)),
        (Ask::Money, None),
        (Ask::Money, Some(By::Organisation)),
        (Ask::Overview, None),
        (Ask::Findings, None),
        (Ask::Tasks, None),
    ] {
        let query = Query {
            by,
            ..Query::default()
        };
        let theirs = auditor.ask(ask, &query).await?;
        let ours = Reader::open(fresh)?.answer(ask, &query)?;
        let mut found = Vec::new();
        differing(ask.name(), &ours, &theirs, &Row::default(), &mut found);
        differences.append(&mut found);
    }
    Ok(differences)
}

/// Both sides' events, page by page.
async fn events(fresh: &Location, auditor: &Auditor) -> Result<Vec<Difference>> {
    let (mut differences, mut after) = (Vec::new(), None);
    loop {
        let query = Query {
            limit: Some(EVENTS),
            after,
            ..Query::default()
        };
        let ours = Reader::open(fresh)?.events(&query)?;
        let theirs: Vec<EventRow> = serde_json::from_value(auditor.ask(Ask::Events, &query).await?)
            .map_err(|cause| auditor.failed(format!("tells other events: {cause}")))?;
        // So each page goes further, and no event is told twice.
        let told = after.into_iter().chain(theirs.iter().map(|event| event.id));
        if !told.is_sorted_by(|one, next| one < next) {
            return Err(auditor.failed("tells events twice, or not in their order".into()));
        }
        let last = ours
            .last()
            .map(|event| event.id)
            .min(theirs.last().map(|event| event.id));
        let last = last.or(ours.last().or(theirs.last()).map(|event| event.id));
        let Some(last) = last else {
            return Ok(differences);
        };
        let within = |events: Vec<EventRow>| {
            let events = events.into_iter().filter(|event| event.id <= last);
            events
                .map(|event| (event.id, event))
                .collect::<BTreeMap<_, _>>()
        };
        let (ours, mut theirs) = (within(ours), within(theirs));
        for (id, event) in ours {
            let found = theirs.remove(&id);
            if found.as_ref() != Some(&event) {
                differences.push(of_event(&event, Some(&event), found.as_ref()));
            }
        }
        differences.extend(
            theirs
                .values()
                .map(|event| of_event(event, None, Some(event))),
        );
        if differences.len() >= LISTED {
            return Ok(differences);
        }
        after = Some(last);
    }
}

fn of_event(event: &EventRow, ours: Option<&EventRow>, theirs: Option<&EventRow>) -> Difference {
    let told = |event: Option<&EventRow>| {
        event.map_or("no event".to_owned(), |event| {
            format!("{} of {}", event.kind, event.subject.unwrap_or_default())
        })
    };
    Difference {
        with: "auditor".into(),
        what: format!("event {} of block {}", event.log, event.block),
        transaction: Some(event.transaction),
        events: told(ours),
        found: told(theirs),
        ..Difference::default()
    }
}

/// What is known of the row that is compared.
#[derive(Debug, Clone, Default)]
struct Row {
    account: Option<Address>,
    product: Option<String>,
    task: Option<i64>,
    transaction: Option<B256>,
}

impl Row {
    fn within(&self, value: &Value) -> Self {
        let text = |name: &str| value[name].as_str();
        let parsed = |name: &str| text(name).and_then(|text| text.parse().ok());
        let steps = value["steps"].as_array();
        let newest = steps
            .and_then(|steps| steps.last())
            .and_then(|step| step["transaction"].as_str());
        let shown = value["transactions"]
            .as_array()
            .and_then(|all| all.last())
            .and_then(Value::as_str);
        let task = value["task"]
            .as_i64()
            .or_else(|| steps.and(value["id"].as_i64()));
        Self {
            account: parsed("consumer").or(parsed("account")).or(self.account),
            product: text("product")
                .map(str::to_owned)
                .or_else(|| self.product.clone()),
            task: task.or(self.task),
            transaction: newest
                .or(shown)
                .and_then(|hash| hash.parse().ok())
                .or(self.transaction),
        }
    }
}

impl Row {
    fn difference(&self, what: &str, ours: String, theirs: String) -> Difference {
        Difference {
            with: "auditor".into(),
            what: what.to_owned(),
            account: self.account,
            product: self.product.clone(),
            task: self.task,
            transaction: self.transaction,
            events: ours,
            found: theirs,
        }
    }
}

fn differing(what: &str, ours: &Value, theirs: &Value, row: &Row, found: &mut Vec<Difference>) {
    if ours == theirs || found.len() >= LISTED {
        return;
    }
    match (ours, theirs) {
        (Value::Object(one), Value::Object(other)) => {
            let row = row.within(ours);
            let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                differing(
                    &format!("{what} {name}"),
                    &ours[name],
                    &theirs[name],
                    &row,
                    found,
                );
            }
        }
        (Value::Array(one), Value::Array(other))
            if one.iter().chain(other).all(Value::is_object) =>
        {
            let before = found.len();
            let (theirs, mut ours) = (by_identity(other), by_identity(one));
            for (id, theirs) in theirs {
                let row = row.within(theirs);
                let ours = ours.remove(&id).unwrap_or(&Value::Null);
                differing(what, ours, theirs, &row, found);
            }
            for ours in ours.into_values() {
                differing(what, ours, &Value::Null, &row.within(ours), found);
            }
            if found.len() == before {
                found.push(row.difference(what, "rows in their order".into(), "in another".into()));
            }
        }
        _ => found.push(row.difference(what, short(ours), short(theirs))),
    }
}

/// Rows by what tells them apart; where nothing does, by which of them it is.
fn by_identity(rows: &[Value]) -> BTreeMap<(String, usize), &Value> {
    let mut found = BTreeMap::new();
    let mut counts = BTreeMap::<_, usize>::new();
    for row in rows {
        let count = counts.entry(identity(row)).or_default();
        found.insert((identity(row), *count), row);
        *count += 1;
    }
    found
}

/// What tells a row from others of its list.
fn identity(row: &Value) -> String {
    let names = [
        "id",
        "number",
        "start",
        "organisation",
        "team",
        "account",
        "product",
    ];
    names.map(|name| row[name].to_string()).join(" ")
}

fn short(value: &Value) -> String {
    match value {
        Value::Array(rows) => format!("{} rows", rows.len()),
        Value::Object(_) => "a row".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
