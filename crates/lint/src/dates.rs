//! Unix seconds as people and tags write them.

use jiff::Timestamp;

/// The day, YYYY-MM-DD.
pub(crate) fn day(seconds: u64) -> String {
    written(seconds, "%Y-%m-%d")
}

/// The instant, as `ayumi:valid-until` has it.
pub(crate) fn instant(seconds: u64) -> String {
    written(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

fn written(seconds: u64, format: &str) -> String {
    let at = i64::try_from(seconds).ok();
    let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or_else(|| seconds.to_string(), |at| at.strftime(format).to_string())
}
