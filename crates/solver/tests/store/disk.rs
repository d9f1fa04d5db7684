//! A disk that is full.
#![cfg(unix)]

use std::process::Command;

use alloy::primitives::{B256, U256};
use ayumi_chain::Signed;
use ayumi_solver::store::{self, Outgoing, Store, StoreError};
use tempfile::TempDir;

use crate::fixture::{deliverable, deployment, due, flying, open, path, receipt, task, with_tasks};

/// Tells the second run of the test where the store is.
const FOLDER: &str = "AYUMI_TEST_FULL_DISK";

/// Runs its second argument with the others, where no file grows beyond some hundred kilobytes: a write that would make
/// it is an error, as on a disk that is full.
const ON_A_SMALL_DISK: &str = "trap '' XFSZ; ulimit -f 800; exec \"$0\" \"$@\"";

fn large(nonce: u64) -> Outgoing {
    Outgoing {
        nonce,
        what: "deliver".into(),
        until: 900,
        attempts: vec![Signed {
            nonce,
            hash: B256::from(U256::from(nonce)),
            raw: vec![1; 20_000].into(),
        }],
    }
}

async fn post(store: &Store, nonce: u64) -> Result<(), StoreError> {
    let work = move |db: &rusqlite::Connection| store::post(db, &large(nonce), &[nonce]);
    store.with(work).await
}

/// Posts until the disk is full. Prints how many transactions could be sent.
async fn fill_the_disk(store: Store) {
    let mut sent = 0;
    while post(&store, sent).await.is_ok() {
        sent += 1;
        assert!(sent < 100, "the disk is never full");
    }
    let posts = (sent..sent + 8).map(|nonce| {
        let store = store.clone();
        tokio::spawn(async move { post(&store, nonce).await })
    });
    for post in posts.collect::<Vec<_>>() {
        let refused = post.await.unwrap();
        assert!(
            matches!(
                refused,
                Err(StoreError::Database(_) | StoreError::Commit(_))
            ),
            "{refused:?}"
        );
    }
    check(&store, sent).await;
    println!("sent={sent}.");
}

/// The first `sent` are there, and nothing of the others.
async fn check(store: &Store, sent: u64) {
    assert_eq!(flying(store).await, (0..sent).collect::<Vec<_>>());
    assert_eq!(
        deliverable(store, due()).await,
        (sent.max(1)..100).collect::<Vec<_>>()
    );
}

/// Invariant 19.
#[tokio::test]
async fn invariant_19_a_disk_error_means_that_nothing_is_sent() {
    if let Ok(folder) = std::env::var(FOLDER) {
        let file = std::path::Path::new(&folder).join("solver.db");
        return fill_the_disk(Store::open(&file, deployment(), false).unwrap()).await;
    }
    let (folder, store) = with_tasks((1..100).map(task)).await;
    for id in 1..100 {
        receipt(&store, id).await;
    }
    drop(store);
    let sent = on_a_small_disk(&folder);
    assert!(sent > 0);
    assert!(path(&folder).exists());
    check(&open(&folder), sent).await;
}

/// Runs this very test once more, with the store in `folder`. Returns how many transactions it could send.
fn on_a_small_disk(folder: &TempDir) -> u64 {
    let this = "disk::invariant_19_a_disk_error_means_that_nothing_is_sent";
    let run = Command::new("sh")
        .args(["-c", ON_A_SMALL_DISK])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let failed = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}{failed}");
    let (_, sent) = said.split_once("sent=").unwrap();
    sent.split_once('.').unwrap().0.parse().unwrap()
}
