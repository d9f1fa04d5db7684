use std::sync::Arc;

use alloy::primitives::{Address, B256};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use ayumi_contracts::messages;
use ayumi_sealing::{Asset, Commitment, MAX_PAYLOAD_BYTES, Message, SEAL_BYTES, unseal};
use serde::Serialize;
use tracing::info;

use super::caller::{header, signer};
use super::problem::Problem;
use super::{Answer, SECRET_BYTES, Shared, body};
use crate::crash::{self, Point};
use crate::{Solver, store};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    content_root: String,
    producer: String,
    bytes: u64,
}

/// Takes a payload. The signature is checked before the body is read, and the content root before anything is stored.
pub async fn put(
    State(solver): Shared,
    Path(content_root): Path<B256>,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<Stored>)> {
    let committed = Commitment {
        content_root,
        payload_length: header(&headers, "ayumi-payload-length")?,
    };
    let due = sealed_bytes(committed)?;
    body::announced(&body, due)?;
    let producer = producer(&solver, &headers, committed).await?;
    let _arriving = solver.memory.arrive(committed.payload_length).await;
    let sealed = body::read(&solver, body, due).await?;
    let _working = solver.memory.work(committed.payload_length).await;
    let asset = open(Arc::clone(&solver), committed, sealed).await?;
    let new = keep(&solver, producer, committed, asset).await?;
    info!(%producer, root = %content_root, bytes = committed.payload_length, new, "asset");
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let stored = Stored {
        content_root: content_root.to_string(),
        producer: producer.to_string(),
        bytes: committed.payload_length,
    };
    Ok((status, Json(stored)))
}

/// Who hands it in: a member, whose payloads have room here.
async fn producer(solver: &Solver, headers: &HeaderMap, committed: Commitment) -> Answer<Address> {
    let message = messages::Asset {
        contentRoot: committed.content_root,
        payloadLength: committed.payload_length,
        solver: solver.wallet.address(),
    };
    let producer = signer(solver, headers, &message)?;
    if !is_member(solver, producer).await? {
        return Err(Problem::NotMember(producer.to_string()));
    }
    let limit_mb = solver.config.limits.producer_mb;
    let bytes = solver
        .store
        .with(move |db| store::payload_bytes(db, producer))
        .await?;
    if bytes.saturating_add(committed.payload_length) > limit_mb << 20 {
        return Err(Problem::TooMuch { limit_mb });
    }
    Ok(producer)
}

/// Members are known from what was read. The chain is asked of strangers alone: they may have been enrolled just now.
async fn is_member(solver: &Solver, account: Address) -> Answer<bool> {
    let store = &solver.store;
    if store.with(move |db| store::is_member(db, account)).await? {
        return Ok(true);
    }
    let number = solver.chain.consortium().memberOf(account).call().await;
    Ok(!number
        .map_err(|error| solver.chain.view_error(error))?
        .is_zero())
}

/// As many bytes as are due for what was announced and signed for.
fn sealed_bytes(committed: Commitment) -> Answer<usize> {
    let length = usize::try_from(committed.payload_length).ok();
    let length = length.filter(|length| (1..=MAX_PAYLOAD_BYTES).contains(length));
    let malformed = || Problem::Malformed(format!("payloads have 1 to {MAX_PAYLOAD_BYTES} bytes"));
    Ok(SEAL_BYTES + SECRET_BYTES + length.ok_or_else(malformed)?)
}

async fn open(solver: Arc<Solver>, committed: Commitment, sealed: Bytes) -> Answer<Asset> {
    let shared = Arc::clone(&solver);
    let open = move || {
        let scope = solver.chain.scope();
        let message = Message::Asset {
            content_root: committed.content_root,
        };
        let plaintext = unseal(message, scope, &solver.wallet.sealing_key(scope), &sealed)
            .map_err(|error| {
                Problem::Malformed(format!("the body is not sealed to this solver: {error}"))
            })?;
        drop(sealed);
        Asset::verify(plaintext, committed)
            .map_err(|error| Problem::NotTheContent(error.to_string()))
    };
    shared.work(open).await
}

/// Keeps the payload, then its row. Returns whether it is new.
async fn keep(
    solver: &Solver,
    producer: Address,
    committed: Commitment,
    asset: Asset,
) -> Answer<bool> {
    let Asset { seed, payload } = asset;
    solver
        .payloads
        .put(producer, committed.content_root, payload)
        .await?;
    crash::at(Point::PayloadKept);
    let new = solver
        .store
        .with(move |db| store::add_asset(db, producer, committed, &seed))
        .await?;
    crash::at(Point::AssetStored);
    Ok(new)
}
