//! Keeps the index up with the chain, in the background.

use std::sync::Arc;
use std::time::Duration;

use ayumi_audit::{Error as IndexError, Reader, Tracker};
use ayumi_chain::{Chain, Cursor};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::Auditor;
use crate::config::Node;
use crate::error::{Error, Result};

/// Between two tries to reach the node, and two looks at an index that another process keeps up.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows until `stop`. What may pass is told and tried again; what does not fit ends it.
pub(crate) async fn follow(auditor: Arc<Auditor>, stop: CancellationToken) -> Result<()> {
    let Some(node) = auditor.config.node.clone() else {
        return look_on(&auditor, &stop).await;
    };
    while let Some(mut tracker) = open(&auditor, &node, &stop).await? {
        let followed = tracker.follow(stop.cancelled(), |step| match step {
            Ok(progress) => {
                debug!(
                    block = progress.cursor.number,
                    events = progress.events,
                    "read"
                );
                auditor.meter.read(progress.events);
                auditor.health.saw(progress.cursor);
            }
            Err(error) => suffer(&auditor, error),
        });
        match followed.await {
            // The database's server went away, and may come back.
            Err(error) if error.is_transient() => suffer(&auditor, &error),
            ended => return Ok(ended?),
        }
        if pause(&stop).await.is_break() {
            break;
        }
    }
    Ok(())
}

/// The tracker, once node and database answer; `None` where it is time to stop.
async fn open(auditor: &Auditor, node: &Node, stop: &CancellationToken) -> Result<Option<Tracker>> {
    loop {
        let opened = async {
            let chain =
                Chain::connect(node.rpc.clone(), node.network.clone(), node.operator).await?;
            Tracker::open(chain, &auditor.config.index).await
        };
        let opened = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            opened = opened => opened,
        };
        match opened {
            Ok(tracker) => return Ok(Some(tracker)),
            Err(error) if error.is_transient() => suffer(auditor, &error),
            Err(error) => return Err(error.into()),
        }
        if pause(stop).await.is_break() {
            return Ok(None);
        }
    }
}

/// Tells of blocks that another process writes.
async fn look_on(auditor: &Auditor, stop: &CancellationToken) -> Result<()> {
    // Whoever names an index that is not there should hear so at once.
    Reader::open(&auditor.config.index)?;
    let mut last = None;
    loop {
        match auditor.readers.ask(|_| Ok(())).await {
            Ok((as_of, ())) if last == Some(as_of.hash) => {}
            Ok((as_of, ())) => {
                last = Some(as_of.hash);
                auditor.health.saw(Cursor {
                    number: as_of.block,
                    hash: as_of.hash,
                });
            }
            Err(Error::Index(error))
                if error.is_transient() || matches!(error, IndexError::Database(_)) =>
            {
                suffer(auditor, &error);
            }
            Err(error) => return Err(error),
        }
        if pause(stop).await.is_break() {
            return Ok(());
        }
    }
}

async fn pause(stop: &CancellationToken) -> std::ops::ControlFlow<()> {
    tokio::select! {
        () = stop.cancelled() => std::ops::ControlFlow::Break(()),
        () = sleep(PAUSE) => std::ops::ControlFlow::Continue(()),
    }
}

fn suffer(auditor: &Auditor, error: &impl ToString) {
    warn!(
        error = error.to_string(),
        "the chain was not read, or not written down; trying again"
    );
    auditor.meter.failed();
    auditor.health.suffered(error);
}
