//! The HTTP interface, as `docs/protocol.md` describes it.

mod assets;
mod caller;
mod notes;
mod problem;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use ayumi_sealing::{MAX_NOTE_BYTES, MAX_PAYLOAD_BYTES, SEAL_BYTES};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;

use crate::{Error, Solver};
use problem::Problem;

/// How long until a request is given up, its body included.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Bytes of what comes before the payload in an asset, and before the text in a note.
const SECRET_BYTES: usize = 32;

type Shared = State<Arc<Solver>>;
type Answer<T> = std::result::Result<T, Problem>;

/// Serves until `stop`; requests under way are finished.
pub async fn serve(
    solver: Arc<Solver>,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<(), Error> {
    let server = axum::serve(listener, router(solver));
    server
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .map_err(Error::Serve)
}

fn router(solver: Arc<Solver>) -> Router {
    let note = DefaultBodyLimit::max(SEAL_BYTES + SECRET_BYTES + MAX_NOTE_BYTES);
    let asset = DefaultBodyLimit::max(SEAL_BYTES + SECRET_BYTES + MAX_PAYLOAD_BYTES);
    Router::new()
        .route("/v1", get(about))
        .route("/v1/assets/{content_root}", put(assets::put).layer(asset))
        .route("/v1/tasks/{task}/delivery", get(tasks::delivery))
        .route(
            "/v1/tasks/{task}/receipt",
            post(tasks::receipt).layer(DefaultBodyLimit::max(4096)),
        )
        .route(
            "/v1/tasks/{task}/{kind}",
            get(notes::get).put(notes::put).layer(note),
        )
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .fallback(async || Problem::NoSuchRoute)
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            TIMEOUT,
        ))
        .with_state(solver)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    solver: String,
    chain_id: u64,
    operator: String,
    sealing_key: String,
    max_payload_bytes: usize,
}

async fn about(State(solver): Shared) -> Json<About> {
    Json(About {
        solver: solver.wallet.address().to_string(),
        chain_id: solver.chain.chain_id(),
        operator: solver.chain.contracts().operator.to_string(),
        sealing_key: solver
            .wallet
            .sealing_key(solver.chain.scope())
            .public()
            .0
            .to_string(),
        max_payload_bytes: MAX_PAYLOAD_BYTES,
    })
}

async fn ready(State(solver): Shared) -> (StatusCode, Json<crate::health::Readiness>) {
    let readiness = solver.health.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}
