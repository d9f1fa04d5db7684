//! The documents that the tests read, and the tools that check what is written.

#![allow(dead_code, reason = "not every test file uses all of it")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use ayumi_export::Options;
use ayumi_misp::Document;
use serde_json::{Value, json};

/// 5 March 2026, when the samples are valid.
pub const AT: u64 = 1_772_668_800;

/// One of the project's own samples.
pub fn sample(name: &str) -> Document {
    let path = samples_folder().join(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Document::parse(&bytes).unwrap()
}

/// The project's own samples, and the documents of the folder that `AYUMI_MISP_CORPUS` names.
pub fn documents() -> Vec<Document> {
    let corpus = env::var_os("AYUMI_MISP_CORPUS").map(PathBuf::from);
    let folders = corpus.iter().flat_map(|root| {
        ["events", "events-odd", "events-fixtures", "objects"].map(|folder| root.join(folder))
    });
    let folders = std::iter::once(samples_folder()).chain(folders);
    let mut paths = folders
        .flat_map(|folder| {
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        })
        .map(|entry| entry.unwrap().path())
        .collect::<Vec<_>>();
    paths.sort();
    let documents = paths
        .into_iter()
        .filter_map(|path| Document::parse(&fs::read(path).unwrap()).ok())
        .collect::<Vec<_>>();
    assert!(documents.len() > 5, "there are samples");
    documents
}

/// A document of these attributes, with these tags on the event.
pub fn event(tags: &[&str], attributes: &[Value]) -> Document {
    let tags = tags
        .iter()
        .map(|tag| json!({ "name": tag }))
        .collect::<Vec<_>>();
    let event = json!({ "Event": {
        "uuid": "e0a1c1de-51d7-4c3d-a7d0-1b52f35f2f11", "info": "A \"title\"; with \\ and\nlines", "date": "2026-03-01",
        "timestamp": "1772582400", "published": true, "Tag": tags, "Attribute": attributes,
        "Orgc": { "name": "Hinode\tCERT", "uuid": "0c536c37-9302-4a1d-b974-b0fa55ab7781" },
    }});
    Document::parse(event.to_string().as_bytes()).unwrap()
}

/// An attribute for detection, with tags.
pub fn attribute(kind: &str, value: &str, tags: &[&str]) -> Value {
    let tags = tags
        .iter()
        .map(|tag| json!({ "name": tag }))
        .collect::<Vec<_>>();
    json!({ "uuid": uuid_of(&format!("{kind} {value} {tags:?}")), "type": kind, "category": "Network activity", "value": value,
        "to_ids": true, "timestamp": "1772582400", "Tag": tags })
}

fn uuid_of(text: &str) -> String {
    let digest = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("00000000-0000-4000-8000-{:012x}", digest & 0xffff_ffff_ffff)
}

/// What is valid on [`AT`].
pub fn options() -> Options {
    Options {
        at: AT,
        ..Options::default()
    }
}

/// Everything that is valid on [`AT`], for detection or not, published or not.
pub fn everything() -> Options {
    Options {
        without_to_ids: true,
        unpublished: true,
        ..options()
    }
}

/// A tool of `scripts/checkers`; `None`, with a line that says so, where it is not there.
pub fn checker(name: &str) -> Option<Command> {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .map(|target| target.join("checkers/bin"));
    let folder = env::var_os("AYUMI_CHECKERS").map(PathBuf::from).or(built)?;
    let path = folder.join(name);
    if !path.exists() {
        eprintln!(
            "SKIPPED: {} is missing; run scripts/checkers",
            path.display()
        );
        return None;
    }
    Some(Command::new(path))
}

/// Runs a tool, which must be content.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        said.chars().take(4_000).collect::<String>()
    );
    said
}

fn samples_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")
}
