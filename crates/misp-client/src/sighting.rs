use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Client, list};
use crate::copy::seconds;
use crate::error::{Error, Result};

const TRIES: u32 = 3;

/// What a sighting says. MISP's newest draft has a number 3 for a seen attribute too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SightingKind {
    /// It was seen.
    Seen,
    /// It was seen, and is harmless.
    FalsePositive,
    /// It is valid no longer.
    Expiration,
}

/// That somebody saw an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The attribute.
    pub attribute: Uuid,
    /// What of it.
    pub kind: SightingKind,
    /// By what; not cleaned.
    pub source: String,
    /// When, Unix seconds.
    pub at: u64,
}

/// What became of sightings that were to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sighted {
    /// New ones.
    pub added: usize,
    /// Those that were there.
    pub there: usize,
}

impl SightingKind {
    fn number(self) -> u8 {
        match self {
            Self::Seen => 0,
            Self::FalsePositive => 1,
            Self::Expiration => 2,
        }
    }

    fn of(value: &Value) -> Option<Self> {
        match seconds(Some(value)) {
            0 | 3 => Some(Self::Seen),
            1 => Some(Self::FalsePositive),
            2 => Some(Self::Expiration),
            _ => None,
        }
    }
}

impl Client {
    /// All sightings of an event's attributes that the user sees; `None` where the server has no such event.
    pub async fn sightings(&self, event: Uuid) -> Result<Option<Vec<Sighting>>> {
        let Some(found) = self.event_json(event).await? else {
            return Ok(None);
        };
        let path = "sightings/restSearch/event";
        let id = text(&found["id"]).unwrap_or_else(|| event.to_string());
        let question = json!({ "returnFormat": "json", "id": id, "includeAttribute": true });
        let answer = self.ask(path, &question).await?;
        let answer = list(answer).ok_or_else(|| self.not_misp(&format!("POST {path}")))?;
        let attributes = attributes(&found);
        let sightings = answer.iter().filter_map(|item| read(item, &attributes));
        Ok(Some(sightings.collect()))
    }

    /// Says of attributes of an event what was seen of them. What is there from this source already is not added again.
    pub async fn add_sightings(
        &self,
        event: Uuid,
        wanted: &[Uuid],
        kind: SightingKind,
        source: &str,
    ) -> Result<Sighted> {
        let there = self.said(event, kind, source).await?;
        let mut sighted = Sighted::default();
        for attribute in wanted {
            if there.contains(attribute) {
                sighted.there += 1;
                continue;
            }
            self.add_sighting(event, *attribute, kind, source).await?;
            sighted.added += 1;
        }
        Ok(sighted)
    }

    async fn add_sighting(
        &self,
        event: Uuid,
        attribute: Uuid,
        kind: SightingKind,
        source: &str,
    ) -> Result<()> {
        let path = format!("sightings/add/{attribute}");
        let body = json!({ "type": kind.number().to_string(), "source": source });
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.change(&path, &body, "Sighting").await {
                Err(error) if error.is_ambiguous() && attempt < TRIES => {
                    if self.said(event, kind, source).await?.contains(&attribute) {
                        return Ok(());
                    }
                }
                other => return other.map(drop),
            }
        }
    }

    async fn said(&self, event: Uuid, kind: SightingKind, source: &str) -> Result<HashSet<Uuid>> {
        let sightings = self.sightings(event).await?.ok_or(Error::NoEvent(event))?;
        let said = sightings
            .into_iter()
            .filter(|sighting| sighting.kind == kind && sighting.source == source);
        Ok(said.map(|sighting| sighting.attribute).collect())
    }
}

/// A sighting, bare or in its envelope. Which attribute it is of stands in one of three places, by MISP's version.
fn read(item: &Value, attributes: &BTreeMap<String, Uuid>) -> Option<Sighting> {
    let sighting = item.get("Sighting").unwrap_or(item);
    let named = [
        &sighting["attribute_uuid"],
        &sighting["Attribute"]["uuid"],
        &item["Attribute"]["uuid"],
    ];
    let named = named.iter().find_map(|uuid| uuid.as_str()?.parse().ok());
    let by_id = || attributes.get(&text(&sighting["attribute_id"])?).copied();
    Some(Sighting {
        attribute: named.or_else(by_id)?,
        kind: SightingKind::of(&sighting["type"])?,
        source: sighting["source"].as_str().unwrap_or_default().to_owned(),
        at: seconds(sighting.get("date_sighting")),
    })
}

/// The attributes of an event by the server's own ids.
fn attributes(event: &Value) -> BTreeMap<String, Uuid> {
    let objects = event["Object"].as_array().into_iter().flatten();
    let lists = objects
        .map(|object| &object["Attribute"])
        .chain([&event["Attribute"]]);
    let all = lists.filter_map(Value::as_array).flatten();
    all.filter_map(|attribute| {
        let uuid = attribute["uuid"].as_str()?.parse().ok()?;
        Some((text(&attribute["id"])?, uuid))
    })
    .collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
