//! The HTTP interface, as `docs/protocol.md` describes it.

mod assets;
mod body;
mod caller;
mod guard;
mod notes;
mod problem;
mod tasks;

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use ayumi_http::Tls;
use ayumi_sealing::MAX_PAYLOAD_BYTES;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::health::Readiness;
use crate::store::{self, Figures};
use crate::{Error, Solver, metrics};
use guard::{Gate, guard};
use problem::Problem;

/// The text format of `OpenMetrics`, which Prometheus reads.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All routes, with what each takes and answers.
const OPENAPI: &str = include_str!("openapi.json");

/// Bytes of what comes before the payload in an asset, and before the text in a note.
const SECRET_BYTES: usize = 32;

type Shared = State<Arc<Solver>>;
type Answer<T> = std::result::Result<T, Problem>;

/// Serves until `stop`; requests under way are finished.
pub async fn serve(
    solver: Arc<Solver>,
    listener: TcpListener,
    tls: Option<Tls>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let limits = solver.config.limits.clone();
    let gate = Arc::new(Gate::new(&limits));
    let app = router(solver, Arc::clone(&gate));
    ayumi_http::serve(listener, app, limits.of_clients(), &gate.rates, tls, stop).await;
    Ok(())
}

fn router(solver: Arc<Solver>, gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/v1", get(about))
        .route("/v1/openapi.json", get(description))
        .route("/v1/assets/{content_root}", put(assets::put))
        .route("/v1/tasks/{task}/delivery", get(tasks::delivery))
        .route("/v1/tasks/{task}/receipt", post(tasks::receipt))
        .route("/v1/tasks/{task}/{kind}", get(notes::get).put(notes::put))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(measures))
        .fallback(async || Problem::NoSuchRoute)
        .layer(from_fn_with_state((Arc::clone(&solver), gate), guard))
        // Each handler reads its body itself, by what it may have.
        .layer(DefaultBodyLimit::disable())
        .with_state(solver)
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

async fn description() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}

async fn measures(State(solver): Shared) -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS)], metrics::text(&solver).await)
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
