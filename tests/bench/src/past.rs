//! Stores with a past, made through the store's own functions, and what a task costs in them.

use std::time::Instant;

use alloy::primitives::{Address, B256, Bytes, Signature, U256};
use ayumi_chain::{Cursor, Signed};
use ayumi_sealing::{Key, PublicKey, Seed};
use ayumi_solver::store::{
    self, Change, Deployment, Due, Logged, Outgoing, Prepared, Product, Store, Task,
};
use eyre::{Result, ensure};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::report::Report;

/// Of all tasks here.
const PRODUCT: u64 = (1 << 24) + 1;

/// Tasks that are made at once.
const PART: u64 = 1_000;

/// Tasks of a batch, as the solver sends them.
const BATCH: u64 = 100;

/// Batches that are timed.
const BATCHES: u64 = 20;

/// A deadline that never comes.
const DEADLINE: u64 = 1 << 40;

const CONSUMER: Address = Address::repeat_byte(2);

const ONE_TIME_KEY: PublicKey = PublicKey(B256::repeat_byte(5));

/// Puts `count` delivered tasks into a store, in the blocks before `end`, which is the newest that was read.
pub async fn fabricate(store: &Store, solver: Address, count: u64, end: Cursor) -> Result<()> {
    let product = product(solver);
    let committed = product.commitment();
    let producer = product.producer;
    let blocks = count.div_ceil(PART) + 1;
    let mut number = end.number.saturating_sub(blocks + 1);
    let published = vec![logged(number, Change::Published(product))];
    let begin = cursor(number);
    store
        .with(move |db| {
            store::add_asset(db, producer, committed, &Seed::random())?;
            store::advance(db, &published, begin, number)
        })
        .await?;
    for first in (1..=count).step_by(usize::try_from(PART)?) {
        number += 1;
        let tasks = first..=(first + PART - 1).min(count);
        let at = if first + PART > count {
            end
        } else {
            cursor(number)
        };
        store
            .with(move |db| {
                let requests: Vec<_> = tasks
                    .clone()
                    .map(|id| logged(number, request(id)))
                    .collect();
                let ends: Vec<_> = tasks.clone().map(|id| logged(number, ended(id))).collect();
                store::amend(db, &requests)?;
                for task in tasks {
                    store::prepare(db, task, &ONE_TIME_KEY, &prepared())?;
                    store::receive(db, task, prepared().ciphertext_root, &receipt())?;
                }
                store::advance(db, &ends, at, number)
            })
            .await?;
    }
    Ok(())
}

/// What the store's part in a task takes, after few tasks and after many.
pub async fn measure(report: &mut Report, few: u64, many: u64) -> Result<()> {
    for (name, count) in [("few", few), ("many", many)] {
        let seconds = seconds_a_task(count).await?;
        eprintln!(
            "after {count} tasks: {:.3} ms of the store for each",
            seconds * 1_000.0
        );
        report.set_fraction(&format!("load.store_ms_after_{name}"), seconds * 1_000.0);
    }
    Ok(())
}

async fn seconds_a_task(past: u64) -> Result<f64> {
    let folder = TempDir::new()?;
    let solver = Address::repeat_byte(1);
    let deployment = Deployment {
        chain_id: 31_337,
        genesis: B256::ZERO,
        operator: Address::ZERO,
        solver,
    };
    let store = Store::open(&folder.path().join("solver.db"), deployment, true)?;
    let mut block = 1_000_000;
    fabricate(&store, solver, past, cursor(block)).await?;
    let started = Instant::now();
    for batch in 0..BATCHES {
        let tasks: Vec<_> = (0..BATCH)
            .map(|place| past + 1 + batch * BATCH + place)
            .collect();
        block += 2;
        deliver(&store, solver, tasks, block, batch).await?;
    }
    #[allow(clippy::cast_precision_loss)] // a count of tasks
    let count = (BATCH * BATCHES) as f64;
    Ok(started.elapsed().as_secs_f64() / count)
}

/// All that the solver asks of its store for one batch, each as a request of its own, as many at once as there are tasks.
async fn deliver(
    store: &Store,
    solver: Address,
    tasks: Vec<u64>,
    block: u64,
    nonce: u64,
) -> Result<()> {
    let requests: Vec<_> = tasks.iter().map(|id| logged(block, request(*id))).collect();
    store
        .with(move |db| store::advance(db, &requests, cursor(block), block))
        .await?;

    let mut consumers = JoinSet::new();
    for task in tasks.clone() {
        let store = store.clone();
        consumers.spawn(async move {
            let job = store.with(move |db| store::job(db, task, solver)).await?;
            let product = product(solver);
            let seed = store.with(move |db| store::seed(db, &product)).await?;
            let new = store
                .with(move |db| store::prepare(db, task, &ONE_TIME_KEY, &prepared()))
                .await?;
            let again = store.with(move |db| store::job(db, task, solver)).await?;
            store
                .with(move |db| store::receive(db, task, prepared().ciphertext_root, &receipt()))
                .await?;
            ensure!(
                job.is_some() && again.is_some() && seed.is_some() && new,
                "task {task} is lost"
            );
            Ok(())
        });
    }
    while let Some(ended) = consumers.join_next().await {
        ended??;
    }

    let due = Due {
        solver,
        settled: block,
        horizon: 0,
        now: 0,
        limit: tasks.len(),
    };
    let flying = store.with(move |db| {
        store::outbox(db)?;
        let due = store::deliverable(db, due)?;
        store::next_nonce(db).map(|_| due)
    });
    ensure!(
        flying.await?.len() == tasks.len(),
        "not every receipt is due"
    );
    let hash = B256::from(U256::from(nonce + 1));
    let outgoing = Outgoing {
        nonce,
        what: "deliver".into(),
        until: DEADLINE,
        attempts: vec![Signed {
            nonce,
            hash,
            raw: Bytes::from(vec![0; 160 * tasks.len()]),
        }],
    };
    let posted = tasks.clone();
    store
        .with(move |db| store::post(db, &outgoing, &posted))
        .await?;
    store.with(store::cursor).await?;
    let ends: Vec<_> = tasks
        .iter()
        .map(|id| Logged {
            transaction: hash,
            ..logged(block + 1, ended(*id))
        })
        .collect();
    store
        .with(move |db| store::advance(db, &ends, cursor(block + 1), block + 1))
        .await?;
    Ok(())
}

fn product(solver: Address) -> Product {
    Product {
        id: PRODUCT,
        producer: Address::repeat_byte(3),
        content_root: B256::repeat_byte(4),
        payload_length: 43_000,
        solver,
    }
}

fn request(id: u64) -> Change {
    Change::Requested(Task {
        id,
        product: PRODUCT,
        consumer: CONSUMER,
        one_time_key: ONE_TIME_KEY,
        deadline: DEADLINE,
        ending: None,
    })
}

fn ended(task: u64) -> Change {
    Change::Ended {
        task,
        ending: "delivered",
    }
}

fn logged(block: u64, change: Change) -> Logged {
    Logged {
        block,
        transaction: B256::ZERO,
        change,
    }
}

fn cursor(number: u64) -> Cursor {
    Cursor {
        number,
        hash: B256::ZERO,
    }
}

fn prepared() -> Prepared {
    Prepared {
        key: Key::random(),
        ciphertext_root: B256::repeat_byte(6),
    }
}

fn receipt() -> Signature {
    Signature::new(U256::from(7), U256::from(8), false)
}
