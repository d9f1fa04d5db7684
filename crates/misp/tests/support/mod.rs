//! The documents that the tests read.

use std::fs;
use std::path::{Path, PathBuf};

use ayumi_misp::Document;

/// Name and bytes of each of the project's own samples.
pub fn samples() -> impl Iterator<Item = (String, Vec<u8>)> {
    read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")).into_iter()
}

/// Bytes of one sample.
#[allow(dead_code, reason = "not every test file reads single samples")]
pub fn sample_bytes(name: &str) -> Vec<u8> {
    let found = samples().find(|(path, _)| path.ends_with(name));
    found
        .unwrap_or_else(|| panic!("there is no sample {name}"))
        .1
}

/// One sample, read.
#[allow(dead_code, reason = "not every test file reads single samples")]
pub fn sample(name: &str) -> Document {
    Document::parse(&sample_bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Name and bytes of each event and object in the folder that `AYUMI_MISP_CORPUS` names; none if it is not set.
#[allow(dead_code, reason = "not every test file reads the corpus")]
pub fn corpus() -> impl Iterator<Item = (String, Vec<u8>)> {
    let root = std::env::var_os("AYUMI_MISP_CORPUS").map(PathBuf::from);
    let folders = ["events", "events-odd", "events-fixtures", "objects"];
    root.into_iter()
        .flat_map(move |root| folders.map(|folder| read_folder(&root.join(folder))))
        .flatten()
}

/// The JSON files of a folder; an empty folder is a mistake, not a success.
fn read_folder(folder: &Path) -> Vec<(String, Vec<u8>)> {
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
