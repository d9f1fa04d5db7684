use std::sync::Arc;

use alloy::primitives::B256;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use ayumi_contracts::messages;
use ayumi_sealing::{Asset, Commitment, Message, unseal};
use serde::Serialize;
use tracing::info;

use super::caller::{header, signer};
use super::problem::Problem;
use super::{Answer, Shared};
use crate::{Solver, blocking, store};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    content_root: String,
    producer: String,
    bytes: u64,
}

/// Takes a payload. The signature is checked before the body is opened, and the content root before anything is stored.
pub async fn put(
    State(solver): Shared,
    Path(content_root): Path<B256>,
    headers: HeaderMap,
    sealed: Bytes,
) -> Answer<(StatusCode, Json<Stored>)> {
    let payload_length = header(&headers, "ayumi-payload-length")?;
    let solver_account = solver.wallet.address();
    let message = messages::Asset {
        contentRoot: content_root,
        payloadLength: payload_length,
        solver: solver_account,
    };
    let producer = signer(&solver, &headers, &message)?;
    let member = solver.chain.consortium().memberOf(producer).call().await;
    if member
        .map_err(|error| solver.chain.view_error(error))?
        .is_zero()
    {
        return Err(Problem::NotMember(producer.to_string()));
    }

    let asset = open(
        Arc::clone(&solver),
        Commitment {
            content_root,
            payload_length,
        },
        sealed,
    )
    .await?;
    let new = solver
        .store
        .with(move |db| store::add_asset(db, producer, content_root, &asset))
        .await?;
    info!(%producer, root = %content_root, bytes = payload_length, new, "asset");
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let stored = Stored {
        content_root: content_root.to_string(),
        producer: producer.to_string(),
        bytes: payload_length,
    };
    Ok((status, Json(stored)))
}

async fn open(solver: Arc<Solver>, committed: Commitment, sealed: Bytes) -> Answer<Asset> {
    let open = move || {
        let scope = solver.chain.scope();
        let message = Message::Asset {
            content_root: committed.content_root,
        };
        let plaintext = unseal(message, scope, &solver.wallet.sealing_key(scope), &sealed)
            .map_err(|error| {
                Problem::Malformed(format!("the body is not sealed to this solver: {error}"))
            })?;
        Asset::verify(plaintext, committed)
            .map_err(|error| Problem::NotTheContent(error.to_string()))
    };
    blocking(open).await
}
