//! The MISP documents that tests publish.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs};

use crate::programs::root;

/// The document of tests to which any is as good.
pub const SAMPLE: &str = "kagerou-beacons.json";

/// One of the project's own documents.
pub fn sample(name: &str) -> PathBuf {
    root().join("tests/samples").join(name)
}

/// The arguments of `ayumi` that put [`SAMPLE`] on sale for an ether, with the solver at this URL.
pub fn offer(solver: &str) -> [&str; 11] {
    static FILE: LazyLock<String> = LazyLock::new(|| sample(SAMPLE).display().to_string());
    [
        "publish",
        &FILE,
        "--price",
        "1",
        "--stock",
        "9999",
        "--valid-until",
        "2099-12-31",
        "--incomplete",
        "--solver",
        solver,
    ]
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
