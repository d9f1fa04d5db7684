//! PyMISP as the judge: of what we write, and of the double that the other tests go by.
//!
//! `scripts/checkers` installs it. Where it is not, these tests say so and prove nothing; `scripts/test` has it.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use ayumi_misp_client::{EventCopy, FeedFolder, Origin};
use ayumi_misp_double::{Double, KEY};
use support::{bought, client, events, receipt, sample};

/// The Python that has PyMISP.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let python = std::env::var_os("AYUMI_CHECKERS")
        .map_or(target.join("checkers/bin"), PathBuf::from)
        .join("python");
    if !python.exists() {
        eprintln!("SKIPPED: PyMISP is missing; run scripts/checkers");
        return None;
    }
    Some(python)
}

fn judge(arguments: &[&str]) {
    let Some(python) = python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge.py");
    let judged = Command::new(python).arg(script).args(arguments).output();
    let judged = judged.expect("Python runs");
    let said = String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{said}");
}

#[test]
fn a_feed_of_everything_is_as_pymisp_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let feed = FeedFolder::open(folder.path()).unwrap();
    let mut edit = feed.edit().unwrap();
    let mut count = 0;
    for path in events() {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.display().to_string();
        let origin = Origin {
            name: &name,
            title: "An object",
            organisation: "Hinode CERT",
        };
        let Ok(copy) = EventCopy::bought(&bytes, origin) else {
            continue; // several events, or none
        };
        count += 1;
        edit.put(copy.with_receipt(&receipt(count))).unwrap();
    }
    edit.finish().unwrap();
    assert!(count >= 4);
    judge(&["feed", folder.path().to_str().unwrap()]);
}

#[tokio::test]
async fn the_double_answers_pymisp_as_a_misp_does() {
    let double = Double::start();
    let document = serde_json::from_slice(&sample("kagerou-beacons.json")).unwrap();
    let copy = bought(&document, 1);
    client(&double).push(&copy).await.unwrap();
    let (url, uuid) = (double.url(), copy.uuid().to_string());
    let judged = tokio::task::spawn_blocking(move || judge(&["server", &url, KEY, &uuid]));
    judged.await.unwrap();
    drop(double);
}
