use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ayumi_audit::{Error as IndexError, Location, Reader};
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};

/// How often an answer is put together again because a block came meanwhile.
const TRIES: usize = 3;

/// Connections to the index that are open and idle.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    index: Location,
    idle: Arc<Mutex<Vec<Reader>>>,
}

/// How far the index reached when something was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf {
    pub(crate) block: u64,
    pub(crate) hash: alloy::primitives::B256,
    /// Unix seconds.
    pub(crate) at: i64,
}

impl Readers {
    pub(crate) fn new(index: Location) -> Self {
        Self {
            index,
            idle: Arc::default(),
        }
    }

    /// Asks the index. All that `work` asks is of one block, unless blocks come faster than it can be answered.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Reader) -> ayumi_audit::Result<T> + Send + 'static,
    ) -> Result<(AsOf, T)> {
        let readers = self.clone();
        let asked = spawn_blocking(move || -> Result<_> {
            let reader = readers.take()?;
            let answered = steadily(&reader, &mut work);
            // A connection on which something failed may be one that was lost.
            if !matches!(answered, Err(Error::Index(IndexError::Database(_)))) {
                readers.lock().push(reader);
            }
            answered
        });
        asked
            .await
            .map_err(|failure| match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Error::Ending,
            })?
    }

    fn take(&self) -> ayumi_audit::Result<Reader> {
        let idle = self.lock().pop();
        idle.map_or_else(|| Reader::open(&self.index), Ok)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn steadily<T>(
    reader: &Reader,
    work: &mut impl FnMut(&Reader) -> ayumi_audit::Result<T>,
) -> Result<(AsOf, T)> {
    let mut before = as_of(reader)?;
    for _ in 1..TRIES {
        let answer = work(reader)?;
        let after = as_of(reader)?;
        if after == before {
            return Ok((before, answer));
        }
        before = after;
    }
    Ok((before, work(reader)?))
}

fn as_of(reader: &Reader) -> Result<AsOf> {
    let (block, hash, at) = reader.as_of()?;
    Ok(AsOf { block, hash, at })
}
