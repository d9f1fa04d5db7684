//! The node behind a proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{Answer, lock, runtime};

/// A node, past all rules. Clones are of the same node, also when it gets another address.
#[derive(Clone)]
pub struct Upstream {
    address: Arc<Mutex<Option<SocketAddr>>>,
    client: reqwest::Client,
}

impl Upstream {
    /// The node at this address, or none.
    pub fn at(address: Option<SocketAddr>) -> Self {
        let client = ayumi_chain::http(reqwest::ClientBuilder::no_proxy);
        Self {
            address: Arc::new(Mutex::new(address)),
            client: client.expect("there are no settings that could be wrong"),
        }
    }

    pub(super) fn nowhere() -> Self {
        Self::at(None)
    }

    pub(super) fn towards(&self, address: Option<SocketAddr>) {
        *lock(&self.address) = address;
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        *lock(&self.address)
    }

    /// Calls the node. Without an answer, the error is a text.
    pub async fn call(&self, method: &str, params: Value) -> Answer {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (node, body) = (self.clone(), Bytes::from(request.to_string()));
        // Connections that are kept belong to one runtime, and callers come from others.
        let posting = runtime().spawn(async move { node.post(body).await });
        let answer = posting
            .await
            .ok()
            .flatten()
            .ok_or("the node does not answer")?;
        let mut answer = serde_json::from_slice::<Value>(&answer.1).map_err(|_| "no JSON")?;
        match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        }
    }

    /// Sends a body on; returns status and body of the answer.
    pub(super) async fn post(&self, body: Bytes) -> Option<(u16, Bytes)> {
        let url = format!("http://{}", self.address()?);
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.ok()?;
        Some((answer.status().as_u16(), answer.bytes().await.ok()?))
    }
}
