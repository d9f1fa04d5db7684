//! What the store keeps, and gives back.

use alloy::primitives::{Address, B256, Signature, U256};
use ayumi_chain::{Cursor, Signed};
use ayumi_sealing::{Asset, Key, PublicKey, Seed};
use ayumi_solver::store::{
    self, Change, Deployment, Outgoing, Prepared, Product, Store, StoreError, Task,
};
use tempfile::TempDir;

const SOLVER: Address = Address::repeat_byte(1);
const PRODUCER: Address = Address::repeat_byte(2);
const CONSUMER: Address = Address::repeat_byte(3);
const ROOT: B256 = B256::repeat_byte(4);
const PRODUCT: u64 = 1 << 24 | 1;

fn deployment() -> Deployment {
    Deployment {
        chain_id: 31337,
        genesis: B256::ZERO,
        operator: Address::ZERO,
        solver: SOLVER,
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("solver.db"), deployment()).unwrap()
}

fn fresh() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    (folder, store)
}

fn cursor(number: u64) -> Cursor {
    Cursor {
        number,
        hash: B256::with_last_byte(u8::try_from(number).unwrap()),
    }
}

fn product() -> Product {
    Product {
        id: PRODUCT,
        producer: PRODUCER,
        content_root: ROOT,
        payload_length: 5,
        solver: SOLVER,
    }
}

fn task(id: u64, one_time_key: u8) -> Task {
    let one_time_key = PublicKey(B256::repeat_byte(one_time_key));
    Task {
        id,
        product: PRODUCT,
        consumer: CONSUMER,
        one_time_key,
        deadline: 1_000,
        ending: None,
    }
}

fn asset() -> Asset {
    Asset {
        seed: Seed::from([5; 32]),
        payload: b"hello".to_vec(),
    }
}

fn prepared(byte: u8) -> Prepared {
    Prepared {
        key: Key::from([byte; 32]),
        ciphertext_root: B256::repeat_byte(byte),
    }
}

fn signature() -> Signature {
    Signature::new(U256::from(6), U256::from(7), true)
}

async fn advance(store: &Store, number: u64, changes: Vec<Change>) {
    let changes: Vec<_> = changes.into_iter().map(|change| (number, change)).collect();
    store
        .with(move |db| store::advance(db, &changes, cursor(number)))
        .await
        .unwrap();
}

async fn open_ids(store: &Store) -> Vec<u64> {
    let open = store
        .with(|db| store::open_tasks(db, SOLVER))
        .await
        .unwrap();
    open.into_iter().map(|task| task.id).collect()
}

