//! HTTP, and what the rules say of a call.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use alloy::primitives::{hex, keccak256};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::rule::{Answer, Call, Fault};
use super::{Shared, Upstream, lock, socket};

type Body = Full<Bytes>;

/// What becomes of a call, when all rules that wait are done.
pub(super) enum Verdict {
    Forward,
    Lose,
    Answer(Answer),
    Status(u16, String),
    Cut,
}

/// Serves until the proxy is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    let accepting = async {
        let mut connections = JoinSet::new();
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                connections.spawn(connection(stream, Arc::clone(&shared)));
            }
            while connections.try_join_next().is_some() {}
        }
    };
    let _: Option<Infallible> = stop.run_until_cancelled(accepting).await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // It ends in an error where it is cut, which is what was asked for.
    let _ = connection.await;
}

/// An error ends the connection without an answer.
async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    if !shared.lets_in(request.headers()) {
        let error = json!({ "jsonrpc": "2.0", "id": null, "error": unauthorised() });
        return respond(401, error.to_string());
    }
    if request.headers().contains_key(UPGRADE) {
        return socket::upgrade(shared, request);
    }
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?;
    let body = body.to_bytes();
    match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Array(calls)) => batch(&shared, calls).await,
        Ok(call) => single(&shared, &call, body).await,
        Err(_) => pass(&shared.upstream, body).await,
    }
}

/// Sends on the very bytes, unless a rule says something else.
async fn single(shared: &Shared, call: &Value, body: Bytes) -> io::Result<Response<Body>> {
    match shared.judge(call).await {
        Verdict::Forward => pass(&shared.upstream, body).await,
        Verdict::Lose => {
            shared.upstream.post(body).await;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        Verdict::Answer(answer) => respond(200, envelope(call, answer).to_string()),
        Verdict::Status(status, text) => respond(status, text),
        Verdict::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Each call by itself, one after the other. What concerns the whole request ends it.
async fn batch(shared: &Shared, calls: Vec<Value>) -> io::Result<Response<Body>> {
    let mut answers = Vec::new();
    for call in calls {
        let body = Bytes::from(call.to_string());
        match shared.judge(&call).await {
            Verdict::Forward => {
                let (_, answer) = shared.upstream.post(body).await.ok_or_else(gone)?;
                answers.push(serde_json::from_slice(&answer)?);
            }
            Verdict::Lose => {
                shared.upstream.post(body).await;
            }
            Verdict::Answer(answer) => answers.push(envelope(&call, answer)),
            Verdict::Status(status, text) => return respond(status, text),
            Verdict::Cut => return Err(gone()),
        }
    }
    respond(200, Value::Array(answers).to_string())
}

async fn pass(node: &Upstream, body: Bytes) -> io::Result<Response<Body>> {
    let (status, answer) = node.post(body).await.ok_or_else(gone)?;
    respond(status, answer)
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn respond(status: u16, body: impl Into<Bytes>) -> io::Result<Response<Body>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// The answer to a call as it goes over the wire.
pub(super) fn envelope(call: &Value, answer: Answer) -> Value {
    let (name, value) = match answer {
        Ok(result) => ("result", result),
        Err(error) => ("error", error),
    };
    json!({ "jsonrpc": "2.0", "id": call["id"], name: value })
}

/// What Besu says to whom it does not know.
pub(super) fn unauthorised() -> Value {
    json!({ "code": -40100, "message": "Unauthorized" })
}

impl Shared {
    /// Whether the request brings the token, if one is asked for.
    pub(super) fn lets_in(&self, headers: &HeaderMap) -> bool {
        let token = lock(&self.token);
        let Some(token) = &*token else { return true };
        let shown = headers
            .get(AUTHORIZATION)
            .and_then(|shown| shown.to_str().ok());
        shown.and_then(|shown| shown.strip_prefix("Bearer ")) == Some(token)
    }

    /// Goes through the rules as they are now.
    pub(super) async fn judge(&self, call: &Value) -> Verdict {
        let call = Call {
            method: call["method"].as_str().unwrap_or_default().to_owned(),
            params: call["params"].clone(),
        };
        *lock(&self.seen).entry(call.method.clone()).or_default() += 1;
        let rules = lock(&self.rules).clone();
        for rule in rules {
            let Some(fault) = rule.take(&call) else {
                continue;
            };
            if let Some(verdict) = self.verdict(fault, &call).await {
                return verdict;
            }
        }
        Verdict::Forward
    }

    async fn verdict(&self, fault: &Fault, call: &Call) -> Option<Verdict> {
        Some(match fault {
            Fault::Forward => Verdict::Forward,
            Fault::Result(result) => Verdict::Answer(Ok(result.clone())),
            Fault::Error(error) => Verdict::Answer(Err(error.clone())),
            Fault::Status(status, text) => Verdict::Status(*status, text.clone()),
            Fault::Delay(time) => {
                tokio::time::sleep(*time).await;
                return None;
            }
            Fault::Hold(gate) => {
                gate.opened().await;
                return None;
            }
            Fault::Lose => Verdict::Lose,
            Fault::Swallow => Verdict::Answer(Ok(hash(call))),
            Fault::Stale(blocks) => Verdict::Answer(stale(*blocks, call, &self.upstream).await?),
            Fault::Cut => Verdict::Cut,
            Fault::Play(play) => Verdict::Answer(play(call.clone(), self.upstream.clone()).await?),
        })
    }
}

/// Of the transaction that the call sends.
fn hash(call: &Call) -> Value {
    let raw = call
        .text()
        .filter(|_| call.method == "eth_sendRawTransaction");
    let raw = raw.and_then(|raw| hex::decode(raw).ok());
    raw.map_or(Value::Null, |raw| json!(keccak256(raw)))
}

/// The head as it was, if that is what the call asks for.
async fn stale(blocks: u64, call: &Call, node: &Upstream) -> Option<Answer> {
    let is_latest = call.method == "eth_getBlockByNumber" && call.text() == Some("latest");
    if !is_latest && call.method != "eth_blockNumber" {
        return None;
    }
    let head = match super::besu::head(node).await {
        Ok(head) => json!(format!("{:#x}", head.saturating_sub(blocks))),
        Err(error) => return Some(Err(error)),
    };
    if !is_latest {
        return Some(Ok(head));
    }
    let params = json!([head, call.params[1]]);
    Some(node.call(&call.method, params).await)
}
