use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Fault;

/// What the server has.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) faults: Vec<(String, Fault)>,
    pub(crate) requests: Vec<String>,
    events: BTreeMap<Uuid, Held>,
    sightings: Vec<Value>,
    /// A recorded entry of an index.
    entry: Value,
    ids: u64,
}

#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    event: Value,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            faults: Vec::new(),
            requests: Vec::new(),
            events: BTreeMap::new(),
            sightings: Vec::new(),
            entry: recorded_entry(),
            ids: 0,
        }
    }

    /// The fault that is for this request, if any.
    pub(crate) fn fault(&mut self, request: &str) -> Option<Fault> {
        self.requests.push(request.to_owned());
        let found = self
            .faults
            .iter()
            .position(|(start, _)| request.starts_with(start));
        found.map(|at| self.faults.remove(at).1)
    }

    pub(crate) fn hold(&mut self, document: &[u8]) -> Uuid {
        let value = serde_json::from_slice::<Value>(document).expect("events are JSON");
        let event = value["Event"].clone();
        let uuid = uuid(&event).expect("events have uuids");
        let bytes = document.to_vec();
        self.events.insert(uuid, Held { bytes, event });
        uuid
    }

    pub(crate) fn count(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn event(&self, uuid: Uuid) -> Option<Value> {
        self.events.get(&uuid).map(|held| held.event.clone())
    }

    pub(crate) fn sightings(&self) -> Vec<Value> {
        self.sightings.clone()
    }

    /// The bytes of an event, by uuid or id.
    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let uuid = self.find(name)?;
        Some(self.events[&uuid].bytes.clone())
    }

    pub(crate) fn find(&self, name: &str) -> Option<Uuid> {
        let by_id = || {
            let found = self
                .events
                .iter()
                .find(|(_, held)| text(&held.event["id"]).as_deref() == Some(name));
            found.map(|(uuid, _)| *uuid)
        };
        let uuid = name.parse().ok();
        uuid.filter(|uuid| self.events.contains_key(uuid))
            .or_else(by_id)
    }

    /// A page of the index, in the order of uuids; as `events/restSearch` with `metadata` answers it.
    pub(crate) fn search(&self, question: &Value) -> Vec<Value> {
        let number = |key: &str| {
            question[key]
                .as_u64()
                .and_then(|it| usize::try_from(it).ok())
        };
        let (limit, page) = (
            number("limit").unwrap_or(usize::MAX),
            number("page").unwrap_or(1),
        );
        let found = self
            .events
            .values()
            .filter(|held| finds(question, &held.event));
        let with_all = question["metadata"] != true;
        let of_page = found.skip(limit.saturating_mul(page - 1)).take(limit);
        of_page
            .map(|held| {
                let event = if with_all {
                    held.event.clone()
                } else {
                    self.entry(&held.event)
                };
                json!({ "Event": event })
            })
            .collect()
    }

    /// The page of `events/index`.
    pub(crate) fn index(&self) -> Vec<Value> {
        self.events
            .values()
            .map(|held| self.entry(&held.event))
            .collect()
    }

    /// The recorded entry with the values of an event.
    fn entry(&self, event: &Value) -> Value {
        let mut entry = self.entry.clone();
        for (key, value) in entry.as_object_mut().expect("entries are objects") {
            let is_plain = |value: &Value| !value.is_object() && !value.is_array();
            if let Some(ours) = event
                .get(key)
                .filter(|ours| is_plain(value) && is_plain(ours))
            {
                *value = ours.clone();
            }
        }
        entry
    }

    /// A new event with the server's ids; `None` where there is one with its uuid.
    pub(crate) fn add(&mut self, event: &Value) -> Option<Value> {
        let mut event = event.clone();
        let uuid = uuid(&event).unwrap_or_else(Uuid::new_v4);
        if self.events.contains_key(&uuid) {
            return None;
        }
        event["uuid"] = json!(uuid);
        event["id"] = json!(self.next_id());
        event["Orgc"] = event.get("Orgc").cloned().unwrap_or_else(ours);
        event["Org"] = ours();
        self.number_contents(&mut event);
        self.put(uuid, event.clone());
        Some(event)
    }

    /// Puts what is newer into an event, as MISP's synchronisation does; `None` where the request is not newer.
    pub(crate) fn edit(&mut self, uuid: Uuid, newer: &Value) -> Option<Value> {
        let mut event = self.event(uuid)?;
        let changed = seconds(&event["timestamp"]);
        if newer.get("timestamp").is_some() && seconds(&newer["timestamp"]) <= changed {
            return None;
        }
        event["timestamp"] = json!((changed + 1).to_string()); // where the request says none, it is now
        for (key, value) in newer.as_object()? {
            match key.as_str() {
                "id" | "uuid" | "Org" | "Orgc" => {}
                "Attribute" | "Object" => merge(&mut event[key], value),
                _ => event[key] = value.clone(),
            }
        }
        self.number_contents(&mut event);
        self.put(uuid, event.clone());
        Some(event)
    }

    /// An object for an event, whose change it is.
    pub(crate) fn attach(&mut self, uuid: Uuid, object: &Value) -> Option<Value> {
        let mut event = self.event(uuid)?;
        if !event["Object"].is_array() {
            event["Object"] = json!([]);
        }
        let objects = event["Object"].as_array_mut()?;
        objects.push(object.clone());
        let changed = seconds(&event["timestamp"]) + 1;
        event["timestamp"] = json!(changed.to_string());
        self.number_contents(&mut event);
        let attached = event["Object"].as_array()?.last().cloned();
        self.put(uuid, event);
        attached
    }

    /// A sighting of an attribute by its uuid or id.
    pub(crate) fn sight(&mut self, attribute: &str, kind: u8, source: &str) -> Option<Value> {
        let (event, attribute) = self.attribute(attribute)?;
        let id = self.next_id();
        let sighting = json!({
            "id": id,
            "attribute_id": attribute["id"],
            "event_id": event["id"],
            "org_id": "1",
            "date_sighting": "1770973200",
            "uuid": Uuid::new_v4(),
            "source": source,
            "type": kind.to_string(),
            "attribute_uuid": attribute["uuid"],
            "Organisation": ours(),
        });
        self.sightings.push(sighting.clone());
        Some(sighting)
    }

    /// The sightings of an event, as `sightings/restSearch/event` answers them.
    pub(crate) fn sightings_of(&self, uuid: Uuid, with_attribute: bool) -> Vec<Value> {
        let event = self.event(uuid).unwrap_or_default();
        let all = attributes(&event);
        let known = self.sightings.iter().filter_map(|sighting| {
            let attribute = all
                .iter()
                .find(|attribute| attribute["uuid"] == sighting["attribute_uuid"])?;
            let mut sighting = sighting.clone();
            if with_attribute {
                sighting["Attribute"] = attribute.clone();
            }
            Some(json!({ "Sighting": sighting }))
        });
        known.collect()
    }

    fn attribute(&self, name: &str) -> Option<(Value, Value)> {
        self.events.values().find_map(|held| {
            let is_named = |attribute: &Value| {
                attribute["uuid"] == name || text(&attribute["id"]).as_deref() == Some(name)
            };
            let found = attributes(&held.event).into_iter().find(is_named)?;
            Some((held.event.clone(), found))
        })
    }

    fn put(&mut self, uuid: Uuid, event: Value) {
        let bytes = json!({ "Event": event }).to_string().into_bytes();
        self.events.insert(uuid, Held { bytes, event });
    }

    fn number_contents(&mut self, event: &mut Value) {
        let id = event["id"].clone();
        let mut number = |thing: &mut Value| {
            if thing.get("id").is_none_or(Value::is_null) {
                thing["id"] = json!(self.next_id());
            }
            if thing.get("uuid").is_none_or(Value::is_null) {
                thing["uuid"] = json!(Uuid::new_v4());
            }
            thing["event_id"] = id.clone();
        };
        for object in list(&mut event["Object"]) {
            number(object);
            list(&mut object["Attribute"])
                .iter_mut()
                .for_each(&mut number);
        }
        list(&mut event["Attribute"])
            .iter_mut()
            .for_each(&mut number);
    }

    fn next_id(&mut self) -> String {
        self.ids += 1;
        self.ids.to_string()
    }
}

