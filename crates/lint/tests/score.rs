//! Adding context never lowers the score, and fixing never does either.

mod support;

use ayumi_lint::{Settings, fix};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{NOW, lint, lint_bytes};

const TAGS: &[&str] = &[
    "tlp:clear",
    "tlp:red",
    "TLP:WHITE",
    "tlp:nonsense",
    "PAP:RED",
    "PAP:CLEAR",
    "iep:commercial-use=\"MAY\"",
    "iep:commercial-use=\"MUST NOT\"",
    "iep:traffic-light-protocol=\"AMBER\"",
    "misp-galaxy:threat-actor=\"Kagerou Heron\"",
    "kill-chain:Delivery",
    "retention:1d",
    "retention:expired",
    "retention:0d",
    "ayumi:valid-from=\"2026-05-05\"",
    "ayumi:valid-until=\"1999-12-31\"",
    "ayumi:valid-until=\"2031-12-31\"",
    "ayumi:valid-until=\"soon\"",
    "ayumi:direction=\"outbound\"",
    "ayumi:direction=\"sideways\"",
    "ayumi:audience=\"analyst\"",
    "ayumi:control-point=\"dns\"",
    "ayumi:expected-action=\"block-inbound\"",
    "ayumi:expected-action=\"hunt\"",
    "coa:deny=\"firewall\"",
    "coa:deny=\"proxy\"",
    "course-of-action:active=\"deny\"",
    "admiralty-scale:source-reliability=\"b\"",
    "false-positive:risk=\"high\"",
    "osint:source-type=\"blog-post\"",
    "just words",
];

fn any_attribute() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec![
        "ip-dst",
        "ip-src|port",
        "domain",
        "url",
        "md5",
        "text",
        "link",
        "filename|md5",
    ]);
    let value = prop::sample::select(vec![
        "evil.example",
        "hxxp://evil[.]example/a",
        "10.0.0.1",
        "5.9.1.2",
        " spaced.shiranui.jp ",
        "5.9.1[.]2|443",
        "",
        "d41d8cd98f00b204e9800998ecf8427e",
        "a.exe|d41d8cd98f00b204e9800998ecf8427e",
        "悪。jp",
        "\u{200b}evil.jp",
    ]);
    let seen = prop::sample::select(vec![
        json!(null),
        json!("2026-01-01T00:00:00Z"),
        json!("soon"),
        json!(7),
    ]);
    (kind, value, any::<bool>(), seen, tags()).prop_map(|(kind, value, to_ids, seen, tags)| {
        json!({"type": kind, "category": "Network activity", "value": value, "to_ids": to_ids, "first_seen": seen,
            "unknown": 1.50, "Tag": tags})
    })
}

fn tags() -> impl Strategy<Value = Vec<Value>> {
    let name = prop::sample::select(TAGS).prop_map(|name| json!({"name": name}));
    prop::collection::vec(name, 0..3)
}

fn any_event() -> impl Strategy<Value = Value> {
    let objects = prop::collection::vec(prop::collection::vec(any_attribute(), 1..3), 0..3);
    let date = prop::sample::select(vec!["2026-02-03", "", "0000-00-00"]);
    let attributes = prop::collection::vec(any_attribute(), 1..6);
    (attributes, objects, date, tags()).prop_map(|(attributes, objects, date, tags)| {
        let objects = objects.into_iter().map(|attributes| json!({"name": "file", "Attribute": attributes}));
        json!({"Event": {"info": "evil.example and others", "date": date, "Tag": tags, "Attribute": attributes,
            "Object": objects.collect::<Vec<_>>()}})
    })
}

