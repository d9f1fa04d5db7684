use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::{Access, Key};
use crate::error::{Error, Result};
use crate::http::{Http, Repeat, message};
use crate::search::{Events, Index, Query};

const JSON: &str = "application/json";

/// A MISP server, as one of its users sees it.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
    key: Option<Key>,
}

impl Client {
    /// Of a server; nothing is asked yet.
    pub fn new(access: &Access) -> Result<Self> {
        Ok(Self {
            http: Http::new(access)?,
            key: access.key.clone(),
        })
    }

    /// The server's base URL.
    pub fn url(&self) -> &str {
        self.http.base().as_str()
    }

    /// The server's version; that it answers, and takes the key.
    pub async fn version(&self) -> Result<String> {
        let what = "GET servers/getVersion";
        let answer = self.get(what, "servers/getVersion").await?;
        let answer = self.json(what, &answer)?;
        let version = answer["version"].as_str();
        version
            .map(str::to_owned)
            .ok_or_else(|| self.not_misp(what))
    }

    /// An event byte for byte as the server answers it, `{"Event": …}`; `None` where the user sees no such event.
    pub async fn event(&self, uuid: Uuid) -> Result<Option<Vec<u8>>> {
        let path = format!("events/view/{uuid}");
        let what = format!("GET {path}");
        match self.get(&what, &path).await {
            Ok(bytes) => {
                self.has(&what, &self.json(&what, &bytes)?, "Event")?;
                Ok(Some(bytes))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An event as JSON.
    pub(crate) async fn event_json(&self, uuid: Uuid) -> Result<Option<Value>> {
        let bytes = self.event(uuid).await?;
        let event = bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        Ok(event.map(|mut event| event["Event"].take()))
    }

    /// What the server knows of the events that a query finds, page by page, without what is in them.
    pub fn index(&self, query: Query) -> Index {
        Index::new(self.clone(), query)
    }

    /// The events that a query finds, each fetched when it is asked for.
    pub fn events(&self, query: Query) -> Events {
        Events::new(self.index(query))
    }

    pub(crate) async fn get(&self, what: &str, path: &str) -> Result<Vec<u8>> {
        let request = self.http.request(Method::GET, path)?;
        self.send(what, request, Repeat::Freely).await
    }

    /// A question with a body.
    pub(crate) async fn ask(&self, path: &str, question: &Value) -> Result<Value> {
        self.post(path, question, Repeat::Freely).await
    }

    /// What changes something; sent once. The answer has `expected`, or says why not, whatever its status.
    pub(crate) async fn change(&self, path: &str, body: &Value, expected: &str) -> Result<Value> {
        let answer = self.post(path, body, Repeat::Never).await?;
        self.has(&format!("POST {path}"), &answer, expected)?;
        Ok(answer)
    }

    async fn post(&self, path: &str, body: &Value, repeat: Repeat) -> Result<Value> {
        let what = format!("POST {path}");
        let request = self.http.request(Method::POST, path)?;
        let request = request.header(CONTENT_TYPE, JSON).body(body.to_string());
        let bytes = self.send(&what, request, repeat).await?;
        self.json(&what, &bytes)
    }

    async fn send(
        &self,
        what: &str,
        request: reqwest::RequestBuilder,
        repeat: Repeat,
    ) -> Result<Vec<u8>> {
        let mut request = request.header(ACCEPT, JSON);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        self.http.send(what, request, repeat).await
    }

    fn json(&self, what: &str, bytes: &[u8]) -> Result<Value> {
        serde_json::from_slice(bytes).map_err(|_| Error::NotMisp {
            what: self.at(what),
            found: message(bytes),
        })
    }

    /// MISP answers some failures with status 200 and a message.
    fn has(&self, what: &str, answer: &Value, key: &str) -> Result<()> {
        if answer.get(key).is_some_and(Value::is_object) {
            return Ok(());
        }
        let is_said = ["message", "errors", "name"]
            .iter()
            .any(|key| answer.get(key).is_some());
        if !is_said {
            return Err(self.not_misp(what));
        }
        Err(Error::Refused {
            what: self.at(what),
            status: 200,
            message: message(answer.to_string().as_bytes()),
        })
    }

    pub(crate) fn not_misp(&self, what: &str) -> Error {
        Error::NotMisp {
            what: self.at(what),
            found: "other JSON".into(),
        }
    }

    fn at(&self, what: &str) -> String {
        format!("{what} at {}", self.url())
    }
}

/// The list of an answer: bare, or as `response`, as MISP's versions have it.
pub(crate) fn list(mut answer: Value) -> Option<Vec<Value>> {
    let found = match answer.get_mut("response") {
        Some(response) => response.take(),
        None => answer,
    };
    match found {
        Value::Array(list) => Some(list),
        _ => None,
    }
}

/// An object in the envelope of its name.
pub(crate) fn wrapped(name: &str, value: &Value) -> Value {
    json!({ name: value })
}