fn recorded_entry() -> Value {
    let corpus = std::env::var_os("AYUMI_MISP_CORPUS").map(PathBuf::from);
    let text = match corpus {
        Some(corpus) => {
            let path = corpus.join("rest/pymisp--search_index_result.json");
            std::fs::read_to_string(&path)
                .unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
        }
        None => include_str!("../samples/index.json").to_owned(),
    };
    let recorded = serde_json::from_str::<Value>(&text).expect("the record is JSON");
    recorded[0].clone()
}

fn finds(question: &Value, event: &Value) -> bool {
    let listed = |key: &str| question[key].as_array();
    let uuid_fits = listed("uuid").is_none_or(|wanted| wanted.contains(&event["uuid"]));
    let tags = event["Tag"].as_array().into_iter().flatten();
    let names = tags.map(|tag| tag["name"].clone()).collect::<Vec<_>>();
    let tag_fits = listed("tags").is_none_or(|wanted| wanted.iter().any(|tag| names.contains(tag)));
    let since = question.get("timestamp");
    let since_fits = since.is_none_or(|since| seconds(&event["timestamp"]) >= seconds(since));
    let published = question.get("published");
    let published_fits = published.is_none_or(|wanted| *wanted == event["published"]);
    uuid_fits && tag_fits && since_fits && published_fits
}

fn merge(ours: &mut Value, theirs: &Value) {
    if !ours.is_array() {
        *ours = json!([]);
    }
    let list = ours.as_array_mut().expect("it was made one");
    for thing in theirs.as_array().into_iter().flatten() {
        match list.iter_mut().find(|known| known["uuid"] == thing["uuid"]) {
            Some(known) => {
                let id = known["id"].clone();
                *known = thing.clone();
                known["id"] = id;
            }
            None => list.push(thing.clone()),
        }
    }
}

fn attributes(event: &Value) -> Vec<Value> {
    let objects = event["Object"].as_array().into_iter().flatten();
    let lists = objects
        .map(|object| &object["Attribute"])
        .chain([&event["Attribute"]]);
    lists
        .filter_map(Value::as_array)
        .flatten()
        .cloned()
        .collect()
}

fn list(value: &mut Value) -> &mut [Value] {
    value.as_array_mut().map_or(&mut [], Vec::as_mut_slice)
}

fn uuid(event: &Value) -> Option<Uuid> {
    event["uuid"].as_str()?.parse().ok()
}

/// An id, which is a text or a number.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn seconds(value: &Value) -> u64 {
    text(value).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn ours() -> Value {
    json!({ "id": "1", "name": "Kitakaze CSIRT", "uuid": "9c2d7c55-5f0e-4f6b-8a2f-0b1d6a7e4c33" })
}
