//! What it answers to each request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::{Value, json};

use crate::state::{State, text};
use crate::{Fault, KEY, lock};

type Answer = (u16, Vec<u8>);

const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body>nginx</body></html>";

pub(crate) fn router(state: Arc<Mutex<State>>) -> Router {
    Router::new()
        .fallback(serve)
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}

async fn serve(
    Shared(state): Shared<Arc<Mutex<State>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = format!("{method} {}", uri.path());
    let fault = lock(&state).fault(&request);
    let answer = || {
        let question = serde_json::from_slice(&body).unwrap_or_default();
        let key = headers.get(AUTHORIZATION).and_then(|key| key.to_str().ok());
        answer(&mut lock(&state), &method, uri.path(), key, &question)
    };
    match fault {
        None => json_response(answer()),
        Some(Fault::Page(status)) => page(status),
        Some(Fault::DonePage(status)) => {
            answer();
            page(status)
        }
        Some(Fault::Cut) => cut(),
        Some(Fault::DoneCut) => {
            answer();
            cut()
        }
        Some(Fault::Limited(seconds)) => (
            StatusCode::TOO_MANY_REQUESTS,
            [
                (RETRY_AFTER.as_str(), seconds.to_string()),
                ("X-Rate-Limit-Limit", "1".into()),
                ("X-Rate-Limit-Remaining", "0".into()),
                ("X-Rate-Limit-Reset", seconds.to_string()),
            ],
            said(uri.path(), "Rate limit exceeded.").to_string(),
        )
            .into_response(),
        Some(Fault::Says(status, value)) => json_response((status, value.to_string().into())),
        Some(Fault::Redirect(to)) => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Huge) => promised(1 << 40, false),
    }
}

fn answer(
    state: &mut State,
    method: &Method,
    path: &str,
    key: Option<&str>,
    question: &Value,
) -> Answer {
    if key != Some(KEY) {
        let message = "Authentication failed. Please make sure you pass the API key of an API enabled user along in the Authorization header.";
        return failure(403, path, message);
    }
    let parts = path.trim_matches('/').split('/').collect::<Vec<_>>();
    match (method.as_str(), &parts[..]) {
        ("GET", ["servers", "getVersion" | "getVersion.json"]) => ok(&json!({
            "version": "2.4.200", "perm_sync": false, "perm_sighting": true, "perm_galaxy_editor": false,
            "request_encoding": ["gzip"], "filter_sightings": true,
        })),
        ("GET", ["users", "view", "me"]) => ok(&json!({
            "User": { "id": "1", "org_id": "1", "email": "analyst@misp.example", "role_id": "3" },
            "Role": { "id": "3", "name": "User", "perm_add": true, "perm_auth": true },
            "UserSetting": [],
        })),
        ("GET", ["servers", "getPyMISPVersion.json"]) => ok(&json!({ "version": "2.4.200" })),
        ("GET" | "POST", ["events", "view", event]) => match state.bytes(event) {
            Some(bytes) => (200, bytes),
            None => failure(404, path, "Invalid event"),
        },
        ("POST", ["events", "restSearch"]) => ok(&json!({ "response": state.search(question) })),
        ("GET" | "POST", ["events"] | ["events", "index"]) => ok(&json!(state.index())),
        ("POST", ["events", "add"]) => match state.add(inner(question, "Event")) {
            Some(event) => ok(&json!({ "Event": event })),
            None => failure(
                404,
                path,
                "Event already exists, if you would like to edit it, use the url in the location header.",
            ),
        },
        ("POST" | "PUT", ["events", "edit", event]) => match state.find(event) {
            None => failure(404, path, "Invalid event"),
            Some(uuid) => match state.edit(uuid, inner(question, "Event")) {
                Some(event) => ok(&json!({ "Event": event })),
                None => failure(
                    403,
                    path,
                    "Event could not be saved: Event in the request not newer than the local copy.",
                ),
            },
        },
        ("POST", ["objects", "add", event]) => {
            let object = inner(question, "Object");
            let uuid = state.find(event);
            match uuid.and_then(|uuid| state.attach(uuid, object)) {
                Some(object) => ok(&json!({ "Object": object })),
                None => failure(404, path, "Invalid event."),
            }
        }
        ("POST", ["sightings", "add", attribute]) => sight(state, path, attribute, question),
        ("POST", ["sightings", "restSearch", "event"]) => {
            let event = text(&question["id"]).unwrap_or_default();
            match state.find(&event) {
                Some(uuid) => {
                    let with_attribute = question["includeAttribute"] == true;
                    ok(&json!({ "response": state.sightings_of(uuid, with_attribute) }))
                }
                None => failure(404, path, "Invalid event."),
            }
        }
        _ => failure(404, path, "Controller could not be found."),
    }
}

/// A failure has status 200 here, as MISP's has.
fn sight(state: &mut State, path: &str, attribute: &str, question: &Value) -> Answer {
    let kind = match &question["type"] {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| u8::try_from(number).ok()),
        _ => Some(0),
    };
    let source = question["source"].as_str().unwrap_or_default();
    match kind.and_then(|kind| state.sight(attribute, kind, source)) {
        Some(sighting) => ok(&json!({ "Sighting": sighting })),
        None => failure(
            200,
            path,
            "Could not add Sighting. Reason: No valid attributes found.",
        ),
    }
}

fn inner<'a>(question: &'a Value, key: &str) -> &'a Value {
    question.get(key).unwrap_or(question)
}

fn ok(value: &Value) -> Answer {
    (200, value.to_string().into())
}

fn failure(status: u16, path: &str, message: &str) -> Answer {
    (status, said(path, message).to_string().into())
}

fn said(path: &str, message: &str) -> Value {
    json!({ "name": message, "message": message, "url": path })
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).expect("tests say real statuses")
}

fn json_response((number, bytes): Answer) -> Response {
    (status(number), [(CONTENT_TYPE, "application/json")], bytes).into_response()
}

fn page(number: u16) -> Response {
    (status(number), [(CONTENT_TYPE, "text/html")], PAGE).into_response()
}

fn cut() -> Response {
    promised(1_000, true)
}

/// An answer of which less comes than is said.
fn promised(bytes: u64, ends: bool) -> Response {
    let length = bytes.to_string();
    (
        [(CONTENT_LENGTH, length)],
        Body::new(Start { is_due: true, ends }),
    )
        .into_response()
}

/// The first byte of a body, which then ends, or never does.
struct Start {
    is_due: bool,
    ends: bool,
}

impl hyper::body::Body for Start {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.is_due && !self.ends {
            return Poll::Pending;
        }
        let is_due = std::mem::take(&mut self.is_due);
        Poll::Ready(is_due.then(|| Ok(Frame::data(Bytes::from_static(b"{")))))
    }
}
