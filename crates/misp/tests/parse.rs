//! Which bytes are a document, and what is said of those that are not.

mod support;

use ayumi_misp::{Document, Found, MAX_DOCUMENT_BYTES, ParseError};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::samples;

fn parse(value: &Value) -> Result<Document, ParseError> {
    Document::parse(value.to_string().as_bytes())
}

fn event() -> Value {
    json!({"info": "t", "Attribute": [{"type": "domain", "value": "evil.example"}]})
}

fn found(value: &Value) -> Found {
    match parse(value) {
        Err(ParseError::NotMisp(found)) => found,
        other => panic!("{value}: {other:?}"),
    }
}

#[test]
fn more_than_the_limit_is_refused_before_it_is_read() {
    let bytes = vec![b'x'; MAX_DOCUMENT_BYTES + 1];
    assert_eq!(
        Document::parse(&bytes),
        Err(ParseError::TooBig { bytes: bytes.len() })
    );
}

#[test]
fn a_byte_order_mark_is_refused() {
    let bytes = format!("\u{feff}{}", event());
    assert_eq!(
        Document::parse(bytes.as_bytes()),
        Err(ParseError::ByteOrderMark)
    );
}

#[test]
fn what_is_not_utf8_is_named_by_its_offset() {
    assert_eq!(
        Document::parse(b"{\"info\": \"\xff\"}"),
        Err(ParseError::NotUtf8 { offset: 10 })
    );
}

#[test]
fn a_duplicate_key_inside_an_unknown_key_is_refused() {
    let bytes = br#"{"Event": {"info": "t", "x": {"y": [{"z": 1, "\u007a": 2}]}}}"#;
    assert_eq!(
        Document::parse(bytes),
        Err(ParseError::DuplicateKey {
            pointer: "/Event/x/y/0/z".to_owned()
        })
    );
}

