//! Ids, times and what every object has.

use ayumi_misp::{Content, Document, Edge, Text, unix_seconds};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::stance::seconds;
use crate::text::{rfc3339, title};

/// The namespace of ids that are made of a name (RFC 9562, version 5), so that the same export gives the same ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2d_51c8_9b0e_4d37_8a64_1f5b_c3e0_7a92);

/// The id of an object of a type, made of its name.
pub(super) fn made(kind: &str, name: &str) -> String {
    let uuid = Uuid::new_v5(&NAMESPACE, format!("{kind} {name}").as_bytes());
    format!("{kind}--{uuid}")
}

/// Type, version, id and times.
pub(super) fn base(kind: &str, name: &str, created: u64) -> Map<String, Value> {
    let created = time(created);
    Map::from_iter([
        ("type".into(), json!(kind)),
        ("spec_version".into(), json!("2.1")),
        ("id".into(), json!(made(kind, name))),
        ("created".into(), json!(created)),
        ("modified".into(), json!(created)),
    ])
}

/// Unix seconds as STIX writes them, with milliseconds.
pub(super) fn time(seconds: u64) -> String {
    rfc3339(seconds).replace('Z', ".000Z")
}

/// A uuid in its one spelling, if the text is one.
pub(super) fn uuid(text: &Text) -> Option<String> {
    let uuid = Uuid::try_parse(text.text()?.trim()).ok()?;
    Some(uuid.to_string())
}

/// The uuid of a document.
pub(super) fn document_uuid(document: &Document) -> Option<String> {
    match document.content() {
        Content::Event(event) => uuid(&event.uuid),
        Content::Object(object) => uuid(&object.uuid),
    }
}

/// What stands for a document in the names of its parts: its uuid, or its title and place.
pub(super) fn document(document: &Document, index: usize) -> String {
    document_uuid(document).unwrap_or_else(|| format!("{} {index}", title(document)))
}

/// When a document was last changed, or else its date, or else the beginning of Unix time.
pub(super) fn changed(document: &Document) -> u64 {
    let changed = match document.content() {
        Content::Event(event) => seconds(&event.timestamp).or_else(|| {
            let date = event.date.text()?;
            unix_seconds(date.trim(), Edge::Start)
        }),
        Content::Object(object) => seconds(&object.timestamp),
    };
    changed.unwrap_or(0)
}

/// An organisation.
pub(super) fn identity(organisation: &Text, name: &str, created: u64) -> Value {
    let key = uuid(organisation).unwrap_or_else(|| name.to_owned());
    let mut identity = base("identity", &key, created);
    identity.insert(
        "name".into(),
        json!(if name.is_empty() { "unnamed" } else { name }),
    );
    identity.insert("identity_class".into(), json!("organization"));
    Value::Object(identity)
}

/// Where an object is in MISP.
pub(super) fn in_misp(uuid: &str) -> Value {
    json!({ "source_name": "MISP", "external_id": uuid })
}

/// A type of relationship in STIX's letters: lower case, digits and hyphens; `related-to` where nothing is left.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let folded = text.chars().take(250).map(plain).collect::<String>();
    let words = folded.split('-').filter(|word| !word.is_empty());
    let word = words.collect::<Vec<_>>().join("-");
    if word.len() < 3 {
        "related-to".into()
    } else {
        word
    }
}
