//! Bodies of requests: no more of them is taken than is due, and no client has us wait for ever.

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::Answer;
use super::problem::Problem;
use crate::Solver;

/// Refuses a body that says itself that it is too long, before anything is done for it.
pub fn announced(body: &Body, most: usize) -> Answer<()> {
    match body.size_hint().lower() {
        length if length > most as u64 => Err(Problem::TooLarge { most }),
        _ => Ok(()),
    }
}

/// All of it, if it is no longer than this, and something of it comes again and again.
pub async fn read(solver: &Solver, mut body: Body, most: usize) -> Answer<Bytes> {
    announced(&body, most)?;
    let stall = solver.config.limits.stall();
    let mut bytes = Vec::new();
    loop {
        let frame = timeout(stall, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Problem::TooSlow)? else {
            return Ok(bytes.into());
        };
        let frame = frame.map_err(|error| Problem::Malformed(format!("the body: {error}")))?;
        let part = frame.into_data().unwrap_or_default();
        if bytes.len() + part.len() > most {
            return Err(Problem::TooLarge { most });
        }
        bytes.extend_from_slice(&part);
    }
}
