//! Every sample of the project, and every document of a corpus if `AYUMI_MISP_CORPUS` names one, is read and kept whole.

mod support;

use ayumi_misp::{Content, Context, Document, ParseError};
use serde_json::Value;

use support::{corpus, samples};

/// The model, written again.
fn rewritten(document: &Document) -> Value {
    match document.content() {
        Content::Event(event) => serde_json::to_value(event),
        Content::Object(object) => serde_json::to_value(object),
    }
    .expect("the model is JSON")
}

fn assert_nothing_is_lost(name: &str, bytes: &[u8], document: &Document) {
    let whole = serde_json::from_slice::<Value>(bytes).expect("it was read before");
    let original = whole
        .pointer(document.pointer())
        .expect("the pointer leads to the event");
    assert!(
        rewritten(document) == *original,
        "{name} is not the same JSON value after reading and writing"
    );
}

fn assert_pointers_lead_to_attributes(name: &str, bytes: &[u8], document: &Document) {
    let whole = serde_json::from_slice::<Value>(bytes).expect("it was read before");
    for placed in document.attributes_and_proposals() {
        let written = serde_json::to_value(placed.attribute).expect("the model is JSON");
        assert_eq!(
            whole.pointer(&placed.pointer()),
            Some(&written),
            "{name} at {}",
            placed.pointer()
        );
    }
}

#[test]
fn nothing_of_a_document_is_lost() {
    for (name, bytes) in samples().chain(corpus()) {
        match Document::parse(&bytes) {
            Ok(document) => {
                assert_nothing_is_lost(&name, &bytes, &document);
                assert_pointers_lead_to_attributes(&name, &bytes, &document);
            }
            Err(error) => assert_refused_for_a_reason(&name, &bytes, &error),
        }
    }
}

/// A corpus holds documents that are no product: without content, of several events, or no event at all.
fn assert_refused_for_a_reason(name: &str, bytes: &[u8], error: &ParseError) {
    let whole = serde_json::from_slice::<Value>(bytes).expect("a corpus is JSON");
    let event = whole.get("Event").unwrap_or(&whole);
    let has = |key: &str| {
        event
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    match error {
        ParseError::Empty { .. } => assert!(!has("Attribute") && !has("Object"), "{name}: {error}"),
        ParseError::Several { count } => {
            assert_eq!(
                whole["response"].as_array().map(Vec::len),
                Some(*count),
                "{name}"
            );
        }
        ParseError::NotMisp(_) => {
            assert!(
                whole.get("Event").is_none() && whole.get("info").is_none(),
                "{name}: {error}"
            );
        }
        _ => panic!("{name}: {error}"),
    }
}

#[test]
fn the_context_of_every_document_fits_the_chain() {
    for (name, bytes) in samples().chain(corpus()) {
        let Ok(document) = Document::parse(&bytes) else {
            continue;
        };
        let (context, _) = Context::read(&document);
        assert!(context.title.len() <= ayumi_misp::MAX_TITLE_BYTES, "{name}");
        let json = serde_json::to_string(&context).expect("a context is JSON");
        assert_eq!(
            serde_json::from_str::<Context>(&json).expect("and is read again"),
            context,
            "{name}"
        );
    }
}

/// A floor, not a benchmark: unoptimised and on a busy machine this takes a tenth of the limit.
#[test]
fn a_large_event_is_read_and_searched_in_time() {
    let attributes = (0..10_000_u32).map(|i| {
        let (high, low) = (i / 250, i % 250);
        format!(r#"{{"type":"ip-dst","category":"Network activity","value":"198.18.{high}.{low}","to_ids":true,"uuid":"","comment":"","first_seen":null,"Tag":[{{"name":"tlp:clear"}}]}}"#)
    });
    let list = attributes.collect::<Vec<_>>().join(",");
    let bytes = format!(r#"{{"Event":{{"info":"large","Attribute":[{list}]}}}}"#);
    let start = std::time::Instant::now();
    let document = Document::parse(bytes.as_bytes()).expect("it is an event");
    assert_eq!(
        document
            .leaks(&"Seen from 198[.]18[.]39[.]249 in May. ".repeat(20))
            .len(),
        1
    );
    assert!(
        start.elapsed().as_secs() < 10,
        "{:?} for {} bytes",
        start.elapsed(),
        bytes.len()
    );
}
