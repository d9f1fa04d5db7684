//! The files that pages name. They are in the program, and their address changes with them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::Auditor;

const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/live.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// What follows the address of a file, so that browsers keep the file for good and still get a new one.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hasher = DefaultHasher::new();
        (STYLE, SCRIPT, ICON).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    });
    &VERSION
}

pub(super) fn routes() -> Router<Arc<Auditor>> {
    Router::new()
        .route(
            "/style.css",
            get(async || file("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/live.js",
            get(async || file("text/javascript; charset=utf-8", SCRIPT)),
        )
        .route("/icon.svg", get(async || file("image/svg+xml", ICON)))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (CONTENT_TYPE, kind),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ],
        text,
    )
}
