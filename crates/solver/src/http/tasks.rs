use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{B256, Signature, U256};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use ayumi_contracts::messages::Receipt;
use ayumi_sealing::{Asset, Message, seal};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use tracing::info;

use super::caller::{check, check_fetch, recover};
use super::problem::Problem;
use super::{Answer, Shared};
use crate::store::{self, Job, Prepared};
use crate::{Solver, blocking};

/// How long a request waits for its task to be prepared.
const PATIENCE: Duration = Duration::from_secs(2);

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
    let job = prepared_job(&solver, task).await?;
    check_fetch(&solver, &headers, task, "delivery", job.task.consumer)?;
    let (product, shared) = (job.product.clone(), Arc::clone(&solver));
    let asset = solver
        .store
        .with(move |db| store::asset(db, &product))
        .await?;
    let sealed = blocking(move || sealed_delivery(&shared, job, asset)).await?;
    info!(task, bytes = sealed.len(), "served");
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], sealed))
}

/// Takes the consumer's receipt for what was served, and has the key sent.
pub async fn receipt(
    State(solver): Shared,
    Path(task): Path<u64>,
    body: Bytes,
) -> Answer<(StatusCode, Json<Received>)> {
    let posted: Posted = serde_json::from_slice(&body)
        .map_err(|error| Problem::Malformed(format!("the receipt: {error}")))?;
    let signature = Signature::from_raw(&posted.signature)
        .map_err(|error| Problem::Malformed(format!("the receipt's signature: {error}")))?;
    let job = open_job(&solver, task).await?;
    let prepared = job.prepared.ok_or(Problem::NotPrepared(task))?;
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

    if job.task.ending.is_none() {
        solver
            .store
            .with(move |db| store::receive(db, task, &signature))
            .await?;
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

/// The task once its key is drawn. Waits a little, so that a consumer that asks at once need not ask again.
async fn prepared_job(solver: &Arc<Solver>, task: u64) -> Answer<Job> {
    let until = Instant::now() + PATIENCE;
    let mut progress = solver.progress.subscribe();
    loop {
        let problem = match open_job(solver, task).await {
            Ok(job) if job.prepared.is_some() => return Ok(job),
            Ok(_) => Problem::NotPrepared(task),
            Err(problem @ Problem::UnknownTask(_)) => problem,
            Err(problem) => return Err(problem),
        };
        if timeout_at(until, progress.changed()).await.is_err() {
            return Err(problem);
        }
    }
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

/// The same delivery each time, since key and payload are stored, under a fresh seal.
fn sealed_delivery(solver: &Solver, job: Job, asset: Option<Asset>) -> Answer<Vec<u8>> {
    let task = job.task.id;
    let (Some(asset), Some(Prepared { key, .. })) = (asset, job.prepared) else {
        return Err(Problem::NotPrepared(task));
    };
    let delivery = (solver.prepare)(&asset.payload, &asset.seed, &key)
        .map_err(|error| Problem::NotTheContent(error.to_string()))?;
    let message = Message::Delivery {
        task: U256::from(task),
    };
    seal(
        message,
        solver.chain.scope(),
        job.task.one_time_key,
        delivery.as_bytes(),
    )
    .map_err(|error| Problem::Malformed(format!("the task's one-time key: {error}")))
}
