use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{B256, Signature, U256};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use ayumi_contracts::ICTIOperator::DeclineReason;
use ayumi_contracts::Named;
use ayumi_contracts::messages::Receipt;
use ayumi_sealing::{Asset, Key, Message, Scope, seal};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tracing::{info, warn};

use super::caller::{asker, check, recover};
use super::problem::Problem;
use super::{Answer, Shared, body};
use crate::crash::{self, Point};
use crate::store::{self, Job, Prepared, Product};
use crate::{Prepare, Solver};

/// How long a request waits for its task to be seen on chain.
const PATIENCE: Duration = Duration::from_secs(2);

/// Of a receipt, however it is written down.
const RECEIPT_BYTES: usize = 4_096;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Posted {
    ciphertext_root: B256,
    key_hash: B256,
    /// 65 bytes.
    signature: alloy::primitives::Bytes,
}

#[derive(Serialize)]
pub struct Received {
    task: String,
}

/// Serves the sealed delivery, as often as the consumer asks.
pub async fn delivery(
    State(solver): Shared,
    Path(task): Path<u64>,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    let asker = asker(&solver, &headers, task, "delivery")?;
    let job = arrived_job(&solver, task).await?;
    check(asker, job.task.consumer)?;
    let working = solver.memory.work(job.product.payload_length).await;
    let sealed = sealed_delivery(&solver, job).await?;
    let bytes = sealed.len();
    let body = solver.memory.send(sealed).await.map_err(Problem::Unsent)?;
    drop(working);
    info!(task, bytes, "served");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_LENGTH, bytes.into()),
    ];
    Ok((headers, body))
}

/// Takes the consumer's receipt for what was served, and has the key sent.
pub async fn receipt(
    State(solver): Shared,
    Path(task): Path<u64>,
    body: Body,
) -> Answer<(StatusCode, Json<Received>)> {
    let body = body::read(&solver, body, RECEIPT_BYTES).await?;
    let posted: Posted = serde_json::from_slice(&body)
        .map_err(|error| Problem::Malformed(format!("the receipt: {error}")))?;
    let signature = Signature::from_raw(&posted.signature)
        .map_err(|error| Problem::Malformed(format!("the receipt's signature: {error}")))?;
    let job = open_job(&solver, task).await?;
    // Nothing was served, of a task that came again after a reorg with another one-time key.
    let prepared = job.prepared.ok_or(Problem::OtherReceipt(task))?;
    if (posted.ciphertext_root, posted.key_hash) != (prepared.ciphertext_root, prepared.key.hash())
    {
        return Err(Problem::OtherReceipt(task));
    }
    let message = Receipt {
        task: U256::from(task),
        ciphertextRoot: posted.ciphertext_root,
        keyHash: posted.key_hash,
    };
    check(recover(&solver, &signature, &message)?, job.task.consumer)?;

    crash::at(Point::ReceiptChecked);
    if job.task.ending.is_none() {
        solver
            .store
            .with(move |db| store::receive(db, task, prepared.ciphertext_root, &signature))
            .await?;
        crash::at(Point::ReceiptStored);
        solver.wake.notify_one();
        info!(task, "receipt");
    }
    Ok((
        StatusCode::ACCEPTED,
        Json(Received {
            task: task.to_string(),
        }),
    ))
}

/// The task. Waits a little for the chain to show it, so that a consumer that asks at once need not ask again.
async fn arrived_job(solver: &Arc<Solver>, task: u64) -> Answer<Job> {
    let waiting = solver.arrivals.wait_for(task);
    let arrived = waiting.arrived.notified();
    match open_job(solver, task).await {
        Err(Problem::UnknownTask(_)) => {}
        known => return known,
    }
    let _ = solver.meter.arrival.wait(timeout(PATIENCE, arrived)).await;
    open_job(solver, task).await
}

/// The task, unless it ended without delivery.
async fn open_job(solver: &Arc<Solver>, task: u64) -> Answer<Job> {
    let account = solver.wallet.address();
    let job = solver
        .store
        .with(move |db| store::job(db, task, account))
        .await?;
    let job = job.ok_or(Problem::UnknownTask(task))?;
    match job.task.ending.as_deref() {
        None | Some("delivered" | "settled") => Ok(job),
        Some("vanished") => Err(Problem::UnknownTask(task)),
        Some(ending) => Err(Problem::Closed {
            task,
            ending: ending.to_owned(),
        }),
    }
}

/// The delivery under a fresh seal. Its key is drawn and stored the first time; from then on it is the same.
async fn sealed_delivery(solver: &Arc<Solver>, job: Job) -> Answer<Vec<u8>> {
    let (task, one_time_key) = (job.task.id, job.task.one_time_key);
    let asset = asset(solver, &job.product).await?;
    let asset = asset.ok_or(Problem::NotPrepared(task))?;
    let key = job.prepared.as_ref().map(|prepared| prepared.key.clone());
    let is_new = key.is_none();
    let (prepare, scope) = (solver.prepare, solver.chain.scope());
    let clock = solver.meter.seal.clone();
    let drawn = solver
        .work(move || clock.run(|| draw(prepare, scope, &job, asset, key)))
        .await;
    let (prepared, sealed) = match drawn {
        Ok(drawn) => drawn,
        Err(reason) => return Err(refuse(solver, task, reason).await?),
    };
    if is_new {
        crash::at(Point::KeyDrawn);
        let store = &solver.store;
        // Of two requests at once, one draws the key.
        if !store
            .with(move |db| store::prepare(db, task, &one_time_key, &prepared))
            .await?
        {
            return Err(Problem::NotPrepared(task));
        }
        crash::at(Point::KeyStored);
    }
    Ok(sealed)
}

/// A product's payload and seed, if its producer handed them in.
async fn asset(solver: &Solver, product: &Product) -> Answer<Option<Asset>> {
    let wanted = product.clone();
    let seed = solver
        .store
        .with(move |db| store::seed(db, &wanted))
        .await?;
    let Some(seed) = seed else { return Ok(None) };
    let payload = solver.payloads.get(product.producer, product.content_root);
    let payload = solver.meter.payload.wait(payload).await?;
    Ok(payload.map(|payload| Asset { seed, payload }))
}

fn draw(
    prepare: Prepare,
    scope: Scope,
    job: &Job,
    asset: Asset,
    key: Option<Key>,
) -> Result<(Prepared, Vec<u8>), DeclineReason> {
    let key = key.unwrap_or_else(Key::random);
    let delivery =
        prepare(&asset.payload, &asset.seed, &key).map_err(|_| DeclineReason::AssetDamaged)?;
    drop(asset); // two copies at a time, not three
    if delivery.commitment() != job.product.commitment() {
        return Err(DeclineReason::AssetDamaged);
    }
    let task = U256::from(job.task.id);
    let message = Message::Delivery { task };
    let sealed = seal(message, scope, job.task.one_time_key, delivery.as_bytes())
        .map_err(|_| DeclineReason::KeyRefused)?;
    let ciphertext_root = delivery.ciphertext_root();
    Ok((
        Prepared {
            key,
            ciphertext_root,
        },
        sealed,
    ))
}

/// What cannot be served is declined.
async fn refuse(solver: &Solver, task: u64, reason: DeclineReason) -> Answer<Problem> {
    warn!(task, reason = reason.name(), "not to be served");
    solver
        .store
        .with(move |db| store::refuse(db, task, reason))
        .await?;
    solver.wake.notify_one();
    Ok(Problem::NotPrepared(task))
}
