//! The file of a store, and what shares a write to it.

use std::sync::mpsc;

use ayumi_solver::store::{self, Deployment, Store, StoreError};
use tempfile::TempDir;

use crate::fixture::{
    PRODUCER, ROOT, SOLVER, add_asset, advance, cursor, deliverable, deployment, due, fresh, job,
    open, path, post, prepared, product, receipt, run, seed, signature, signed, task, with_tasks,
};

/// What a page takes in SQLite's log of changes.
const FRAME: u64 = 4_096 + 24;

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let (folder, store) = with_tasks([task(1), task(2)]).await;
    add_asset(&store, PRODUCER).await;
    receipt(&store, 1).await;
    post(&store, 5, 8, &[2]).await;
    drop(store);

    let store = open(&folder);
    assert_eq!(run(&store, store::cursor).await, Some(cursor(1)));
    let known = job(&store, 1).await.unwrap();
    assert_eq!((known.task, known.product), (task(1), product()));
    let stored = run(&store, |db| store::seed(db, &product())).await;
    assert_eq!(stored.unwrap().as_bytes(), seed().as_bytes());
    let receipted = run(&store, |db| store::deliverable(db, due())).await;
    assert_eq!(receipted[0].receipt, signature());
    assert_eq!(
        receipted[0].prepared.key.as_bytes(),
        prepared(7).key.as_bytes()
    );
    let flying = run(&store, store::outbox).await;
    assert_eq!(flying[0].attempts, [signed(5, 8)]);
    assert_eq!(run(&store, |db| store::tasks_of(db, 5)).await, [2]);
}

#[tokio::test]
async fn a_failing_change_leaves_nothing_of_its_transaction() {
    let (_folder, store) = fresh();
    advance(&store, 3, vec![]).await;
    let logs = vec![crate::fixture::log(
        4,
        ROOT,
        store::Change::Requested(task(1)),
    )];
    // Position 3 is stored already, so that the transaction fails after the task was written.
    let failed = store
        .with(move |db| store::advance(db, &logs, cursor(3), 0))
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    assert_eq!(run(&store, store::task_count).await, 0);
}

/// Adds a note for each of `tasks` while the store is busy, and returns what came of each.
async fn notes_at_once(store: &Store, tasks: u64) -> Vec<Result<(), StoreError>> {
    let (gate, closed) = mpsc::channel::<()>();
    let busy = tokio::spawn({
        let store = store.clone();
        async move {
            let wait = move |_: &rusqlite::Connection| {
                closed.recv().unwrap();
                Ok(())
            };
            store.with(wait).await
        }
    });
    let waiting: Vec<_> = (0..tasks)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let note = move |db: &rusqlite::Connection| {
                    store::add_note(db, task, "complaint", b"sealed")?;
                    if task % 10 == 3 {
                        // There is one of this kind already.
                        db.execute("INSERT INTO note VALUES (?1, 'complaint', x'')", [task])?;
                    }
                    Ok(())
                };
                store.with(note).await
            })
        })
        .collect();
    for _ in 0..3 * tasks {
        tokio::task::yield_now().await; // until each has asked
    }
    gate.send(()).unwrap();
    busy.await.unwrap().unwrap();
    let mut results = Vec::new();
    for one in waiting {
        results.push(one.await.unwrap());
    }
    results
}

#[tokio::test]
async fn what_waits_shares_a_write_and_a_failing_part_is_undone_alone() {
    let (folder, store) = fresh();
    let written = || std::fs::metadata(path(&folder).with_extension("db-wal")).unwrap();
    let before = written().len();
    let results = notes_at_once(&store, 100).await;
    let frames = (written().len() - before) / FRAME;
    assert!(frames < 30, "100 parts wrote {frames} pages");
    for (task, result) in (0..).zip(results) {
        let note = run(&store, move |db| store::note(db, task, "complaint")).await;
        if task % 10 == 3 {
            assert!(matches!(result, Err(StoreError::Database(_))), "{result:?}");
            assert_eq!(note, None, "of {task}");
        } else {
            result.unwrap();
            assert_eq!(note.as_deref(), Some(b"sealed".as_slice()), "of {task}");
        }
    }
}

#[tokio::test]
async fn more_than_one_write_takes_all_that_waits() {
    let (_folder, store) = fresh();
    let results = notes_at_once(&store, 900).await;
    assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 810);
}

#[cfg(unix)]
#[test]
fn a_store_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _store) = fresh();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_store_is_refused_to_a_second_opener() {
    let (folder, store) = fresh();
    let again = Store::open(&path(&folder), deployment(), false);
    assert!(matches!(again, Err(StoreError::InUse(_))), "{again:?}");
    drop(again);
    // The first one has it still.
    advance(&store, 1, vec![]).await;
    drop(store);
    Store::open(&path(&folder), deployment(), false).unwrap();
}

#[test]
fn a_missing_store_is_made_only_where_it_is_to_be_made() {
    let folder = TempDir::new().unwrap();
    let missing = Store::open(&path(&folder), deployment(), false);
    assert!(
        matches!(missing, Err(StoreError::Missing(_))),
        "{missing:?}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(open(&folder));
    Store::open(&path(&folder), deployment(), false).unwrap();
}

#[test]
fn a_store_stays_with_its_deployment() {
    let (folder, store) = fresh();
    drop(store);
    let given = deployment();
    let others = [
        (
            "chain id",
            Deployment {
                chain_id: 1,
                ..given
            },
        ),
        (
            "genesis block",
            Deployment {
                genesis: ROOT,
                ..given
            },
        ),
        (
            "operator",
            Deployment {
                operator: SOLVER,
                ..given
            },
        ),
        (
            "solver",
            Deployment {
                solver: PRODUCER,
                ..given
            },
        ),
    ];
    for (other, deployment) in others {
        match Store::open(&path(&folder), deployment, true) {
            Err(StoreError::OtherDeployment { what, .. }) => assert_eq!(what, other),
            opened => panic!("{other}: {opened:?}"),
        }
    }
    Store::open(&path(&folder), given, false).unwrap();
}

#[tokio::test]
async fn nothing_is_due_of_another_solver() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    let others = store::Due {
        solver: PRODUCER,
        ..due()
    };
    assert!(deliverable(&store, others).await.is_empty());
}