#[test]
fn an_event_is_found_in_every_envelope() {
    for (value, pointer) in [
        (event(), ""),
        (json!([event()]), "/0"),
        (json!({"response": event()}), "/response"),
        (json!({"response": [event()]}), "/response/0"),
        (json!({"Event": event()}), "/Event"),
        (json!([{"Event": event()}]), "/0/Event"),
        (json!({"response": {"Event": event()}}), "/response/Event"),
        (
            json!({"response": [{"Event": event()}]}),
            "/response/0/Event",
        ),
    ] {
        let document = parse(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(document.pointer(), pointer);
        let places = document
            .attributes()
            .map(|placed| placed.pointer())
            .collect::<Vec<_>>();
        assert_eq!(places, [format!("{pointer}/Attribute/0")]);
    }
}

#[test]
fn a_bare_event_keeps_what_would_be_an_answer_elsewhere() {
    let mut value = event();
    value["response"] = Value::Null;
    let document = parse(&value).expect("it is an event");
    let written = serde_json::to_value(document.event()).expect("the model is JSON");
    assert_eq!(written, value);
}

#[test]
fn an_object_is_found_in_every_envelope() {
    let object = json!({"name": "file", "meta-category": "file", "Attribute": [{"type": "md5", "value": "0"}]});
    for (value, pointer) in [
        (object.clone(), ""),
        (json!({"Object": object}), "/Object"),
        (
            json!({"response": [{"Object": object}]}),
            "/response/0/Object",
        ),
    ] {
        let document = parse(&value).unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(document.pointer(), pointer);
        let places = document
            .attributes()
            .map(|placed| placed.pointer())
            .collect::<Vec<_>>();
        assert_eq!(places, [format!("{pointer}/Attribute/0")]);
    }
}

#[test]
fn several_events_are_refused_with_their_number() {
    let value = json!({"response": [{"Event": event()}, {"Event": event()}, {"Event": event()}]});
    assert_eq!(parse(&value), Err(ParseError::Several { count: 3 }));
    let bare = json!([event(), event()]);
    assert_eq!(parse(&bare), Err(ParseError::Several { count: 2 }));
}

#[test]
fn what_is_something_else_is_named() {
    let attribute = json!({"type": "domain", "value": "evil.example"});
    let uuid = "2f0c1f6a-5b0e-4f7a-8f0e-0d9a4c1b2a3c";
    for (value, expected) in [
        (
            json!({"response": {"Attribute": [attribute]}}),
            Found::Attributes,
        ),
        (json!({"Attribute": [attribute]}), Found::Attributes),
        (json!([attribute]), Found::Attributes),
        (json!({"Attribute": attribute}), Found::Attribute),
        (attribute, Found::Attribute),
        (json!({"Object": [{"name": "file"}]}), Found::Objects),
        (
            json!([{"id": "1", "info": "t", "date": "2026-01-01"}]),
            Found::EventIndex,
        ),
        (
            json!({uuid: {"info": "t", "date": "2026-01-01", "Orgc": {}}}),
            Found::Manifest,
        ),
        (
            json!({"GalaxyCluster": [], "name": "Threat Actor"}),
            Found::Galaxy,
        ),
        (
            json!({"namespace": "tlp", "predicates": []}),
            Found::Definition,
        ),
        (json!({"type": "bundle", "objects": []}), Found::Stix),
        (
            json!({"name": "Not Found", "message": "Not Found", "url": "/events/view/1"}),
            Found::ErrorAnswer,
        ),
        (json!({"response": []}), Found::EmptyAnswer),
        (json!([]), Found::EmptyAnswer),
        (json!({}), Found::UnknownObject),
        (json!("Event"), Found::Json("a string")),
        (json!(null), Found::Json("null")),
        (json!([1]), Found::Json("a number")),
    ] {
        assert_eq!(found(&value), expected, "{value}");
    }
}

#[test]
fn an_event_without_attributes_and_objects_is_refused() {
    for value in [
        json!({"Event": {}}),
        json!({"Event": {"Attribute": [], "Object": null, "Tag": [{"name": "x"}]}}),
    ] {
        assert_eq!(
            parse(&value),
            Err(ParseError::Empty {
                pointer: "/Event".to_owned()
            }),
            "{value}"
        );
    }
}

#[test]
fn values_that_could_not_be_checked_are_refused() {
    let misplaced = |value: Value, at: &str, found, expected| {
        let error = ParseError::Misplaced {
            pointer: at.to_owned(),
            found,
            expected,
        };
        assert_eq!(parse(&value), Err(error));
    };
    // A mark that is not seen would not be obeyed.
    let tag = json!({"0": {"name": "tlp:red"}});
    for (event, at) in [
        (json!({"info": "a", "Tag": tag}), "/Event/Tag"),
        (
            json!({"Attribute": [{"Tag": tag}]}),
            "/Event/Attribute/0/Tag",
        ),
        (json!({"Object": [{"Tag": tag}]}), "/Event/Object/0/Tag"),
    ] {
        misplaced(json!({ "Event": event }), at, "an object", "a list");
    }
    misplaced(
        json!({"Event": {"Tag": ["tlp:red"]}}),
        "/Event/Tag/0",
        "a string",
        "an object",
    );
    misplaced(
        json!({"Event": {"Attribute": {"0": {}}}}),
        "/Event/Attribute",
        "an object",
        "a list",
    );
    misplaced(
        json!({"Event": {"Object": [{}, "x"]}}),
        "/Event/Object/1",
        "a string",
        "an object",
    );
    misplaced(
        json!({"Event": {"Object": [{"Attribute": [7]}]}}),
        "/Event/Object/0/Attribute/0",
        "a number",
        "an object",
    );
    misplaced(
        json!({"Object": {"Attribute": "x"}}),
        "/Object/Attribute",
        "a string",
        "a list",
    );
}

#[test]
fn every_error_says_what_to_do() {
    for bytes in [
        &b"\xef\xbb\xbf{}"[..],
        b"\xff",
        b"{",
        b"{}",
        b"[]",
        b"{\"Event\":{}}",
        b"{\"a\":1,\"a\":1}",
    ] {
        let error = Document::parse(bytes).expect_err("none of them is a document");
        assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "tlp:red",
            "retention:1d",
            "ayumi:valid-until=\"2026-99-01\"",
            "2026-01-01",
            "1",
            "a|b"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let key = prop_oneof![
            prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned),
            ".{0,6}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const KEYS: [&str; 20] = [
    "Event",
    "response",
    "Object",
    "Attribute",
    "ShadowAttribute",
    "Tag",
    "name",
    "Galaxy",
    "GalaxyCluster",
    "info",
    "date",
    "value",
    "type",
    "first_seen",
    "to_ids",
    "deleted",
    "uuid",
    "category",
    "EventReport",
    "ObjectReference",
];

/// Everything that can be asked of a document.
fn use_all(document: &Document) {
    let (context, _) = ayumi_misp::Context::read(document);
    context.missing();
    document.leaks(&context.title);
    document
        .attributes_and_proposals()
        .for_each(|placed| assert!(!placed.pointer().is_empty()));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Document::parse(&bytes);
    }

    #[test]
    fn arbitrary_json_in_an_event_is_kept_or_refused(
        mut entries in prop::collection::btree_map(prop::sample::select(KEYS.to_vec()), any_json(), 0..6),
        attribute in prop::collection::btree_map(prop::sample::select(KEYS.to_vec()), any_json(), 0..6),
    ) {
        entries.insert("Attribute", json!([attribute]));
        let event = json!({"Event": entries});
        if let Ok(document) = parse(&event) {
            use_all(&document);
            let written = serde_json::to_value(document.event()).expect("the model is JSON");
            prop_assert_eq!(&written, &event["Event"]);
        }
    }

    #[test]
    fn arbitrary_json_at_the_top_never_panics(value in any_json()) {
        if let Ok(document) = parse(&value) {
            use_all(&document);
        }
    }

    #[test]
    fn a_mutated_sample_never_panics(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let all = samples().collect::<Vec<_>>();
        let mut bytes = pick.get(&all).1.clone();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(document) = Document::parse(&bytes) {
            use_all(&document);
        }
    }
}
