//! Tells open pages of new blocks.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use ayumi_chain::Cursor;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;

use super::Shared;

/// After a line that was cut, browsers wait so long.
const RETRY: Duration = Duration::from_secs(2);

/// A stream of server-sent events: the number of each block that is in the index, as it comes.
pub(super) async fn live(
    State(auditor): Shared,
    Extension(stop): Extension<CancellationToken>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let blocks = unfold(
        (auditor.health.watch(), stop),
        |(mut seen, stop): (Receiver<Option<Cursor>>, CancellationToken)| async move {
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = seen.changed() => changed.ok()?,
            }
            let number = seen.borrow_and_update().map(|cursor| cursor.number)?;
            let event = Event::default()
                .event("block")
                .retry(RETRY)
                .data(number.to_string());
            Some((Ok(event), (seen, stop)))
        },
    );
    Sse::new(blocks).keep_alive(KeepAlive::default())
}