async fn key_of(store: &Store, task: u64) -> Option<[u8; 32]> {
    let job = store
        .with(move |db| store::job(db, task, SOLVER))
        .await
        .unwrap()
        .unwrap();
    job.prepared.map(|prepared| *prepared.key.as_bytes())
}

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let (folder, store) = fresh();
    advance(
        &store,
        3,
        vec![Change::Published(product()), Change::Requested(task(1, 9))],
    )
    .await;
    store
        .with(|db| store::add_asset(db, PRODUCER, ROOT, &asset()))
        .await
        .unwrap();
    store
        .with(|db| store::prepare(db, 1, &prepared(8)))
        .await
        .unwrap();
    store
        .with(|db| store::receive(db, 1, &signature()))
        .await
        .unwrap();
    drop(store);

    let store = open(&folder);
    assert_eq!(
        store.with(|db| store::cursor(db)).await.unwrap(),
        Some(cursor(3))
    );
    let job = store
        .with(|db| store::job(db, 1, SOLVER))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((job.task, job.product), (task(1, 9), product()));
    let asset = store
        .with(|db| store::asset(db, &product()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(asset.payload, b"hello");
    let receipted = store.with(|db| store::receipted(db, &[1])).await.unwrap();
    assert_eq!(receipted[0].receipt, signature());
    assert_eq!(receipted[0].prepared.key.as_bytes(), &[8; 32]);
}

#[tokio::test]
async fn a_failing_change_leaves_nothing_of_its_transaction() {
    let (_folder, store) = fresh();
    advance(&store, 3, vec![]).await;
    let changes = vec![(4, Change::Requested(task(1, 9)))];
    // Position 3 is stored already, so that the transaction fails after the task was written.
    let failed = store
        .with(move |db| store::advance(db, &changes, cursor(3)))
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    assert!(
        store
            .with(|db| store::job(db, 1, SOLVER))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_key_that_was_drawn_is_never_drawn_again() {
    let (_folder, store) = fresh();
    advance(
        &store,
        1,
        vec![Change::Published(product()), Change::Requested(task(1, 9))],
    )
    .await;
    store
        .with(|db| store::prepare(db, 1, &prepared(7)))
        .await
        .unwrap();
    store
        .with(|db| store::prepare(db, 1, &prepared(8)))
        .await
        .unwrap();
    assert_eq!(key_of(&store, 1).await, Some([7; 32]));
}

#[tokio::test]
async fn a_payload_serves_its_own_producers_products_only() {
    let (_folder, store) = fresh();
    advance(
        &store,
        1,
        vec![Change::Published(product()), Change::Requested(task(1, 9))],
    )
    .await;
    store
        .with(|db| store::add_asset(db, CONSUMER, ROOT, &asset()))
        .await
        .unwrap();
    let open = store
        .with(|db| store::open_tasks(db, SOLVER))
        .await
        .unwrap();
    assert!(!open[0].has_asset);
    store
        .with(|db| store::add_asset(db, PRODUCER, ROOT, &asset()))
        .await
        .unwrap();
    let open = store
        .with(|db| store::open_tasks(db, SOLVER))
        .await
        .unwrap();
    assert!(open[0].has_asset);
}

#[tokio::test]
async fn only_the_assigned_solver_has_the_open_tasks() {
    let (_folder, store) = fresh();
    advance(
        &store,
        1,
        vec![Change::Published(product()), Change::Requested(task(1, 9))],
    )
    .await;
    assert_eq!(open_ids(&store).await, [1]);
    advance(
        &store,
        2,
        vec![Change::Assigned {
            product: PRODUCT,
            solver: CONSUMER,
        }],
    )
    .await;
    assert!(open_ids(&store).await.is_empty());
    assert!(
        store
            .with(|db| store::job(db, 1, SOLVER))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn going_back_opens_what_ended_since_and_closes_what_began_since() {
    let (_folder, store) = fresh();
    advance(
        &store,
        1,
        vec![Change::Published(product()), Change::Requested(task(1, 9))],
    )
    .await;
    advance(
        &store,
        2,
        vec![
            Change::Ended {
                task: 1,
                ending: "delivered",
            },
            Change::Requested(task(2, 9)),
        ],
    )
    .await;
    assert_eq!(open_ids(&store).await, [2]);
    store
        .with(|db| store::go_back(db, cursor(1)))
        .await
        .unwrap();
    assert_eq!(open_ids(&store).await, [1]);
    assert_eq!(
        store.with(|db| store::cursor(db)).await.unwrap(),
        Some(cursor(1))
    );
}

#[tokio::test]
async fn a_task_that_comes_again_keeps_its_key_only_if_it_is_the_same() {
    let (_folder, store) = fresh();
    advance(&store, 1, vec![Change::Published(product())]).await;
    advance(
        &store,
        2,
        vec![Change::Requested(task(1, 9)), Change::Requested(task(2, 9))],
    )
    .await;
    store
        .with(|db| store::prepare(db, 1, &prepared(7)))
        .await
        .unwrap();
    store
        .with(|db| store::prepare(db, 2, &prepared(7)))
        .await
        .unwrap();
    store
        .with(|db| store::go_back(db, cursor(1)))
        .await
        .unwrap();
    advance(
        &store,
        2,
        vec![
            Change::Requested(task(1, 9)),
            Change::Requested(task(2, 10)),
        ],
    )
    .await;
    assert_eq!(open_ids(&store).await, [1, 2]);
    assert_eq!(key_of(&store, 1).await, Some([7; 32]));
    assert_eq!(key_of(&store, 2).await, None);
}

#[tokio::test]
async fn an_acknowledgement_counts_for_what_was_drawn_only() {
    let (_folder, store) = fresh();
    advance(
        &store,
        1,
        vec![Change::Published(product()), Change::Requested(task(1, 9))],
    )
    .await;
    store
        .with(|db| store::prepare(db, 1, &prepared(7)))
        .await
        .unwrap();
    let root = B256::repeat_byte(7);
    let has_receipt = async || {
        store
            .with(|db| store::open_tasks(db, SOLVER))
            .await
            .unwrap()[0]
            .has_receipt
    };
    let other = Change::Acknowledged {
        task: 1,
        ciphertext_root: root,
        key_hash: prepared(8).key.hash(),
    };
    advance(&store, 2, vec![other]).await;
    assert!(!has_receipt().await);
    let right = Change::Acknowledged {
        task: 1,
        ciphertext_root: root,
        key_hash: prepared(7).key.hash(),
    };
    advance(&store, 3, vec![right]).await;
    assert!(has_receipt().await);
}

#[tokio::test]
async fn a_nonce_holds_one_transaction() {
    let (_folder, store) = fresh();
    let signed = Signed {
        nonce: 5,
        hash: ROOT,
        raw: vec![1, 2].into(),
    };
    let first = Outgoing {
        signed,
        what: "deliver 1".into(),
        until: 900,
    };
    let second = Outgoing {
        what: "deliver 2".into(),
        ..first.clone()
    };
    let stored = first.clone();
    store
        .with(move |db| store::post(db, &stored))
        .await
        .unwrap();
    assert!(
        store
            .with(move |db| store::post(db, &second))
            .await
            .is_err()
    );
    assert_eq!(store.with(|db| store::outbox(db)).await.unwrap(), [first]);
    store.with(|db| store::unpost(db, 5)).await.unwrap();
    assert!(store.with(|db| store::outbox(db)).await.unwrap().is_empty());
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

#[test]
fn one_process_has_a_store() {
    let (folder, _store) = fresh();
    let again = Store::open(&folder.path().join("solver.db"), deployment());
    assert!(matches!(again, Err(StoreError::InUse(_))), "{again:?}");
}

#[test]
fn a_store_stays_with_its_deployment() {
    let (folder, store) = fresh();
    drop(store);
    let other = Deployment {
        genesis: ROOT,
        ..deployment()
    };
    let refused = Store::open(&folder.path().join("solver.db"), other);
    assert!(
        matches!(
            refused,
            Err(StoreError::OtherDeployment {
                what: "genesis block",
                ..
            })
        ),
        "{refused:?}"
    );
}
