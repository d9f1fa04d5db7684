//! Where in a JSON value the event or the object is.

use std::fmt;

use serde_json::{Map, Value};

use crate::ParseError;
use crate::json::type_of;
use crate::tag::is_uuid;

/// The event or the object, taken out of its envelope.
pub(crate) enum Inner {
    Event(Value),
    Object(Value),
}

/// What the document is instead of an event or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A list of attributes, as `attributes/restSearch` answers it.
    Attributes,
    /// One attribute.
    Attribute,
    /// A list of objects without an event.
    Objects,
    /// An entry of an event index: no content, only its description.
    EventIndex,
    /// A feed's `manifest.json`.
    Manifest,
    /// A galaxy or a cluster.
    Galaxy,
    /// A taxonomy, a warninglist or an object template.
    Definition,
    /// A STIX bundle or object.
    Stix,
    /// An answer of MISP that says what went wrong.
    ErrorAnswer,
    /// An answer without any event.
    EmptyAnswer,
    /// A JSON object that none of the above describes.
    UnknownObject,
    /// A JSON value of another type: its name with its article.
    Json(&'static str),
}

impl Found {
    /// What to give instead.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Attributes | Self::Attribute | Self::Objects => {
                "give the event that holds them: `events/view/<uuid>`, or `events/restSearch` for one event"
            }
            Self::EventIndex => "give the event itself: `events/view/<uuid>`",
            Self::Manifest => "give one of the feed's events: `<uuid>.json` beside the manifest",
            Self::Galaxy | Self::Definition => "give an event that uses it",
            Self::Stix => "import it into MISP, and export the event as MISP JSON",
            Self::ErrorAnswer => "read the answer's message, and ask MISP again",
            Self::EmptyAnswer => "check the search: it matched no event",
            Self::UnknownObject | Self::Json(_) => {
                "give {\"Event\": …}, {\"response\": [{\"Event\": …}]} or {\"Object\": …}"
            }
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attributes => "this is a list of attributes without their event",
            Self::Attribute => "this is a single attribute",
            Self::Objects => "this is a list of objects without their event",
            Self::EventIndex => {
                "this is an event index, which describes events without their content"
            }
            Self::Manifest => "this is the manifest of a feed",
            Self::Galaxy => "this is a galaxy or a cluster",
            Self::Definition => "this is a taxonomy, a warninglist or an object template",
            Self::Stix => "this is STIX",
            Self::ErrorAnswer => "this is an error answer of MISP",
            Self::EmptyAnswer => "this is an answer without any event",
            Self::UnknownObject => "none of its keys is one of theirs",
            Self::Json(name) => return write!(f, "this is {name}"),
        })
    }
}

/// Takes the event or the object out of its envelope, with its JSON pointer.
pub(crate) fn open(value: Value) -> Result<(String, Inner), ParseError> {
    match value {
        Value::Object(map) => open_object(map),
        Value::Array(list) => open_list("", list),
        other => not_misp(Found::Json(type_of(&other))),
    }
}

fn open_object(mut map: Map<String, Value>) -> Result<(String, Inner), ParseError> {
    match map.remove("response") {
        Some(Value::Array(list)) => return open_list("/response", list),
        Some(Value::Object(inner)) => {
            return open_wrapped(inner)
                .map(|(pointer, inner)| (format!("/response{pointer}"), inner));
        }
        _ => {}
    }
    if is_event(&map) {
        return Ok((String::new(), Inner::Event(map.into())));
    }
    if is_object(&map) {
        return Ok((String::new(), Inner::Object(map.into())));
    }
    open_wrapped(map)
}

/// The list of an answer: exactly one event or object.
fn open_list(pointer: &str, mut list: Vec<Value>) -> Result<(String, Inner), ParseError> {
    let wrapped = |item: &Value| {
        item.get("Event")
            .or(item.get("Object"))
            .is_some_and(Value::is_object)
    };
    let count = list.iter().filter(|item| wrapped(item)).count();
    match (count, list.pop()) {
        (2.., _) => Err(ParseError::Several { count }),
        (_, None) => not_misp(Found::EmptyAnswer),
        (1, Some(Value::Object(item))) if list.is_empty() => {
            open_wrapped(item).map(|(inside, inner)| (format!("{pointer}/0{inside}"), inner))
        }
        (_, Some(Value::Object(item))) => not_misp(describe_listed(&item)),
        (_, Some(item)) => not_misp(Found::Json(type_of(&item))),
    }
}

fn open_wrapped(mut map: Map<String, Value>) -> Result<(String, Inner), ParseError> {
    if let Some(event) = take_object(&mut map, "Event") {
        return Ok(("/Event".to_owned(), Inner::Event(event)));
    }
    if let Some(object) = take_object(&mut map, "Object") {
        return Ok(("/Object".to_owned(), Inner::Object(object)));
    }
    not_misp(describe(&map))
}

fn take_object(map: &mut Map<String, Value>, key: &str) -> Option<Value> {
    map.get(key)
        .is_some_and(Value::is_object)
        .then(|| map.remove(key))
        .flatten()
}

/// A bare event: content and at least one key that only events have, or an event's title and date.
fn is_event(map: &Map<String, Value>) -> bool {
    let of_event = [
        "info",
        "date",
        "Orgc",
        "threat_level_id",
        "analysis",
        "orgc_id",
    ];
    let content = ["Attribute", "Object"]
        .iter()
        .any(|key| map.get(*key).is_some_and(Value::is_array));
    content && has_any(map, &of_event) && !map.contains_key("Event")
}

/// A bare object: attributes and at least one key that only objects have.
fn is_object(map: &Map<String, Value>) -> bool {
    let of_object = [
        "meta-category",
        "template_uuid",
        "template_version",
        "ObjectReference",
    ];
    map.get("Attribute").is_some_and(Value::is_array)
        && map.contains_key("name")
        && has_any(map, &of_object)
}

fn describe_listed(map: &Map<String, Value>) -> Found {
    if has_all(map, &["type", "value"]) {
        return Found::Attributes;
    }
    match describe(map) {
        Found::Attribute => Found::Attributes,
        found => found,
    }
}

fn describe(map: &Map<String, Value>) -> Found {
    let in_list = |key: &str| map.get(key).is_some_and(Value::is_array);
    match () {
        () if in_list("Attribute") => Found::Attributes,
        () if in_list("Object") => Found::Objects,
        () if in_list("objects") && map.contains_key("type") => Found::Stix,
        () if map.contains_key("spec_version") => Found::Stix,
        () if map.contains_key("Attribute") => Found::Attribute,
        () if has_any(map, &["Galaxy", "GalaxyCluster", "galaxy_id"]) => Found::Galaxy,
        () if has_all(map, &["info", "date"]) => Found::EventIndex,
        () if has_all(map, &["type", "value"]) => Found::Attribute,
        () if has_any(map, &["predicates", "requiredOneOf", "matching_attributes"]) => {
            Found::Definition
        }
        () if has_any(map, &["message", "errors"]) => Found::ErrorAnswer,
        () if !map.is_empty() && map.keys().all(|key| is_uuid(key)) => Found::Manifest,
        () => Found::UnknownObject,
    }
}

fn has_any(map: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().any(|key| map.contains_key(*key))
}

fn has_all(map: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().all(|key| map.contains_key(*key))
}

fn not_misp<T>(found: Found) -> Result<T, ParseError> {
    Err(ParseError::NotMisp(found))
}
