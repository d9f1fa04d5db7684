//! Where in a JSON document the event or the object is.

use std::fmt;

use crate::ParseError;
use crate::outline::{Members, Outline, RESPONSE};
use crate::tag::is_uuid;

/// What is in an envelope.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inner {
    Event,
    Object,
}

/// The keys that lead to the event or the object, and "0" for the element of a list.
type Path = Vec<&'static str>;

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

/// Finds the event or the object in its envelope.
pub(crate) fn open(outline: Outline<'_>) -> Result<(Path, Inner), ParseError> {
    match outline {
        Outline::Object(members) => open_object(members),
        Outline::List(list) => open_list(&list),
        Outline::Scalar(name) => not_misp(Found::Json(name)),
    }
}

fn open_object(mut members: Members<'_>) -> Result<(Path, Inner), ParseError> {
    match members.remove(RESPONSE) {
        Some(Outline::List(list)) => return open_list(&list).map(|found| behind(RESPONSE, found)),
        Some(Outline::Object(answer)) if is_bare_event(&answer) => {
            return Ok((vec![RESPONSE], Inner::Event));
        }
        Some(Outline::Object(answer)) => {
            return open_wrapped(&answer).map(|found| behind(RESPONSE, found));
        }
        _ => {}
    }
    if is_bare_event(&members) {
        return Ok((Path::new(), Inner::Event));
    }
    if is_bare_object(&members) {
        return Ok((Path::new(), Inner::Object));
    }
    open_wrapped(&members)
}

/// The list of an answer: exactly one event or object.
fn open_list(list: &[Outline<'_>]) -> Result<(Path, Inner), ParseError> {
    let is_one = |item: &&Outline<'_>| match item {
        Outline::Object(members) => is_wrapped(members) || is_bare_event(members),
        _ => false,
    };
    let count = list.iter().filter(is_one).count();
    match (count, list) {
        (2.., _) => Err(ParseError::Several { count }),
        (_, []) => not_misp(Found::EmptyAnswer),
        (1, [Outline::Object(item)]) if is_bare_event(item) => Ok((vec!["0"], Inner::Event)),
        (1, [Outline::Object(item)]) => open_wrapped(item).map(|found| behind("0", found)),
        (_, [.., Outline::Object(item)]) => not_misp(describe_listed(item)),
        (_, [.., item]) => not_misp(Found::Json(item.name())),
    }
}

fn behind(step: &'static str, (mut path, inner): (Path, Inner)) -> (Path, Inner) {
    path.insert(0, step);
    (path, inner)
}

fn is_wrapped(members: &Members<'_>) -> bool {
    let inner = members.get("Event").or(members.get("Object"));
    inner.is_some_and(Outline::is_object)
}

fn open_wrapped(members: &Members<'_>) -> Result<(Path, Inner), ParseError> {
    if members.has_object("Event") {
        return Ok((vec!["Event"], Inner::Event));
    }
    if members.has_object("Object") {
        return Ok((vec!["Object"], Inner::Object));
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
        () if members.are_all(is_uuid) => Found::Manifest,
        () => Found::UnknownObject,
    }
}

fn not_misp<T>(found: Found) -> Result<T, ParseError> {
    Err(ParseError::NotMisp(found))
}
