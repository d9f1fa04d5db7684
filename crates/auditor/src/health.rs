use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ayumi_chain::Cursor;
use serde::Serialize;
use tokio::sync::watch;

/// What went wrong is told for so long after it last did. While it lasts, it goes wrong more often.
const RECENT: Duration = Duration::from_secs(30);

/// How far the index was brought, and what is wrong.
#[derive(Debug)]
pub(crate) struct Health {
    follows: bool,
    trouble: Mutex<Option<(Instant, String)>>,
    seen: watch::Sender<Option<Cursor>>,
}

/// The answer to whether figures are of the newest block.
#[derive(Debug, Serialize)]
pub(crate) struct Readiness {
    pub(crate) ready: bool,
    /// The newest block that was read.
    pub(crate) block: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Health {
    pub(crate) fn new(follows: bool) -> Self {
        Self {
            follows,
            trouble: Mutex::default(),
            seen: watch::Sender::new(None),
        }
    }

    /// The index has all of the chain.
    pub(crate) fn saw(&self, cursor: Cursor) {
        *self.lock() = None;
        self.seen.send_replace(Some(cursor));
    }

    /// Something went wrong that may pass.
    pub(crate) fn suffered(&self, trouble: &impl ToString) {
        *self.lock() = Some((Instant::now(), trouble.to_string()));
    }

    /// Tells of every block from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Cursor>> {
        self.seen.subscribe()
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let block = self.seen.borrow().map(|cursor| cursor.number);
        let trouble = self
            .lock()
            .as_ref()
            .filter(|(when, _)| when.elapsed() < RECENT)
            .map(|(_, what)| what.clone());
        let unread =
            (block.is_none() && self.follows).then(|| "the chain was not read yet".to_owned());
        let reason = trouble.or(unread);
        Readiness {
            ready: reason.is_none(),
            block,
            reason,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_once_the_chain_was_read_and_while_nothing_is_wrong() {
        let health = Health::new(true);
        assert!(!health.readiness().ready);
        health.saw(Cursor {
            number: 7,
            hash: alloy::primitives::B256::ZERO,
        });
        assert!(health.readiness().ready && health.readiness().block == Some(7));
        health.suffered(&"no node");
        assert_eq!(health.readiness().reason.as_deref(), Some("no node"));
        health.saw(Cursor {
            number: 8,
            hash: alloy::primitives::B256::ZERO,
        });
        assert!(health.readiness().ready);
        assert!(Health::new(false).readiness().ready);
    }
}
