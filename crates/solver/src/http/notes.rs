use std::sync::Arc;

use alloy::primitives::{Address, U256, keccak256};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use ayumi_contracts::messages;
use ayumi_sealing::{MAX_NOTE_BYTES, SEAL_BYTES};

use super::caller::{asker, check, signer};
use super::problem::Problem;
use super::{Answer, SECRET_BYTES, Shared, body};
use crate::Solver;
use crate::store;

/// Of the longest note.
const SEALED_BYTES: usize = SEAL_BYTES + SECRET_BYTES + MAX_NOTE_BYTES;

/// Takes a sealed note of one party of a task for the other.
pub async fn put(
    State(solver): Shared,
    Path((task, kind)): Path<(u64, String)>,
    headers: HeaderMap,
    body: Body,
) -> Answer<StatusCode> {
    is_kind(&kind)?;
    let sealed = body::read(&solver, body, SEALED_BYTES).await?;
    let message = messages::Note {
        task: U256::from(task),
        kind: kind.clone(),
        sealedHash: keccak256(&sealed),
        solver: solver.wallet.address(),
    };
    let signer = signer(&solver, &headers, &message)?;
    let (author, _) = parties(&solver, task, &kind).await?;
    check(signer, author)?;
    solver
        .store
        .with(move |db| store::add_note(db, task, &kind, &sealed))
        .await?;
    Ok(StatusCode::CREATED)
}

/// Serves a sealed note to the party that it is for.
pub async fn get(
    State(solver): Shared,
    Path((task, kind)): Path<(u64, String)>,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    is_kind(&kind)?;
    let asker = asker(&solver, &headers, task, &kind)?;
    let (_, reader) = parties(&solver, task, &kind).await?;
    check(asker, reader)?;
    let wanted = kind.clone();
    let sealed = solver
        .store
        .with(move |db| store::note(db, task, &wanted))
        .await?;
    let sealed = sealed.ok_or(Problem::NoNote { task, kind })?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], sealed))
}

/// Other paths look like those of notes.
fn is_kind(kind: &str) -> Answer<()> {
    if matches!(kind, "feedback-note" | "answer-note") {
        Ok(())
    } else {
        Err(Problem::NoSuchRoute)
    }
}

/// Who writes and who reads a note of this kind.
async fn parties(solver: &Arc<Solver>, task: u64, kind: &str) -> Answer<(Address, Address)> {
    let account = solver.wallet.address();
    let job = solver
        .store
        .with(move |db| store::job(db, task, account))
        .await?;
    let job = job.ok_or(Problem::UnknownTask(task))?;
    let (consumer, producer) = (job.task.consumer, job.product.producer);
    match kind {
        "feedback-note" => Ok((consumer, producer)),
        "answer-note" => Ok((producer, consumer)),
        _ => Err(Problem::NoSuchRoute),
    }
}
