//! Tells open pages of new blocks.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Sse};
use ayumi_chain::Cursor;
use ayumi_http::{Client, Peer, Share, Shares};
use futures_util::stream::unfold;
use tokio::sync::watch::Receiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Problem, Shared};

/// Streams of one client, and of all of them: fewer than there are connections, so that others are answered.
const OF_ONE: usize = 8;
const OF_ALL: usize = 512;

/// After which a stream ends; browsers ask again.
const LIFETIME: Duration = Duration::from_mins(10);

/// After a line that was cut, browsers wait so long.
const RETRY: Duration = Duration::from_secs(2);

/// Who is being told.
#[derive(Debug, Clone)]
pub(super) struct Listeners {
    shares: Shares,
    all: Arc<Semaphore>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self {
            shares: Shares::new(OF_ONE),
            all: Arc::new(Semaphore::new(OF_ALL)),
        }
    }
}

/// A stream that is open.
struct Stream {
    seen: Receiver<Option<Cursor>>,
    stop: CancellationToken,
    until: Instant,
    _place: (Share, OwnedSemaphorePermit),
}

impl Stream {
    /// The next block's number; `None` where the stream is over.
    async fn next(&mut self) -> Option<u64> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            () = sleep_until(self.until) => None,
            changed = self.seen.changed() => {
                changed.ok()?;
                self.seen.borrow_and_update().map(|cursor| cursor.number)
            }
        }
    }
}

/// A stream of server-sent events: the number of each block that is in the index, as it comes.
pub(super) async fn live(
    State(auditor): Shared,
    Extension(stop): Extension<CancellationToken>,
    Extension(listeners): Extension<Listeners>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let client = Client::of(peer, &headers, auditor.config.trusted_proxy);
    let share = listeners.shares.take(client);
    let one = listeners.all.try_acquire_owned().ok();
    let stream = Stream {
        seen: auditor.health.watch(),
        stop,
        until: Instant::now() + LIFETIME,
        _place: share.zip(one).ok_or(Problem::Overloaded)?,
    };
    let blocks = unfold(stream, async |mut stream| {
        let number = stream.next().await?;
        let event = Event::default()
            .event("block")
            .retry(RETRY)
            .data(number.to_string());
        Some((Ok::<_, Infallible>(event), stream))
    });
    Ok(Sse::new(blocks).keep_alive(KeepAlive::default()))
}
