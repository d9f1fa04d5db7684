//! One product of one producer, a few tasks of one consumer.

use std::path::PathBuf;

use alloy::primitives::{Address, B256, Signature, U256};
use ayumi_chain::{Cursor, Signed};
use ayumi_sealing::{Commitment, Key, PublicKey, Seed};
use ayumi_solver::store::{
    self, Change, Deployment, Due, Job, Logged, Outgoing, Prepared, Product, Store, StoreError,
    Task,
};
use rusqlite::Connection;
use tempfile::TempDir;

pub const SOLVER: Address = Address::repeat_byte(1);
pub const PRODUCER: Address = Address::repeat_byte(2);
pub const CONSUMER: Address = Address::repeat_byte(3);
pub const ROOT: B256 = B256::repeat_byte(4);
pub const PRODUCT: u64 = 1 << 24 | 1;

pub fn deployment() -> Deployment {
    Deployment {
        chain_id: 31337,
        genesis: B256::ZERO,
        operator: Address::ZERO,
        solver: SOLVER,
    }
}

pub fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("solver.db")
}

pub fn open(folder: &TempDir) -> Store {
    Store::open(&path(folder), deployment(), true).unwrap()
}

pub fn fresh() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    (folder, store)
}

/// A store that knows the product and these tasks, all from block 1.
pub async fn with_tasks(tasks: impl IntoIterator<Item = Task>) -> (TempDir, Store) {
    let (folder, store) = fresh();
    let mut changes = vec![Change::Published(product())];
    changes.extend(tasks.into_iter().map(Change::Requested));
    advance(&store, 1, changes).await;
    (folder, store)
}

pub async fn run<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.with(work).await.unwrap()
}

pub fn cursor(number: u64) -> Cursor {
    Cursor {
        number,
        hash: B256::from(U256::from(number)),
    }
}

pub fn product() -> Product {
    Product {
        id: PRODUCT,
        producer: PRODUCER,
        content_root: ROOT,
        payload_length: 5,
        solver: SOLVER,
    }
}

pub fn commitment() -> Commitment {
    product().commitment()
}

pub fn seed() -> Seed {
    Seed::from([5; 32])
}

/// What the deliveries of [`task`] are sealed to.
pub const ONE_TIME_KEY: PublicKey = PublicKey(B256::repeat_byte(9));

pub fn task(id: u64) -> Task {
    Task {
        id,
        product: PRODUCT,
        consumer: CONSUMER,
        one_time_key: ONE_TIME_KEY,
        deadline: 1_000,
        ending: None,
    }
}

/// With another key to seal to.
pub fn other_task(id: u64) -> Task {
    Task {
        one_time_key: PublicKey(B256::repeat_byte(10)),
        ..task(id)
    }
}

pub fn prepared(byte: u8) -> Prepared {
    Prepared {
        key: Key::from([byte; 32]),
        ciphertext_root: B256::repeat_byte(byte),
    }
}

pub fn signature() -> Signature {
    Signature::new(U256::from(6), U256::from(7), true)
}

pub fn ended(task: u64, ending: &'static str) -> Change {
    Change::Ended { task, ending }
}

/// The consumer's receipt on chain for what [`prepared`] has.
pub fn acknowledged(task: u64, byte: u8) -> Change {
    Change::Acknowledged {
        task,
        ciphertext_root: prepared(byte).ciphertext_root,
        key_hash: prepared(byte).key.hash(),
    }
}

/// Block `number` has these changes, none of them by this solver.
pub async fn advance(store: &Store, number: u64, changes: Vec<Change>) {
    read(store, number, B256::ZERO, changes, 0).await;
}

/// Block `number` has these changes, all of the transaction `by`.
pub async fn read(store: &Store, number: u64, by: B256, changes: Vec<Change>, settled: u64) {
    let logs: Vec<_> = changes.into_iter().map(|it| log(number, by, it)).collect();
    run(store, move |db| {
        store::advance(db, &logs, cursor(number), settled)
    })
    .await;
}

pub fn log(block: u64, transaction: B256, change: Change) -> Logged {
    Logged {
        block,
        transaction,
        change,
    }
}

pub async fn go_back(store: &Store, number: u64) {
    run(store, move |db| store::go_back(db, cursor(number))).await;
}

/// Draws for a task, and takes its receipt.
pub async fn receipt(store: &Store, task: u64) {
    run(store, move |db| {
        store::prepare(db, task, &ONE_TIME_KEY, &prepared(7))?;
        store::receive(db, task, prepared(7).ciphertext_root, &signature())
    })
    .await;
}

pub async fn job(store: &Store, task: u64) -> Option<Job> {
    run(store, move |db| store::job(db, task, SOLVER)).await
}

pub async fn ending(store: &Store, task: u64) -> Option<String> {
    job(store, task).await.unwrap().task.ending
}

pub async fn key_of(store: &Store, task: u64) -> Option<[u8; 32]> {
    let job = job(store, task).await.unwrap();
    job.prepared.map(|prepared| *prepared.key.as_bytes())
}

pub async fn add_asset(store: &Store, producer: Address) -> bool {
    run(store, move |db| {
        store::add_asset(db, producer, commitment(), &seed())
    })
    .await
}

pub async fn open_ids(store: &Store) -> Vec<u64> {
    let open = run(store, |db| store::open_tasks(db, SOLVER, 0, 100)).await;
    open.into_iter().map(|(task, _)| task).collect()
}

/// Everything, at a time before all deadlines.
pub fn due() -> Due {
    Due {
        solver: SOLVER,
        settled: 1_000,
        horizon: 0,
        now: 0,
        limit: 100,
    }
}

pub async fn deliverable(store: &Store, due: Due) -> Vec<u64> {
    let receipted = run(store, move |db| store::deliverable(db, due)).await;
    receipted.into_iter().map(|it| it.task).collect()
}

pub async fn refusable(store: &Store, due: Due) -> Vec<u64> {
    let refused = run(store, move |db| store::refusable(db, due)).await;
    refused.into_iter().map(|(task, _)| task).collect()
}

pub fn signed(nonce: u64, byte: u8) -> Signed {
    Signed {
        nonce,
        hash: B256::repeat_byte(byte),
        raw: vec![byte, 1].into(),
    }
}

pub fn outgoing(nonce: u64, byte: u8) -> Outgoing {
    Outgoing {
        nonce,
        what: format!("deliver at {nonce}"),
        until: 900,
        attempts: vec![signed(nonce, byte)],
    }
}

pub async fn post(store: &Store, nonce: u64, byte: u8, tasks: &[u64]) {
    let tasks = tasks.to_vec();
    run(store, move |db| {
        store::post(db, &outgoing(nonce, byte), &tasks)
    })
    .await;
}

pub async fn outbox(store: &Store) -> Vec<Outgoing> {
    run(store, store::outbox).await
}

pub async fn flying(store: &Store) -> Vec<u64> {
    let outbox = outbox(store).await;
    outbox.into_iter().map(|it| it.nonce).collect()
}
