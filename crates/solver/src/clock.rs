//! This machine's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the Unix epoch is ago; nothing before it.
pub fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Unix seconds.
pub fn unix_now() -> u64 {
    since_epoch().as_secs()
}
