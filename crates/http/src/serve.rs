//! Connections: how many, and how long each may take.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::{debug, warn};

use crate::patient::Patient;
use crate::{Client, Limits, Peer, Rates, Share, Shares, Tls};

/// Bytes of a request before its body.
const HEADERS: usize = 16 << 10;

/// Until the next try, where there is nothing to accept connections with.
const PAUSE: Duration = Duration::from_secs(1);

/// Between two looks at which clients can be forgotten.
const FORGET: Duration = Duration::from_mins(1);

/// How long requests under way may take once the process is to end.
const DRAIN: Duration = Duration::from_secs(30);

/// Serves until `stop`; requests under way are finished.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    rates: &Rates,
    tls: Option<Tls>,
    stop: CancellationToken,
) {
    let places = Places::new(&limits);
    let host = Host {
        app,
        limits,
        tls,
        stop: stop.clone(),
    };
    let mut guests = JoinSet::new();
    let mut tidy = interval(FORGET);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(end) = guests.join_next() => pass_on(end),
            _ = tidy.tick() => rates.forget(),
            (stream, place) = places.next(&listener) => {
                guests.spawn(host.clone().receive(stream, place));
            }
        }
    }
    drop(listener);
    let all = async {
        while let Some(end) = guests.join_next().await {
            pass_on(end);
        }
    };
    if timeout(DRAIN, all).await.is_err() {
        warn!("connections that did not end were cut");
    }
}

/// A failure in a request is one of the whole process.
fn pass_on(end: Result<(), JoinError>) {
    if let Err(failure) = end
        && failure.is_panic()
    {
        std::panic::resume_unwind(failure.into_panic());
    }
}

/// Room for connections.
struct Places {
    all: Arc<Semaphore>,
    /// Connections of one peer; a proxy has as many as there are.
    shares: Shares,
}

/// A connection's place.
struct Place {
    peer: SocketAddr,
    _one: OwnedSemaphorePermit,
    _share: Share,
}

impl Places {
    fn new(limits: &Limits) -> Self {
        let most = limits.connections.clamp(1, Semaphore::MAX_PERMITS);
        let share = if limits.trusted_proxy {
            most
        } else {
            limits.client_requests
        };
        Self {
            all: Arc::new(Semaphore::new(most)),
            shares: Shares::new(share),
        }
    }

    /// The next connection that there is a place for. One too many of the same peer is closed; where all places are
    /// taken, the next waits.
    async fn next(&self, listener: &TcpListener) -> (TcpStream, Place) {
        loop {
            let one = Arc::clone(&self.all).acquire_owned().await;
            let one = one.expect("nobody closes it");
            let (stream, peer) = accept(listener).await;
            let Some(share) = self.shares.take(Client::at(peer.ip())) else {
                debug!(%peer, "too many connections");
                continue;
            };
            let place = Place {
                peer,
                _one: one,
                _share: share,
            };
            return (stream, place);
        }
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // Gone before it was here.
            Err(error) if is_of_connection(&error) => {}
            // Such as too many open files: it passes when others end.
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// What all connections share.
#[derive(Clone)]
struct Host {
    app: Router,
    limits: Limits,
    tls: Option<Tls>,
    stop: CancellationToken,
}

impl Host {
    async fn receive(self, stream: TcpStream, place: Place) {
        let peer = place.peer;
        // Answers are written in one piece; waiting for more of them helps nobody.
        let _ = stream.set_nodelay(true);
        let stream = Patient::new(stream, self.limits.stall);
        let Some(tls) = &self.tls else {
            return self.converse(stream, peer).await;
        };
        match timeout(self.limits.header, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.converse(stream, peer).await,
            Ok(Err(error)) => debug!(%peer, %error, "no TLS"),
            Err(_) => debug!(%peer, "no TLS in time"),
        }
    }

    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr) {
        let answer = service_fn(|request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            let mut app = self.app.clone();
            async move { Ok::<_, Infallible>(app.call(request).await.unwrap_or_else(|no| match no {})) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header)
            .max_header_size(HEADERS)
            .serve_connection(TokioIo::new(stream), answer);
        let mut connection = std::pin::pin!(connection);
        let end = tokio::select! {
            end = &mut connection => end,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = end {
            debug!(%peer, %error, "a connection ended early");
        }
    }
}
