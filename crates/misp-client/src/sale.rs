use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// What an answer has of the server itself and of who uses it, and nothing of the intelligence.
const OF_THE_SERVER: [&str; 6] = [
    "RelatedEvent",
    "RelatedAttribute",
    "event_creator_email",
    "Sighting",
    "ShadowAttribute",
    "SharingGroup",
];

/// An event of the own server as a document that can be sold: without what tells of that server (its other events, its
/// users, what its organisations saw or proposed, its local tags). Says what was left out.
pub fn for_sale(answer: &[u8]) -> Result<(Vec<u8>, Vec<&'static str>)> {
    let no_event = || Error::NoCopy("it is no event");
    let mut answer = serde_json::from_slice::<Value>(answer).map_err(|_| no_event())?;
    let event = answer.get_mut("Event").map(Value::take);
    let mut event = event.filter(Value::is_object).ok_or_else(no_event)?;
    let mut left_out = BTreeSet::new();
    clean(&mut event, &mut left_out);
    let document = json!({ "Event": event }).to_string().into_bytes();
    Ok((document, left_out.into_iter().collect()))
}

/// JSON that was read is no deeper than its reader allows.
fn clean(value: &mut Value, left_out: &mut BTreeSet<&'static str>) {
    match value {
        Value::Object(map) => {
            for key in OF_THE_SERVER {
                if let Some(found) = map.remove(key)
                    && !is_empty(&found)
                {
                    left_out.insert(key);
                }
            }
            if let Some(Value::Array(tags)) = map.get_mut("Tag") {
                let before = tags.len();
                tags.retain(|tag| !is_true(&tag["local"]));
                if tags.len() < before {
                    left_out.insert("local tags");
                }
            }
            map.values_mut().for_each(|value| clean(value, left_out));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| clean(value, left_out)),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// MISP has `local` as a number, a Boolean or a text.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_u64() == Some(1),
        Value::String(text) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_the_server_stays_there() {
        let answer = json!({ "Event": {
            "info": "x", "event_creator_email": "me@misp.example", "SharingGroup": [],
            "RelatedEvent": [{ "Event": { "info": "another" } }],
            "Tag": [{ "name": "tlp:green", "local": 0 }, { "name": "ours", "local": "1" }],
            "Attribute": [{ "value": "v", "Sighting": [{ "type": "0" }], "ShadowAttribute": [] }],
            "unknown": { "kept": 1.25 },
        }});
        let (document, left_out) = for_sale(answer.to_string().as_bytes()).unwrap();
        let document = serde_json::from_slice::<Value>(&document).unwrap();
        assert_eq!(
            document,
            json!({ "Event": {
                "info": "x", "Tag": [{ "name": "tlp:green", "local": 0 }],
                "Attribute": [{ "value": "v" }], "unknown": { "kept": 1.25 },
            }})
        );
        assert_eq!(
            left_out,
            [
                "RelatedEvent",
                "Sighting",
                "event_creator_email",
                "local tags"
            ]
        );
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for text in ["", "[]", "{}", r#"{"Event": []}"#, r#"{"Object": {}}"#] {
            assert!(for_sale(text.as_bytes()).is_err(), "{text}");
        }
    }
}
