//! A double with events, and a client that does not wait long.

#![allow(dead_code)] // each test file takes its part

use std::path::{Path, PathBuf};
use std::time::Duration;

use ayumi_misp_client::{Access, Client, EventCopy, Key, Origin, Patience, Receipt};
use ayumi_misp_double::{Double, KEY};
use serde_json::{Value, json};
use uuid::Uuid;

pub fn access(double: &Double) -> Access {
    let patience = Patience {
        pause: Duration::from_millis(1),
        ..Patience::default()
    };
    let key = Key::new(KEY).unwrap();
    let access = Access::new(&double.url(), key).unwrap();
    access.with_patience(patience)
}

pub fn client(double: &Double) -> Client {
    Client::new(&access(double)).unwrap()
}

/// The bytes of one of the project's documents.
pub fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

/// Real events, where the corpus is at hand, and the project's own.
pub fn events() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")];
    if let Some(corpus) = std::env::var_os("AYUMI_MISP_CORPUS") {
        let corpus = PathBuf::from(corpus);
        folders.extend(["events", "events-fixtures"].map(|name| corpus.join(name)));
    }
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect()
}

pub fn number(number: u32) -> Uuid {
    Uuid::from_u128(0x5aa0_0000_0000_4000_8000_0000_0000_0000 + u128::from(number))
}

/// An event with two attributes, numbered from its own number.
pub fn event(of: u32, timestamp: u64) -> Value {
    json!({ "Event": {
        "uuid": number(of), "info": format!("event {of}"), "date": "2026-02-13",
        "timestamp": timestamp.to_string(), "published": true, "distribution": "3",
        "threat_level_id": "1", "analysis": "2",
        "Orgc": { "name": "Hinode CERT", "uuid": number(999) },
        "Tag": [{ "name": "tlp:green", "colour": "#33822d" }],
        "Attribute": [attribute(of + 1), attribute(of + 2)],
    }})
}

fn attribute(of: u32) -> Value {
    json!({
        "uuid": number(of), "type": "domain", "category": "Network activity",
        "value": format!("n{of}.example"), "to_ids": true, "timestamp": "1",
    })
}

pub fn receipt(task: u32) -> Receipt {
    Receipt {
        task: task.to_string(),
        product: "3-17".into(),
        transaction: format!("0x{task:064x}"),
        content_root: format!("0x{:064x}", 7),
        chain_id: 31337,
        operator: "0x00000000000000000000000000000000000A11cE".into(),
    }
}

pub fn bought(event: &Value, task: u32) -> EventCopy {
    let origin = Origin {
        name: "31337/0xa11ce/3-17",
        title: "Bought",
        organisation: "Hinode CERT",
    };
    let copy = EventCopy::bought(event.to_string().as_bytes(), origin).unwrap();
    copy.with_receipt(&receipt(task))
}

pub fn names(event: &Value) -> Vec<&str> {
    let objects = event["Object"].as_array().into_iter().flatten();
    objects
        .filter_map(|object| object["name"].as_str())
        .collect()
}
