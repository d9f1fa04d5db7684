//! What stands before every route: who is let in, for how long, and in which form refusals go out.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Extension, Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ayumi_http::{Client, Peer, Rates, Share, Shares};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::Answer;
use super::problem::{Kind, Problem};
use crate::{Limits, Solver};

/// Bytes of an explanation that are passed on, at most.
const EXPLANATION: usize = 1_024;

/// Who is let in.
#[derive(Debug)]
pub struct Gate {
    /// How often.
    pub rates: Rates,
    /// How many requests at once.
    shares: Shares,
}

/// A place among those who are let in.
struct Admitted<'a> {
    _request: SemaphorePermit<'a>,
    _share: Share,
}

impl Gate {
    /// As the configuration has it.
    pub fn new(limits: &Limits) -> Self {
        Self {
            rates: Rates::new(&limits.of_clients()),
            shares: Shares::new(limits.client_requests),
        }
    }
}

/// Lets a request in, or not, before anything of it is looked at, and sees that it ends.
pub async fn guard(
    State((solver, gate)): State<(Arc<Solver>, Arc<Gate>)>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let limits = &solver.config.limits;
    let client = Client::of(peer, request.headers(), limits.trusted_proxy);
    let response = match admit(&solver, &gate, client) {
        Ok(_admitted) => {
            let answer = solver.meter.http.wait(next.run(request));
            let answer = timeout(limits.request(), answer).await;
            answer.unwrap_or_else(|_| Problem::TooSlow.into_response())
        }
        Err(problem) => problem.into_response(),
    };
    let response = in_form(response).await;
    let kind = response.extensions().get().map(|Kind(kind)| *kind);
    solver.meter.answered(response.status().as_u16(), kind);
    response
}

/// So many requests at once, of all and of each client, and so many of each client in a second.
fn admit<'a>(solver: &'a Solver, gate: &Gate, client: Client) -> Answer<Admitted<'a>> {
    gate.rates
        .check(client)
        .map_err(|wait| Problem::TooOften { wait })?;
    let share = gate.shares.take(client).ok_or(Problem::TooOften {
        wait: std::time::Duration::ZERO,
    })?;
    let request = solver.requests.try_acquire();
    Ok(Admitted {
        _request: request.map_err(|_| Problem::Overloaded)?,
        _share: share,
    })
}

/// The refusals of the libraries, in the form of ours.
async fn in_form(response: Response) -> Response {
    let status = response.status();
    let has_form = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if has_form || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (head, body) = response.into_parts();
    let said = to_bytes(body, EXPLANATION).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let mut response = Problem::of(status, said).into_response();
    if let Some(methods) = head.headers.get(ALLOW) {
        response.headers_mut().insert(ALLOW, methods.clone());
    }
    response
}
