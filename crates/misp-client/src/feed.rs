//! Feeds as MISP has them: `manifest.json`, `<uuid>.json` for each event, `hashes.csv`.

mod folder;
mod read;

pub use folder::{Change, FeedEdit, FeedFolder};
pub use read::Feed;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const HASHES: &str = "hashes.csv";