/// Something that a person adds for the reader.
#[derive(Debug, Clone)]
enum Addition {
    EventTag(&'static str),
    AttributeTag(usize, &'static str),
    ObjectTag(usize, &'static str),
    FirstSeen(usize),
    Expiration(usize),
    Opinion(usize),
    Reference(usize),
    Report,
    Link,
    Object,
}

fn any_addition() -> impl Strategy<Value = Addition> {
    let tag = || prop::sample::select(TAGS);
    let at = || 0..6_usize;
    prop_oneof![
        tag().prop_map(Addition::EventTag),
        (at(), tag()).prop_map(|(at, tag)| Addition::AttributeTag(at, tag)),
        (at(), tag()).prop_map(|(at, tag)| Addition::ObjectTag(at, tag)),
        at().prop_map(Addition::FirstSeen),
        at().prop_map(Addition::Expiration),
        at().prop_map(Addition::Opinion),
        at().prop_map(Addition::Reference),
        Just(Addition::Report),
        Just(Addition::Link),
        Just(Addition::Object),
    ]
}

fn push(holder: &mut Value, key: &str, value: Value) {
    if !holder[key].is_array() {
        holder[key] = json!([]);
    }
    holder[key].as_array_mut().expect("a list").push(value);
}

fn add(event: &mut Value, addition: &Addition) {
    let place = |event: &Value, key: &str, at: usize| {
        let length = event[key].as_array().map_or(0, Vec::len);
        (length > 0).then(|| at % length)
    };
    match addition {
        Addition::EventTag(tag) => push(event, "Tag", json!({"name": tag})),
        Addition::AttributeTag(at, tag) => {
            if let Some(at) = place(event, "Attribute", *at) {
                push(&mut event["Attribute"][at], "Tag", json!({"name": tag}));
            }
        }
        Addition::ObjectTag(at, tag) => {
            if let Some(at) = place(event, "Object", *at) {
                push(&mut event["Object"][at], "Tag", json!({"name": tag}));
            }
        }
        Addition::FirstSeen(at) => {
            if let Some(at) = place(event, "Attribute", *at) {
                event["Attribute"][at]["first_seen"] = json!("2026-03-03T00:00:00+00:00");
            }
        }
        Addition::Expiration(at) => {
            if let Some(at) = place(event, "Attribute", *at) {
                push(
                    &mut event["Attribute"][at],
                    "Sighting",
                    json!({"type": "2"}),
                );
            }
        }
        Addition::Opinion(at) => {
            if let Some(at) = place(event, "Attribute", *at) {
                push(
                    &mut event["Attribute"][at],
                    "Opinion",
                    json!({"opinion": 10}),
                );
            }
        }
        Addition::Reference(at) => {
            if let Some(at) = place(event, "Object", *at) {
                push(
                    &mut event["Object"][at],
                    "ObjectReference",
                    json!({"referenced_uuid": "nowhere"}),
                );
            }
        }
        Addition::Report => push(event, "EventReport", json!({"name": "why"})),
        Addition::Link => {
            let link = json!({"type": "link", "category": "External analysis", "value": "https://cert.example/1", "to_ids": false});
            push(event, "Attribute", link);
        }
        Addition::Object => {
            let text = json!({"type": "text", "value": "deny at the proxy", "to_ids": false, "object_relation": "name"});
            push(
                event,
                "Object",
                json!({"name": "course-of-action", "Attribute": [text]}),
            );
        }
    }
}

fn settings() -> Settings {
    Settings {
        limit: u64::MAX,
        ..Settings::new(NOW)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_added_never_lowers_the_score(
        mut event in any_event(),
        additions in prop::collection::vec(any_addition(), 1..8),
    ) {
        let mut before = lint(&event, &settings());
        for addition in additions {
            add(&mut event["Event"], &addition);
            let after = lint(&event, &settings());
            for (earlier, later) in before.points.iter().zip(&after.points) {
                prop_assert!(later.points >= earlier.points, "{:?} lowered {}", addition, later.rule);
            }
            prop_assert!(after.score >= before.score && after.score <= 100 && after.level >= before.level);
            before = after;
        }
    }

    #[test]
    fn a_fix_lowers_no_score_keeps_the_rest_and_is_done_once(event in any_event(), pretty in any::<bool>()) {
        let text = if pretty { format!("{event:#}") } else { event.to_string() };
        let text = text.replace("1.5", "1.50e0");
        let before = lint_bytes(text.as_bytes(), &settings());
        let edits = fix::edits(&before);
        let fixed = fix::apply(text.as_bytes(), &fix::changes(text.as_bytes(), &edits));
        let after = lint_bytes(&fixed, &settings());
        prop_assert!(after.score >= before.score, "{} and then {}", before.score, after.score);
        prop_assert_eq!(fix::edits(&after), vec![]);
        let fixed = String::from_utf8(fixed).expect("text stays text");
        prop_assert_eq!(fixed.matches("1.50e0").count(), text.matches("1.50e0").count());
        prop_assert_eq!(fixed == text, edits.is_empty());
    }
}

#[test]
fn everything_that_can_be_fixed_is() {
    let event = json!({"Event": {"info": "t", "date": "2026-01-31", "Tag": [{"name": "tlp:white"}, {"name": "retention:1m"}],
    "Attribute": [
        {"type": "url", "category": "Network activity", "value": "hxxp://evil[.]jp/a[.]b", "to_ids": true},
        {"type": "ip-dst", "category": "Network activity", "value": " 5.9.1.2", "to_ids": true},
    ]}});
    let text = event.to_string();
    let report = lint_bytes(text.as_bytes(), &settings());
    let fixed = fix::apply(
        text.as_bytes(),
        &fix::changes(text.as_bytes(), &fix::edits(&report)),
    );
    let fixed: Value = serde_json::from_slice(&fixed).expect("it is JSON");
    let event = &fixed["Event"];
    assert_eq!(event["Tag"][0]["name"], "tlp:clear");
    assert_eq!(
        event["Tag"][2]["name"],
        "ayumi:valid-until=\"2026-02-28T00:00:00Z\""
    );
    assert_eq!(event["Attribute"][0]["value"], "http://evil.jp/a[.]b");
    assert_eq!(event["Attribute"][1]["value"], "5.9.1.2");
    assert_eq!(
        event["Attribute"][1]["Tag"][0]["name"],
        "ayumi:direction=\"outbound\""
    );
}
