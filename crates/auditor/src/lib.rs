//! Keeps an index of the chain, and shows what follows from it: a page, an HTTP interface, metrics. It has no key and
//! changes nothing.
//!
//! - [`run`] reads the chain in the background and serves until it is told to stop.
//! - `readers` hands out connections to the index; `health` is how far it reaches and what is wrong.
//! - `http` has the routes: what stands before them (`guard`), the interface (`api`), the live stream, the assets.
//! - `page` draws: every figure on it is an answer of [`ayumi_audit`], the same that the interface and the command give.
//!   What members wrote goes through the templates' escaping, and the page allows no script but its own file.

mod config;
mod error;
mod follow;
mod health;
mod http;
mod meter;
mod page;
mod readers;
mod verify;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use config::{Config, Node};
pub use error::{Error, Result};
use health::Health;
use meter::Meter;
use readers::Readers;
use verify::Checks;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Auditor {
    config: Config,
    readers: Readers,
    health: Health,
    meter: Meter,
    checks: Checks,
}

/// Reads the chain and serves until `shutdown`. Says where, once it does.
pub async fn run(
    config: Config,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let listen = |cause| Error::Listen {
        address: config.listen,
        cause,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let auditor = Arc::new(Auditor {
        readers: Readers::new(config.index.clone()),
        health: Health::new(config.node.is_some()),
        meter: Meter::default(),
        checks: Checks::default(),
        config,
    });
    let stop = CancellationToken::new();
    let mut parts: JoinSet<Result<()>> = JoinSet::new();
    parts.spawn(follow::follow(Arc::clone(&auditor), stop.clone()));
    parts.spawn(verify::keep_checking(Arc::clone(&auditor), stop.clone()));
    parts.spawn(http::serve(auditor, listener, address, stop.clone()));
    ready(address);
    let mut ended = tokio::select! {
        () = shutdown => Ok(()),
        end = parts.join_next() => joined(end),
    };
    stop.cancel();
    while let Some(end) = parts.join_next().await {
        ended = ended.and(joined(Some(end)));
    }
    info!("stopped");
    ended
}

/// A failure in one part is one of the whole process.
fn joined(end: Option<Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    match end {
        Some(Ok(ended)) => ended,
        Some(Err(failure)) if failure.is_panic() => std::panic::resume_unwind(failure.into_panic()),
        None | Some(Err(_)) => Ok(()),
    }
}
