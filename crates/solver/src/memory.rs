use tokio::sync::{Semaphore, SemaphorePermit};

/// Times a payload is in memory while it is worked on: as it came, as it is sent, and sealed.
const COPIES: u64 = 3;

/// Bytes in a unit of what is reserved.
const UNIT: u64 = 1 << 10;

/// The memory that payloads may take at once, so that many requests at a time cannot exhaust it. What is larger than all of
/// it is worked on alone.
#[derive(Debug)]
pub struct Memory {
    units: Semaphore,
    all: u32,
}

impl Memory {
    /// Of so many MiB.
    pub fn new(megabytes: u32) -> Self {
        let all = megabytes.clamp(1, 1 << 20) << 10;
        Self {
            units: Semaphore::new(all as usize),
            all,
        }
    }

    /// Waits until there is room for a payload.
    pub async fn reserve(&self, payload_length: u64) -> SemaphorePermit<'_> {
        let units = payload_length.saturating_mul(COPIES).div_ceil(UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX).clamp(1, self.all);
        self.units
            .acquire_many(units)
            .await
            .expect("nobody closes it")
    }
}
