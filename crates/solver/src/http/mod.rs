//! The HTTP interface, as `docs/protocol.md` describes it.

mod assets;
mod caller;
mod notes;
mod problem;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use ayumi_sealing::{MAX_NOTE_BYTES, MAX_PAYLOAD_BYTES, SEAL_BYTES};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;

use crate::health::Readiness;
use crate::store::{self, Figures};
use crate::{Error, Solver};
use problem::Problem;

/// How long until a request is given up, its body included.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The text format of `OpenMetrics`, which Prometheus reads.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
    Router::new()
        .route("/v1", get(about))
        .route("/v1/assets/{content_root}", put(assets::put))
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
        .route("/metrics", get(metrics))
        .fallback(async || Problem::NoSuchRoute)
        .layer(from_fn_with_state(Arc::clone(&solver), admit))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            TIMEOUT,
        ))
        .with_state(solver)
}

/// Lets only so many requests in, before anything of them is looked at.
async fn admit(State(solver): Shared, request: Request, next: Next) -> Answer<Response> {
    let _admitted = solver
        .requests
        .try_acquire()
        .map_err(|_| Problem::Overloaded)?;
    Ok(solver.meter.http.wait(next.run(request)).await)
}

/// Who serves here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The solver's account.
    pub solver: Address,
    /// Of its chain.
    pub chain_id: u64,
    /// The `CTIOperator`.
    pub operator: Address,
    /// What assets are sealed to.
    pub sealing_key: B256,
    /// The largest payload.
    pub max_payload_bytes: usize,
}

async fn about(State(solver): Shared) -> Json<About> {
    let scope = solver.chain.scope();
    Json(About {
        solver: solver.wallet.address(),
        chain_id: solver.chain.chain_id(),
        operator: solver.chain.contracts().operator,
        sealing_key: solver.wallet.sealing_key(scope).public().0,
        max_payload_bytes: MAX_PAYLOAD_BYTES,
    })
}

async fn metrics(State(solver): Shared) -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS)], solver.meter.text())
}

/// Whether the solver works, and how much it has to do.
#[derive(Serialize)]
struct Ready {
    #[serde(flatten)]
    readiness: Readiness,
    #[serde(flatten)]
    figures: Figures,
}

async fn ready(State(solver): Shared) -> Answer<(StatusCode, Json<Ready>)> {
    let readiness = solver.health.readiness();
    let (account, now) = (solver.wallet.address(), readiness.time.unwrap_or(0));
    let figures = solver
        .store
        .with(move |db| store::figures(db, account, now))
        .await?;
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok((status, Json(Ready { readiness, figures })))
}
