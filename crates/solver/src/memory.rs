use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Times a payload is in memory while it is worked on: as it was, and as it becomes.
const COPIES: u64 = 2;

/// Bytes in a unit of what is reserved.
const UNIT: u64 = 1 << 10;

/// The memory that payloads may take at once, so that many requests at a time cannot exhaust it. What is larger than all of
/// it is worked on alone.
#[derive(Debug)]
pub struct Memory {
    units: Arc<Semaphore>,
    all: u32,
}

/// Room for a payload that is worked on, until it is dropped.
#[derive(Debug)]
pub struct Room(OwnedSemaphorePermit);

/// What is on its way, in the room that it takes.
struct Held {
    bytes: Vec<u8>,
    _room: Room,
}

impl Memory {
    /// Of so many MiB.
    pub fn new(megabytes: u32) -> Self {
        let all = megabytes.clamp(1, 1 << 20) << 10;
        Self {
            units: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    /// Waits until there is room for a payload.
    pub async fn reserve(&self, payload_length: u64) -> Room {
        let units = payload_length.saturating_mul(COPIES).div_ceil(UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX).clamp(1, self.all);
        let room = Arc::clone(&self.units).acquire_many_owned(units).await;
        Room(room.expect("nobody closes it"))
    }
}

impl Room {
    /// Keeps the room for one copy, until all of `bytes` was sent.
    pub fn keep(mut self, bytes: Vec<u8>) -> Bytes {
        let rest = self.0.num_permits() / usize::try_from(COPIES).unwrap_or(1);
        drop(self.0.split(rest));
        Bytes::from_owner(Held { bytes, _room: self })
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
