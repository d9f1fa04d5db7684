//! The documents that the tests read, and a short way to lint.

use std::fs;
use std::path::{Path, PathBuf};

use ayumi_lint::{Report, Settings};
use ayumi_misp::{Context, Document};
use serde_json::{Value, json};

/// A day on which the tests run, 2026-11-01.
pub const NOW: u64 = 1_793_491_200;

#[allow(dead_code, reason = "not every test file has a document of its own")]
pub fn lint(value: &Value, settings: &Settings) -> Report {
    lint_bytes(value.to_string().as_bytes(), settings)
}

pub fn lint_bytes(bytes: &[u8], settings: &Settings) -> Report {
    let document = Document::parse(bytes).expect("it is a MISP document");
    let (context, notes) = Context::read(&document);
    let mut report = ayumi_lint::lint(&document, &context, &notes, settings);
    report.locate(bytes, "", (1, 1));
    report
}

/// An event in which no rule finds anything, but that its names are for examples.
#[allow(dead_code, reason = "not every test file has a document of its own")]
pub fn complete() -> Value {
    let tags = [
        "misp-galaxy:threat-actor=\"Kagerou Heron\"",
        "ayumi:valid-from=\"2026-10-01\"",
        "ayumi:valid-until=\"2026-12-31\"",
        "ayumi:expected-action=\"block-outbound\"",
        "ayumi:direction=\"outbound\"",
        "ayumi:control-point=\"proxy\"",
        "ayumi:audience=\"operator\"",
        "tlp:green",
        "PAP:GREEN",
        "iep:commercial-use=\"MAY\"",
        "estimative-language:confidence-in-analytic-judgment=\"high\"",
    ];
    json!({"Event": {
        "info": "Beacons of the spring campaign",
        "date": "2026-10-02",
        "published": true,
        "uuid": "00000000-0000-4000-8000-000000000001",
        "distribution": "1",
        "Orgc": {"name": "Hinode CERT"},
        "Tag": tags.map(|name| json!({"name": name})),
        "EventReport": [{"name": "How it works", "content": "…", "uuid": "00000000-0000-4000-8000-000000000002"}],
        "Attribute": [
            attribute("domain", "Network activity", "beacon.shiranui.jp", 3),
            attribute("link", "External analysis", "https://cert.shiranui.jp/report", 4),
        ],
    }})
}

/// An attribute with a remark; what is no link is meant for detection.
#[allow(dead_code, reason = "not every test file has a document of its own")]
pub fn attribute(kind: &str, category: &str, value: &str, number: u32) -> Value {
    json!({
        "type": kind,
        "category": category,
        "value": value,
        "to_ids": kind != "link",
        "comment": "seen in proxy logs",
        "uuid": format!("00000000-0000-4000-9000-{number:012}"),
    })
}

/// Name and bytes of each of the project's own samples.
#[allow(dead_code, reason = "not every test file reads samples")]
pub fn samples() -> Vec<(String, Vec<u8>)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples"))
}

/// Name and bytes of the JSON files of the corpus that `AYUMI_MISP_CORPUS` names; none if it is not set.
#[allow(dead_code, reason = "not every test file reads the corpus")]
pub fn corpus() -> Vec<(String, Vec<u8>)> {
    let root = std::env::var_os("AYUMI_MISP_CORPUS").map(PathBuf::from);
    let folders = ["events", "events-odd", "events-fixtures", "objects", "feed"];
    root.into_iter()
        .flat_map(|root| folders.map(|folder| files(&root.join(folder))).concat())
        .collect()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let json = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    let files = json.map(|path| {
        (
            path.display().to_string(),
            fs::read(&path).expect("a readable file"),
        )
    });
    let files = files.collect::<Vec<_>>();
    assert!(!files.is_empty(), "no JSON file in {}", folder.display());
    files
}
