//! Feeds that are written and read.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use ayumi_misp_client::{Access, Change, EventCopy, Feed, FeedFolder};
use ayumi_misp_double::Double;
use serde_json::Value;
use support::{bought, event, names, number};

fn put(folder: &Path, copies: &[EventCopy]) -> Vec<Change> {
    let feed = FeedFolder::open(folder).unwrap();
    let mut edit = feed.edit().unwrap();
    let changes = copies.iter().map(|copy| edit.put(copy.clone()).unwrap());
    let changes = changes.collect();
    edit.finish().unwrap();
    changes
}

fn changed(folder: &Path) -> BTreeMap<String, SystemTime> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, file.metadata().unwrap().modified().unwrap())
        })
        .collect()
}

fn written(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn a_feed_grows_and_what_is_the_same_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (one, two) = (bought(&event(0, 10), 1), bought(&event(10, 20), 2));
    assert_eq!(put(path, std::slice::from_ref(&one)), [Change::Added]);
    let before = changed(path);
    assert_eq!(put(path, &[one, two]), [Change::Same, Change::Added]);
    let file = format!("{}.json", number(0));
    assert_eq!(changed(path)[&file], before[&file]);
    assert_eq!(changed(path).len(), 4, "nothing is left beside the feed");

    let feed = Feed::in_folder(path);
    let entries = feed.entries().await.unwrap();
    let entries = entries
        .iter()
        .map(|entry| (entry.uuid, entry.timestamp, &*entry.info));
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [(number(0), 10, "event 0"), (number(10), 20, "event 10")]
    );
    assert_eq!(
        feed.event(number(0)).await.unwrap(),
        fs::read(path.join(&file)).unwrap()
    );
    let hashes = fs::read_to_string(path.join("hashes.csv")).unwrap();
    // The MD5 of n1.example.
    let line = format!("028d9a2fb57832c9e33d6fb26e1c7b2c,{}", number(0));
    assert!(hashes.lines().any(|found| found == line), "{hashes}");
}

#[test]
fn the_newer_edition_stays_with_all_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (old, new) = (bought(&event(0, 10), 1), bought(&event(0, 20), 2));
    put(path, &[new]);
    assert_eq!(put(path, std::slice::from_ref(&old)), [Change::Edited]);
    assert_eq!(put(path, &[old]), [Change::Same]);
    let held = &written(path, &format!("{}.json", number(0)))["Event"];
    assert_eq!(held["timestamp"], "20");
    assert_eq!(names(held), ["ayumi-receipt", "ayumi-receipt"]);
    assert_eq!(
        written(path, "manifest.json")[number(0).to_string()]["timestamp"],
        20
    );
}

/// The types of all places; of a list, those of its first.
fn kinds(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let fields = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", kinds(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => format!("[{}]", list.first().map(kinds).unwrap_or_default()),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => "null".into(),
    }
}

#[test]
fn the_manifest_has_the_recorded_shape() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[bought(&event(0, 10), 1)]);
    let recorded = match std::env::var_os("AYUMI_MISP_CORPUS") {
        Some(corpus) => written(&Path::new(&corpus).join("feed"), "infoblox--manifest.json"),
        None => serde_json::json!({ "x": {
            "Orgc": { "name": "", "uuid": "" },
            "Tag": [{ "colour": "", "local": false, "name": "", "relationship_type": "" }],
            "info": "", "date": "", "analysis": 2, "threat_level_id": 1, "timestamp": 1,
        }}),
    };
    let shape = |manifest: &Value| {
        let entry = manifest
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .clone();
        kinds(&entry)
    };
    assert_eq!(
        shape(&written(folder.path(), "manifest.json")),
        shape(&recorded)
    );
}

#[tokio::test]
async fn a_damaged_or_hostile_feed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let feed = Feed::in_folder(folder.path());
    let said = async || feed.entries().await.unwrap_err();
    assert_eq!(said().await.kind(), "bad-feed");
    for text in [
        "",
        "[]",
        "<html>",
        r#"{"../../x": {}}"#,
        r#"{"/etc/passwd": {}}"#,
        r#"{"x": 1}"#,
    ] {
        fs::write(folder.path().join("manifest.json"), text).unwrap();
        assert_eq!(said().await.kind(), "bad-feed", "{text}");
    }
    let text = format!(r#"{{"{}": {{"info": null, "timestamp": []}}}}"#, number(0));
    fs::write(folder.path().join("manifest.json"), text).unwrap();
    assert_eq!(feed.entries().await.unwrap().len(), 1);
    let error = feed.event(number(0)).await.unwrap_err();
    assert!(error.to_string().contains("there is none"), "{error}");
    // What others broke is not written over.
    fs::write(folder.path().join("manifest.json"), "{").unwrap();
    let feed = FeedFolder::open(folder.path()).unwrap();
    assert_eq!(feed.edit().unwrap_err().kind(), "bad-feed");
}

#[tokio::test]
async fn a_feed_at_a_url_gets_no_key_and_an_absent_file_is_said() {
    let double = Double::start(); // says 403 to who has no key
    let feed = Feed::at(&Access::open(&double.url()).unwrap()).unwrap();
    assert_eq!(feed.entries().await.unwrap_err().kind(), "misp-not-allowed");
    let manifest = serde_json::json!({ number(0).to_string(): { "info": "x", "timestamp": "7" } });
    double.fail(
        "GET /manifest.json",
        ayumi_misp_double::Fault::Says(200, manifest),
    );
    assert_eq!(feed.entries().await.unwrap()[0].timestamp, 7);
    double.fail("GET /manifest.json", ayumi_misp_double::Fault::Page(404));
    let error = feed.entries().await.unwrap_err();
    assert!(
        error.to_string().contains("it has no manifest.json"),
        "{error}"
    );
}
