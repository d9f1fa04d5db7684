use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ayumi_chain::Head;
use serde::Serialize;

/// Without a look at the chain for this long, the solver is not ready.
const STALE: Duration = Duration::from_secs(30);

/// What the engine last saw, for whoever asks whether the solver works.
#[derive(Debug, Default)]
pub struct Health(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    head: Option<(Head, Instant)>,
    /// Why the chain could not be read.
    trouble: Option<String>,
    /// Why a transaction could not be sent.
    unsent: Option<String>,
}

/// The answer to whether the solver works.
#[derive(Debug, Serialize)]
pub struct Readiness {
    /// Whether it does.
    pub ready: bool,
    /// The last block that was read.
    pub block: Option<u64>,
    /// Its time, in Unix seconds.
    pub time: Option<u64>,
    /// Why it does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Health {
    /// The chain was read up to `head`, and all is well.
    pub fn saw(&self, head: Head) {
        let mut seen = self.lock();
        (seen.head, seen.trouble) = (Some((head, Instant::now())), None);
    }

    /// Something went wrong that may pass.
    pub fn suffered(&self, trouble: &impl ToString) {
        self.lock().trouble = Some(trouble.to_string());
    }

    /// A transaction could not be sent; or none is waiting any more.
    pub fn unsent(&self, why: Option<String>) {
        self.lock().unsent = why;
    }

    /// Whether the solver works at this moment.
    pub fn readiness(&self) -> Readiness {
        let seen = self.lock();
        let stale = match seen.head {
            None => Some("the chain was not read yet".to_owned()),
            Some((_, when)) if when.elapsed() > STALE => {
                Some(format!("the chain was not read for {:?}", when.elapsed()))
            }
            Some(_) => None,
        };
        let reasons: Vec<_> = seen
            .trouble
            .iter()
            .chain(&seen.unsent)
            .cloned()
            .chain(stale)
            .collect();
        Readiness {
            ready: reasons.is_empty(),
            block: seen.head.map(|(head, _)| head.number),
            time: seen.head.map(|(head, _)| head.timestamp),
            reasons,
        }
    }

    /// How long ago the chain was last read without trouble.
    pub fn read_age(&self) -> Option<Duration> {
        self.lock().head.map(|(_, when)| when.elapsed())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
