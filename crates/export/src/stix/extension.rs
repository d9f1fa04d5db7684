//! What is stated of use, which STIX has no property for: a property extension with its definition in each bundle.

use ayumi_misp::{CommercialUse, Flag, Pap, Set, Statement, Word};
use serde_json::{Map, Value, json};

use super::id;
use crate::select::Selected;

/// The day from which the definition is what it is.
const CREATED: u64 = 1_767_225_600;

const SCHEMA: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"extension_type":{"const":"property-extension"},"pap":{"enum":["clear","green","amber","red"]},"commercial_use":{"enum":["allowed","forbidden"]},"audience":{"type":"array","items":{"enum":["operator","analyst","executive"]}},"directions":{"type":"array","items":{"enum":["outbound","inbound"]}},"control_points":{"type":"array","items":{"type":"string"}},"expected_actions":{"type":"array","items":{"type":"string"}},"last_seen":{"type":"string","format":"date-time"},"misp_type":{"type":"string"},"misp_category":{"type":"string"}}}"#;

/// The definition, and who made it.
pub(super) fn definition() -> [Value; 2] {
    let mut identity = id::base("identity", "ayumi", CREATED);
    identity.insert("name".into(), json!("Ayumi"));
    identity.insert("identity_class".into(), json!("system"));
    let mut definition = id::base("extension-definition", "usage 1", CREATED);
    definition.extend([
        ("created_by_ref".into(), identity["id"].clone()),
        ("name".into(), json!("Ayumi usage")),
        (
            "description".into(),
            json!("For whom an indicator or report is, in which direction and at which control point it is to be used, and what is expected and allowed."),
        ),
        ("schema".into(), json!(SCHEMA)),
        ("version".into(), json!("1.0.0")),
        ("extension_types".into(), json!(["property-extension"])),
    ]);
    [Value::Object(identity), Value::Object(definition)]
}

/// What is stated of the whole document; null where nothing is.
pub(super) fn of_document(statement: &Statement) -> Value {
    let mut usage = Map::new();
    put_word(&mut usage, "pap", statement.pap);
    put_word(&mut usage, "commercial_use", statement.commercial_use);
    put_set(&mut usage, "audience", statement.audience);
    put_set(&mut usage, "directions", statement.directions);
    put_set(&mut usage, "control_points", statement.control_points);
    put_set(&mut usage, "expected_actions", statement.actions);
    wrapped(usage)
}

/// What applies to an indicator: marks are the strictest, directions what all agree on, the rest the nearest that is stated.
pub(super) fn of_indicator(one: &Selected<'_>) -> Value {
    let statements = [&one.own, &one.object, &one.source.statement];
    let commercial = statements.map(|statement| statement.commercial_use);
    let mut usage = Map::new();
    put_word::<Pap>(&mut usage, "pap", one.pap);
    put_word::<CommercialUse>(
        &mut usage,
        "commercial_use",
        commercial.into_iter().max().unwrap_or_default(),
    );
    put_set(
        &mut usage,
        "audience",
        nearest(statements.map(|one| one.audience)),
    );
    put_set(&mut usage, "directions", one.stance.stated());
    put_set(
        &mut usage,
        "control_points",
        nearest(statements.map(|one| one.control_points)),
    );
    put_set(
        &mut usage,
        "expected_actions",
        nearest(statements.map(|one| one.actions)),
    );
    if let Some(seen) = one.period.last_seen {
        usage.insert("last_seen".into(), json!(id::time(seen)));
    }
    usage.insert("misp_type".into(), json!(one.kind()));
    let category = one.placed.attribute.category.text().unwrap_or_default();
    if !category.is_empty() {
        usage.insert("misp_category".into(), json!(category));
    }
    wrapped(usage)
}

fn nearest<W: Flag>(sets: [Set<W>; 3]) -> Set<W> {
    let mut sets = sets.into_iter();
    sets.find(|set| !set.is_empty()).unwrap_or_default()
}

fn put_word<W: Word + Default>(usage: &mut Map<String, Value>, key: &str, word: W) {
    if word != W::default() {
        usage.insert(key.into(), json!(word.name()));
    }
}

fn put_set<W: Flag>(usage: &mut Map<String, Value>, key: &str, set: Set<W>) {
    if !set.is_empty() {
        usage.insert(key.into(), json!(set));
    }
}

fn wrapped(mut usage: Map<String, Value>) -> Value {
    if usage.is_empty() {
        return Value::Null;
    }
    usage.insert("extension_type".into(), json!("property-extension"));
    json!({ id::made("extension-definition", "usage 1"): usage })
}
