//! Where in a JSON text the event or the object is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::ParseError;
use crate::json::{self, Key, type_of_text};
use crate::kept::{LIST, OBJECT};
use crate::tag::is_uuid;

/// The JSON of the event or the object, taken out of its envelope.
pub(crate) enum Inner<'a> {
    Event(&'a str),
    Object(&'a str),
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

/// Takes the event or the object out of its envelope, with its JSON pointer. The text is JSON, as [`json::check`] has it.
pub(crate) fn open(text: &str) -> Result<(String, Inner<'_>), ParseError> {
    let text = text.trim_ascii_start();
    match type_of_text(text) {
        OBJECT => open_object(text),
        LIST => open_list("", text),
        other => not_misp(Found::Json(other)),
    }
}

fn open_object(text: &str) -> Result<(String, Inner<'_>), ParseError> {
    let mut members = Members::read(text)?;
    match members.remove("response") {
        Some(list) if is_list(list) => return open_list("/response", list),
        Some(inner) if is_object(inner) => {
            return open_wrapped(&Members::read(inner)?)
                .map(|(pointer, inner)| (format!("/response{pointer}"), inner));
        }
        _ => {}
    }
    if is_bare_event(&members) {
        return Ok((String::new(), Inner::Event(text)));
    }
    if is_bare_object(&members) {
        return Ok((String::new(), Inner::Object(text)));
    }
    open_wrapped(&members)
}

/// The list of an answer: exactly one event or object.
fn open_list<'a>(pointer: &str, text: &'a str) -> Result<(String, Inner<'a>), ParseError> {
    let items = json::read::<Vec<&RawValue>>(text)?;
    let (mut count, mut last) = (0, None);
    for item in &items {
        let members = Members::of(item.get())?;
        count += usize::from(members.as_ref().is_some_and(is_wrapped));
        last = Some((item.get(), members));
    }
    match (count, last) {
        (2.., _) => Err(ParseError::Several { count }),
        (_, None) => not_misp(Found::EmptyAnswer),
        (1, Some((_, Some(members)))) if items.len() == 1 => {
            open_wrapped(&members).map(|(inside, inner)| (format!("{pointer}/0{inside}"), inner))
        }
        (_, Some((_, Some(members)))) => not_misp(describe_listed(&members)),
        (_, Some((item, None))) => not_misp(Found::Json(type_of_text(item))),
    }
}

fn is_wrapped(members: &Members<'_>) -> bool {
    let inner = members.get("Event").or(members.get("Object"));
    inner.is_some_and(is_object)
}

fn open_wrapped<'a>(members: &Members<'a>) -> Result<(String, Inner<'a>), ParseError> {
    let object = |key| members.get(key).filter(|value| is_object(value));
    if let Some(event) = object("Event") {
        return Ok(("/Event".to_owned(), Inner::Event(event)));
    }
    if let Some(object) = object("Object") {
        return Ok(("/Object".to_owned(), Inner::Object(object)));
    }
    not_misp(describe(members))
}

/// A bare event: content and at least one key that only events have, or an event's title and date.
fn is_bare_event(members: &Members<'_>) -> bool {
    let of_event = [
        "info",
        "date",
        "Orgc",
        "threat_level_id",
        "analysis",
        "orgc_id",
    ];
    let content = ["Attribute", "Object"];
    content.iter().any(|key| members.has_list(key))
        && members.has_any(&of_event)
        && !members.has("Event")
}

/// A bare object: attributes and at least one key that only objects have.
fn is_bare_object(members: &Members<'_>) -> bool {
    let of_object = [
        "meta-category",
        "template_uuid",
        "template_version",
        "ObjectReference",
    ];
    members.has_list("Attribute") && members.has("name") && members.has_any(&of_object)
}

fn describe_listed(members: &Members<'_>) -> Found {
    if members.has_all(&["type", "value"]) {
        return Found::Attributes;
    }
    match describe(members) {
        Found::Attribute => Found::Attributes,
        found => found,
    }
}

fn describe(members: &Members<'_>) -> Found {
    match () {
        () if members.has_list("Attribute") => Found::Attributes,
        () if members.has_list("Object") => Found::Objects,
        () if members.has_list("objects") && members.has("type") => Found::Stix,
        () if members.has("spec_version") => Found::Stix,
        () if members.has("Attribute") => Found::Attribute,
        () if members.has_any(&["Galaxy", "GalaxyCluster", "galaxy_id"]) => Found::Galaxy,
        () if members.has_all(&["info", "date"]) => Found::EventIndex,
        () if members.has_all(&["type", "value"]) => Found::Attribute,
        () if members.has_any(&["predicates", "requiredOneOf", "matching_attributes"]) => {
            Found::Definition
        }
        () if members.has_any(&["message", "errors"]) => Found::ErrorAnswer,
        () if members.are_by_uuid() => Found::Manifest,
        () => Found::UnknownObject,
    }
}

fn not_misp<T>(found: Found) -> Result<T, ParseError> {
    Err(ParseError::NotMisp(found))
}

fn is_object(text: &str) -> bool {
    type_of_text(text) == OBJECT
}

fn is_list(text: &str) -> bool {
    type_of_text(text) == LIST
}

/// The members of one JSON object: each key, and the JSON of its value.
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Result<Self, ParseError> {
        json::read(text)
    }

    /// Those of a value, if it is an object.
    fn of(text: &'a str) -> Result<Option<Self>, ParseError> {
        is_object(text).then(|| Self::read(text)).transpose()
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| *value)
    }

    fn remove(&mut self, key: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.swap_remove(at).1)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn has_list(&self, key: &str) -> bool {
        self.get(key).is_some_and(is_list)
    }

    fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    /// Whether there are any, and each key is a uuid.
    fn are_by_uuid(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(key, _)| is_uuid(key))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(OBJECT)
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut entries: A,
            ) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = entries.next_entry::<_, &RawValue>()? {
                    members.push((key, value.get()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
