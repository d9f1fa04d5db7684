//! The routes: pages for people, `/v1` for programs, and what stands before them.

mod api;
mod assets;
mod guard;
mod live;
mod problem;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::{Auditor, page};
pub(crate) use assets::version;
use guard::{Gate, guard};
pub(crate) use problem::Problem;

/// The text format of `OpenMetrics`, which Prometheus reads.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Shared = State<Arc<Auditor>>;

/// Serves until `stop`; requests under way are finished.
pub(crate) async fn serve(
    auditor: Arc<Auditor>,
    listener: TcpListener,
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<()> {
    let limits = auditor.config.limits();
    let gate = Arc::new(Gate::new(&auditor.config, address));
    let app = router(auditor, Arc::clone(&gate), stop.clone());
    ayumi_http::serve(listener, app, limits, &gate.rates, None, stop).await;
    Ok(())
}

fn router(auditor: Arc<Auditor>, gate: Arc<Gate>, stop: CancellationToken) -> Router {
    Router::new()
        .merge(page::routes())
        .merge(assets::routes())
        .route("/live", get(live::live))
        .route("/v1/openapi.json", get(api::description))
        .route("/v1/verification", get(api::verification))
        .route("/v1/{question}", get(api::answer))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(measures))
        .fallback(async |view: page::View| page::refused(&view, &Problem::NoSuchRoute))
        .layer(Extension(stop))
        .layer(Extension(live::Listeners::default()))
        .layer(from_fn_with_state((Arc::clone(&auditor), gate), guard))
        .with_state(auditor)
}

async fn ready(State(auditor): Shared) -> impl IntoResponse {
    let readiness = auditor.health.readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}

async fn measures(State(auditor): Shared) -> impl IntoResponse {
    let newest = auditor.readers.ask(|_| Ok(())).await.ok();
    let newest = newest.map(|(as_of, ())| {
        #[allow(clippy::cast_precision_loss)] // seconds of a lifetime
        let age = (jiff::Timestamp::now().as_second() - as_of.at) as f64;
        (as_of.block, age)
    });
    (
        [(CONTENT_TYPE, METRICS)],
        auditor.meter.text(auditor.health.readiness().ready, newest),
    )
}
