use ayumi_misp::Document;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use crate::client::wrapped;
use crate::error::{Error, Result};
use crate::receipt::{Receipt, is_receipt};

/// Of the uuids that are made for what has none.
const NAMESPACE: Uuid = uuid!("6f0f7f0e-8f8e-4c55-8a3b-3f1d6a0f5b7d");

/// Own organisation only: what was bought is not passed on by the server that it lands on.
const OWN_ORGANISATION: &str = "0";

/// Distributions: a sharing group's, and that of the event or object around.
const SHARING_GROUP: u64 = 4;
const INHERIT: &str = "5";

/// Levels of MISP: high to undefined threat, initial to complete analysis.
const UNDEFINED_THREAT: &str = "4";
const COMPLETE_ANALYSIS: &str = "2";

/// An event as it goes to a server or a feed: a document with the receipts of its deliveries.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCopy {
    uuid: Uuid,
    timestamp: u64,
    event: Map<String, Value>,
    receipts: Vec<(Uuid, Value)>,
}

/// Where a document comes from, for what it does not say itself.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Something that is the document's alone, such as where it was bought.
    pub name: &'a str,
    /// The title of what was bought.
    pub title: &'a str,
    /// The organisation that made it.
    pub organisation: &'a str,
}

impl EventCopy {
    /// An event as it is, to be added to a server under its own uuid.
    pub fn of(document: &[u8]) -> Result<Self> {
        let (key, inner) = open(document)?;
        if key == "Object" {
            return Err(Error::NoCopy("it is a single object"));
        }
        let uuid = uuid(&inner).ok_or(Error::NoCopy("it has no uuid"))?;
        Ok(Self::assemble(uuid, inner))
    }

    /// What a feed has: an event among whose objects are receipts.
    pub(crate) fn written(document: &[u8]) -> Result<Self> {
        let mut copy = Self::of(document)?;
        if let Some(Value::Array(objects)) = copy.event.get_mut("Object") {
            let (receipts, others) = std::mem::take(objects)
                .into_iter()
                .partition::<Vec<_>, _>(is_receipt);
            *objects = others;
            let named = receipts.into_iter().filter_map(|object| {
                let uuid = object["uuid"].as_str()?.parse().ok()?;
                Some((uuid, object))
            });
            copy.receipts = named.collect();
        }
        Ok(copy)
    }

    /// What was bought. An object gets an event around it; what an event needs and does not say is taken from its origin.
    /// It is for the own organisation, and not published.
    pub fn bought(document: &[u8], origin: Origin<'_>) -> Result<Self> {
        let (key, inner) = open(document)?;
        let made = Uuid::new_v5(&NAMESPACE, origin.name.as_bytes());
        let mut event = if key == "Object" {
            around(&inner, origin)
        } else {
            inner
        };
        let uuid = uuid(&event).unwrap_or(made);
        event.insert("uuid".into(), json!(uuid));
        event.insert("distribution".into(), json!(OWN_ORGANISATION));
        event.insert("published".into(), json!(false));
        event.remove("event_creator_email");
        leave_sharing_groups(&mut event);
        complete(&mut event, origin);
        Ok(Self::assemble(uuid, event))
    }

    /// With the receipt of a delivery.
    #[must_use]
    pub fn with_receipt(mut self, receipt: &Receipt) -> Self {
        let (uuid, object) = (receipt.uuid(), receipt.to_object(self.timestamp));
        if self.receipts.iter().all(|(known, _)| *known != uuid) {
            self.receipts.push((uuid, object));
            self.receipts.sort_by_key(|(uuid, _)| *uuid);
        }
        self
    }

    /// Of two editions of one event, the newer, with the receipts of both.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let (mut newer, older) = if other.timestamp >= self.timestamp {
            (other, self)
        } else {
            (self, other)
        };
        for (uuid, object) in older.receipts {
            if newer.receipts.iter().all(|(known, _)| *known != uuid) {
                newer.receipts.push((uuid, object));
            }
        }
        newer.receipts.sort_by_key(|(uuid, _)| *uuid);
        newer
    }

    /// The event's uuid.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// Last change of the event, Unix seconds; 0 where it is not said.
    pub fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// The objects of the receipts, by their uuids.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = (Uuid, &Value)> {
        self.receipts.iter().map(|(uuid, object)| (*uuid, object))
    }

    /// `{"Event": …}`, the receipts among its objects.
    pub(crate) fn to_json(&self) -> Value {
        let mut event = self.event.clone();
        if !self.receipts.is_empty() {
            let objects = event.entry("Object").or_insert_with(|| json!([]));
            if !objects.is_array() {
                *objects = json!([]); // null, or a map where MISP has none
            }
            let objects = objects.as_array_mut().expect("it was made one");
            objects.retain(|object| {
                let uuid = object["uuid"].as_str().and_then(|uuid| uuid.parse().ok());
                self.receipts.iter().all(|(known, _)| Some(*known) != uuid)
            });
            objects.extend(self.receipts.iter().map(|(_, object)| object.clone()));
        }
        wrapped("Event", &Value::Object(event))
    }

    fn assemble(uuid: Uuid, event: Map<String, Value>) -> Self {
        Self {
            uuid,
            timestamp: seconds(event.get("timestamp")),
            event,
            receipts: Vec::new(),
        }
    }
}

