//! The MISP documents that tests publish.

use std::path::PathBuf;
use std::{env, fs};

use crate::programs::root;

/// One of the project's own documents.
pub fn sample(name: &str) -> PathBuf {
    root().join("tests/samples").join(name)
}

/// The events of `AYUMI_MISP_CORPUS`, or else the project's own documents.
pub fn events() -> Vec<PathBuf> {
    let corpus =
        env::var_os("AYUMI_MISP_CORPUS").map(|corpus| PathBuf::from(corpus).join("events"));
    let folder = corpus.unwrap_or_else(|| root().join("tests/samples"));
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
    let files = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut events = files
        .filter(|file| file.extension().is_some_and(|end| end == "json"))
        .collect::<Vec<_>>();
    events.sort();
    assert!(
        !events.is_empty(),
        "there are no events in {}",
        folder.display()
    );
    events
}
