use eyre::{Result, WrapErr, eyre};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Requests in one batch.
const BATCH: usize = 200;

/// A node's JSON-RPC over connections that stay open, with nothing around it.
#[derive(Debug, Clone)]
pub struct Rpc {
    client: reqwest::Client,
    url: String,
}

#[derive(serde::Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<Value>,
}

impl<T: DeserializeOwned> Answer<T> {
    fn result(self, method: &str) -> Result<T> {
        match (self.result, self.error) {
            (Some(result), _) => Ok(result),
            (None, Some(error)) => Err(eyre!("{method}: {error}")),
            // Some methods have nothing to say.
            (None, None) => Ok(serde_json::from_value(Value::Null)?),
        }
    }
}

impl Rpc {
    /// Of the node at `url`.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            client: ayumi_chain::http(|client| client)?,
            url: url.to_owned(),
        })
    }

    /// Calls a method.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: impl Serialize,
    ) -> Result<T> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let answer = self.client.post(&self.url).json(&request).send().await;
        let answer = answer.wrap_err_with(|| method.to_owned())?;
        answer.json::<Answer<T>>().await?.result(method)
    }

    /// Calls a method, and counts the bytes of the answer.
    pub async fn bytes(&self, method: &str, parameters: impl Serialize) -> Result<usize> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let answer = self.client.post(&self.url).json(&request).send().await;
        let mut answer = answer.wrap_err_with(|| method.to_owned())?;
        let mut bytes = 0;
        while let Some(part) = answer.chunk().await? {
            bytes += part.len();
        }
        Ok(bytes)
    }

    /// Calls a method with each of these parameters, many in one request.
    pub async fn all<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: &[Value],
    ) -> Result<Vec<T>> {
        let mut results = Vec::with_capacity(parameters.len());
        for part in parameters.chunks(BATCH) {
            let requests: Vec<_> = part
                .iter()
                .enumerate()
                .map(|(id, parameters)| {
                    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters })
                })
                .collect();
            let answer = self.client.post(&self.url).json(&requests).send().await;
            let answers: Vec<Answer<T>> =
                answer.wrap_err_with(|| method.to_owned())?.json().await?;
            for answer in answers {
                results.push(answer.result(method)?);
            }
        }
        Ok(results)
    }
}
