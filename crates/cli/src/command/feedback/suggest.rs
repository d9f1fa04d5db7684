//! Sightings in the consumer's MISP as proposals of feedback.

use std::collections::HashSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::Outcome;
use ayumi_contracts::Named;
use ayumi_misp::Document;
use ayumi_misp_client::{Client, Sighting, SightingKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::MispArgs;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::flow::OURS;
use crate::output::Answer;
use crate::read::{Product, Task};
use crate::text::clean;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Seconds to wait for a solver that has to give a delivery again
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    misp: MispArgs,
}

/// How often what was said of a document's attributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    seen: usize,
    false_positive: usize,
    expired: usize,
}

impl Args {
    pub(super) async fn run(self, cx: &Cx) -> Result<Answer> {
        let client = self.misp.client()?;
        client.version().await?;
        let session = cx.session().await?;
        let (catalogue, mut tasks) = session.consumed().await?;
        tasks.retain(|task| task.feedback.is_none());
        let (mut known, mut rows) = (BTreeMap::new(), Vec::new());
        for task in &tasks {
            let product = catalogue.find(task.product)?;
            let wait = Duration::from_secs(self.wait);
            let held = match session.held(&catalogue, product, task, wait).await {
                Ok(held) => held,
                Err(error @ (Error::Task(_) | Error::Solver(_) | Error::Input(_))) => {
                    let note = format!("task {} is passed over: {error}", task.id);
                    session.observer().note(&note);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let sightings = sightings(&client, &mut known, held.copy.uuid()).await?;
            let tally = Tally::of(sightings, &held.document);
            rows.extend(
                tally
                    .outcome()
                    .map(|outcome| row(task, product, tally, outcome)),
            );
        }
        let empty = "the MISP server has no sightings of what waits for feedback";
        Ok(Answer::list(&rows, || text(&rows), empty))
    }
}

async fn sightings<'a>(
    client: &Client,
    known: &'a mut BTreeMap<Uuid, Vec<Sighting>>,
    event: Uuid,
) -> Result<&'a [Sighting]> {
    Ok(match known.entry(event) {
        Entry::Occupied(there) => there.into_mut(),
        Entry::Vacant(place) => place.insert(client.sightings(event).await?.unwrap_or_default()),
    })
}

impl Tally {
    /// Counts what others than we ourselves say of the document's attributes.
    fn of(sightings: &[Sighting], document: &Document) -> Self {
        let uuids = document.attributes().filter_map(|placed| {
            let uuid = placed.attribute.uuid.text()?;
            uuid.parse::<Uuid>().ok()
        });
        let ours = uuids.collect::<HashSet<_>>();
        let mut tally = Self::default();
        for sighting in sightings {
            if !ours.contains(&sighting.attribute) || sighting.source.starts_with(OURS) {
                continue;
            }
            match sighting.kind {
                SightingKind::Seen => tally.seen += 1,
                SightingKind::FalsePositive => tally.false_positive += 1,
                SightingKind::Expiration => tally.expired += 1,
            }
        }
        tally
    }

    /// What most of them say; of as many, the earlier here.
    fn outcome(self) -> Option<Outcome> {
        let most = self.seen.max(self.false_positive).max(self.expired);
        match most {
            0 => None,
            most if most == self.seen => Some(Outcome::TruePositive),
            most if most == self.false_positive => Some(Outcome::FalsePositive),
            _ => Some(Outcome::Expired),
        }
    }
}

/// What was seen was of use; what was not was of little.
fn usefulness(outcome: Outcome) -> u8 {
    if outcome == Outcome::TruePositive {
        4
    } else {
        2
    }
}

fn row(task: &Task, product: &Product, tally: Tally, outcome: Outcome) -> Value {
    let usefulness = usefulness(outcome);
    json!({
        "task": task.id.to_string(),
        "product": product.id.to_string(),
        "title": product.listing.title,
        "seen": tally.seen,
        "falsePositive": tally.false_positive,
        "expired": tally.expired,
        "outcome": outcome.name(),
        "usefulness": usefulness,
        "command": command(task.id, outcome, usefulness),
    })
}

fn command(task: U256, outcome: Outcome, usefulness: u8) -> String {
    let outcome = outcome.name();
    format!("ayumi feedback give {task} --outcome {outcome} --usefulness {usefulness}")
}

/// A script: the reasons are its comments.
fn text(rows: &[Value]) -> String {
    let lines = rows.iter().map(|row| {
        let said = |key: &str| clean(row[key].as_str().unwrap_or_default());
        format!(
            "# {} {}: seen {}, false positive {}, expired {}; add --action for what was done\n{}",
            said("product"),
            said("title"),
            row["seen"],
            row["falsePositive"],
            row["expired"],
            said("command")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_sightings_decide_and_the_first_of_as_many() {
        let outcome = |seen, false_positive, expired| {
            let tally = Tally {
                seen,
                false_positive,
                expired,
            };
            tally.outcome()
        };
        assert_eq!(outcome(0, 0, 0), None);
        assert_eq!(outcome(1, 1, 1), Some(Outcome::TruePositive));
        assert_eq!(outcome(1, 2, 2), Some(Outcome::FalsePositive));
        assert_eq!(outcome(1, 0, 2), Some(Outcome::Expired));
    }

    #[test]
    fn our_own_sightings_and_those_of_others_values_do_not_count() {
        let uuid = |number: u128| Uuid::from_u128(number);
        let text = format!(
            r#"{{"Event": {{"info": "x", "Attribute": [{{"uuid": "{}", "type": "domain", "value": "a.example"}}]}}}}"#,
            uuid(1)
        );
        let document = Document::parse(text.as_bytes()).unwrap();
        let sighting = |attribute, source: &str| Sighting {
            attribute: uuid(attribute),
            kind: SightingKind::Seen,
            source: source.into(),
            at: 0,
        };
        let all = [
            sighting(1, "sensor"),
            sighting(1, "ayumi/1/0x00/7"),
            sighting(2, "sensor"),
        ];
        assert_eq!(Tally::of(&all, &document).seen, 1);
    }
}