/// The event or object of a document, with the key that says which it is.
fn open(document: &[u8]) -> Result<(&'static str, Map<String, Value>)> {
    let parsed = Document::parse(document).map_err(|_| Error::NoCopy("it is not MISP JSON"))?;
    let mut value = serde_json::from_slice::<Value>(document)
        .map_err(|_| Error::NoCopy("it is not MISP JSON"))?;
    let inner = value.pointer_mut(parsed.pointer()).map(Value::take);
    let key = if parsed.event().is_some() {
        "Event"
    } else {
        "Object"
    };
    match inner {
        Some(Value::Object(inner)) => Ok((key, inner)),
        _ => Err(Error::NoCopy("it is not MISP JSON")),
    }
}

/// The event around an object that was bought alone.
fn around(object: &Map<String, Value>, origin: Origin<'_>) -> Map<String, Value> {
    let timestamp = seconds(object.get("timestamp"));
    let event = json!({
        "info": origin.title,
        "timestamp": timestamp.to_string(),
        "Object": [object],
    });
    match event {
        Value::Object(event) => event,
        _ => unreachable!("it was written as an object"),
    }
}

/// Who made an event, with the name and the uuid that a feed needs.
fn maker(mut organisation: Map<String, Value>, origin: Origin<'_>) -> Value {
    let is_said = |organisation: &Map<String, Value>, key: &str| {
        organisation
            .get(key)
            .is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    };
    if !is_said(&organisation, "name") {
        organisation.insert("name".into(), json!(origin.organisation));
    }
    if !is_said(&organisation, "uuid") {
        let name = organisation["name"].as_str().unwrap_or_default();
        let uuid = Uuid::new_v5(&NAMESPACE, name.as_bytes());
        organisation.insert("uuid".into(), json!(uuid));
    }
    Value::Object(organisation)
}

/// No sharing group of another server is known here: what was for one is for whom its event is for.
fn leave_sharing_groups(thing: &mut Map<String, Value>) {
    thing.remove("sharing_group_id");
    thing.remove("SharingGroup");
    let distribution = thing.get_mut("distribution");
    if let Some(place) = distribution.filter(|place| seconds(Some(place)) == SHARING_GROUP) {
        *place = json!(INHERIT);
    }
    for key in ["Attribute", "Object", "EventReport"] {
        let list = thing.get_mut(key).and_then(Value::as_array_mut);
        let inner = list.into_iter().flatten().filter_map(Value::as_object_mut);
        inner.for_each(leave_sharing_groups);
    }
}

/// What every event has, where this one has not.
fn complete(event: &mut Map<String, Value>, origin: Origin<'_>) {
    let date = day(seconds(event.get("timestamp")));
    let organisation = event.get("Orgc").and_then(Value::as_object);
    let organisation = maker(organisation.cloned().unwrap_or_default(), origin);
    event.insert("Orgc".into(), organisation);
    for (key, value) in [
        ("info", json!(origin.title)),
        ("date", json!(date)),
        ("timestamp", json!("0")),
        ("threat_level_id", json!(UNDEFINED_THREAT)),
        ("analysis", json!(COMPLETE_ANALYSIS)),
    ] {
        let place = event.entry(key).or_insert(Value::Null);
        if place.is_null() || place.as_str() == Some("") {
            *place = value;
        }
    }
}

fn uuid(event: &Map<String, Value>) -> Option<Uuid> {
    let uuid = event.get("uuid")?.as_str()?.parse::<Uuid>().ok();
    uuid.filter(|uuid| !uuid.is_nil())
}

/// A number, such as Unix seconds, as one or as its text.
pub(crate) fn seconds(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        Some(value) => value.as_u64().unwrap_or(0),
        None => 0,
    }
}

fn day(seconds: u64) -> String {
    let at = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.unwrap_or_default().strftime("%Y-%m-%d").to_string()
}
