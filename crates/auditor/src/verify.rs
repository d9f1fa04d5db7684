//! Compares the index with the chain and the contracts, every now and then, and keeps what came of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ayumi_audit::{Verification, verify};
use ayumi_chain::Chain;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::Auditor;
use crate::config::Node;
use crate::error::Result;

/// Checks that are kept.
const KEPT: usize = 20;

/// How often a check is repeated where blocks came while it compared.
const TRIES: usize = 3;

/// What came of the checks, newest first.
#[derive(Debug, Default)]
pub(crate) struct Checks(Mutex<VecDeque<Check>>);

/// A check.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    /// When it began, in Unix seconds.
    pub(crate) at: i64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What was compared, and what differs.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) verification: Option<Verification>,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

impl Checks {
    pub(crate) fn all(&self) -> Vec<Check> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    fn keep(&self, check: Check) {
        let mut checks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checks.push_front(check);
        checks.truncate(KEPT);
    }
}

/// Checks once the chain was read, and again and again after the configured time, until `stop`.
pub(crate) async fn keep_checking(auditor: Arc<Auditor>, stop: CancellationToken) -> Result<()> {
    let (Some(node), Some(pause)) = (auditor.config.node.clone(), auditor.config.verify_every)
    else {
        stop.cancelled().await;
        return Ok(());
    };
    let mut seen = auditor.health.watch();
    let checking = async {
        let _ = seen.wait_for(Option::is_some).await;
        loop {
            let check = check(&auditor, &node).await;
            tell(&check);
            auditor.checks.keep(check);
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        () = checking => Ok(()),
    }
}

async fn check(auditor: &Auditor, node: &Node) -> Check {
    let (at, began) = (jiff::Timestamp::now().as_second(), Instant::now());
    let verified = verified(auditor, node).await;
    let (verification, failure) = match verified {
        Ok(verification) => (Some(verification), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Check {
        at,
        seconds: rounded(began.elapsed()),
        verification,
        failure,
    }
}

/// An index that is written on meanwhile differs from what was read before: then it is compared again.
async fn verified(auditor: &Auditor, node: &Node) -> ayumi_audit::Result<Verification> {
    let chain = Chain::connect(node.rpc.clone(), node.network.clone(), node.operator).await?;
    let seen = auditor.health.watch();
    let mut tries = 1;
    loop {
        let before = *seen.borrow();
        let verification = verify(&chain, Some(&auditor.config.index)).await?;
        if verification.differences.is_empty() || before == *seen.borrow() {
            return Ok(verification);
        }
        if tries == TRIES {
            return Err(ayumi_audit::Error::Restless);
        }
        tries += 1;
    }
}

fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000.0).round() / 1_000.0
}

fn tell(check: &Check) {
    match (&check.verification, &check.failure) {
        (Some(found), _) if found.differences.is_empty() => {
            info!(block = found.block, events = found.events, "verified");
        }
        (Some(found), _) => error!(
            block = found.block,
            differences = found.differences.len(),
            "the figures do not agree"
        ),
        (None, failure) => warn!(
            cause = failure.as_deref().unwrap_or_default(),
            "the figures could not be verified"
        ),
    }
}
