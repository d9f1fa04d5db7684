//! The client of a solver's HTTP interface (`docs/protocol.md`).
//!
//! Whatever a solver answers, it is limited in size and time, no redirect is followed, and nothing of it is believed
//! before it was checked against the chain.

mod error;

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy::sol_types::Eip712Domain;
use ayumi_chain::Wallet;
use ayumi_contracts::messages::{Asset, Fetch, Note, Receipt};
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use error::SolverError;

/// Until a connection is given up.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Until a small request is given up.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Until the transfer of a payload is given up: 32 MiB at 2 Mbit/s.
const TRANSFER_WITHIN: Duration = Duration::from_secs(150);

/// The most bytes of an answer in JSON.
const MAX_JSON_BYTES: usize = 64 * 1024;

/// How long a request for an item stays good, in seconds; a solver takes ten minutes at most.
const FETCH_S: u64 = 300;

/// Where to wait where the solver does not say.
const DEFAULT_RETRY: Duration = Duration::from_millis(500);

/// Connections to solvers, shared by all endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new() -> Self {
        let client = ayumi_chain::http()
            .connect_timeout(CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ayumi/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(client.expect("the settings are constants, and valid"))
    }
}

/// A solver's interface at a URL.
#[derive(Debug, Clone)]
pub struct Endpoint {
    http: Http,
    base: Url,
    solver: Address,
}

/// What a solver says of itself at `GET /v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its account.
    pub solver: Address,
    /// The chain that it delivers on.
    pub chain_id: u64,
    /// The operator that it delivers for.
    pub operator: Address,
    /// To which assets are sealed, as it says; what counts is the chain.
    pub sealing_key: B256,
    /// The longest payload that it takes.
    pub max_payload_bytes: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    kind: String,
    message: String,
    #[serde(default)]
    hint: Option<String>,
}

impl Endpoint {
    /// Of the solver with this account, at its registered endpoint.
    pub(crate) fn new(http: &Http, solver: Address, endpoint: &str) -> Result<Self, SolverError> {
        let bad = || SolverError::BadEndpoint {
            endpoint: endpoint.to_owned(),
        };
        let mut base = Url::parse(endpoint).map_err(|_| bad())?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(bad());
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Self {
            http: http.clone(),
            base,
            solver,
        })
    }

    /// The account of the solver.
    pub fn solver(&self) -> Address {
        self.solver
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Asks the solver who it is.
    pub(crate) async fn identity(&self) -> Result<Identity, SolverError> {
        let request = self.request(Method::GET, "v1", ANSWER_WITHIN)?;
        let response = self.answered(request).await?;
        self.json(response).await
    }

    /// Asks the solver who it is, and checks that it is the one that the chain knows, on this chain.
    pub(crate) async fn check(&self, domain: &Eip712Domain) -> Result<Identity, SolverError> {
        let identity = self.identity().await?;
        let chain_id = domain.chain_id.unwrap_or_default();
        let operator = domain.verifying_contract.unwrap_or_default();
        let mismatch = |what, found: String, expected: String| {
            let url = self.url().to_owned();
            Err(SolverError::OtherSolver {
                url,
                what,
                found,
                expected,
            })
        };
        if U256::from(identity.chain_id) != chain_id {
            return mismatch("chain", identity.chain_id.to_string(), chain_id.to_string());
        }
        if identity.operator != operator {
            return mismatch(
                "operator",
                identity.operator.to_string(),
                operator.to_string(),
            );
        }
        if identity.solver != self.solver {
            return mismatch(
                "solver",
                identity.solver.to_string(),
                self.solver.to_string(),
            );
        }
        Ok(identity)
    }

    /// Gives the solver a product's payload, sealed.
    pub(crate) async fn put_asset(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (content_root, payload_length): (B256, u64),
        sealed: Vec<u8>,
    ) -> Result<(), SolverError> {
        let message = Asset {
            contentRoot: content_root,
            payloadLength: payload_length,
            solver: self.solver,
        };
        let request = self
            .request(
                Method::PUT,
                &format!("v1/assets/{content_root}"),
                TRANSFER_WITHIN,
            )?
            .header("Ayumi-Payload-Length", payload_length)
            .header("Ayumi-Signature", text(&wallet.sign(&message, domain)))
            .header(reqwest::header::CONTENT_TYPE, "application/octet-stream")
            .body(sealed);
        self.answered(request).await.map(drop)
    }

    /// Fetches what a party of a task may have: `delivery`, `feedback-note` or `answer-note`, at most `limit` bytes.
    pub(crate) async fn fetch(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (task, item): (U256, &str),
        limit: usize,
    ) -> Result<Vec<u8>, SolverError> {
        let expiry = now() + FETCH_S;
        let message = Fetch {
            task,
            item: item.to_owned(),
            solver: self.solver,
            expiry,
        };
        let request = self
            .request(
                Method::GET,
                &format!("v1/tasks/{task}/{item}"),
                TRANSFER_WITHIN,
            )?
            .header("Ayumi-Signature", text(&wallet.sign(&message, domain)))
            .header("Ayumi-Expiry", expiry);
        let response = self.answered(request).await?;
        self.body(response, limit).await
    }

    /// Gives the solver the consumer's receipt.
    pub(crate) async fn post_receipt(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (task, ciphertext_root, key_hash): (U256, B256, B256),
    ) -> Result<(), SolverError> {
        let message = Receipt {
            task,
            ciphertextRoot: ciphertext_root,
            keyHash: key_hash,
        };
        let signature = wallet.sign(&message, domain);
        let body = |signature| json!({ "ciphertextRoot": ciphertext_root, "keyHash": key_hash, "signature": signature });
        let path = format!("v1/tasks/{task}/receipt");
        let post = |body: &Value| Ok(self.request(Method::POST, &path, ANSWER_WITHIN)?.json(body));
        match self.answered(post(&body(json!(text(&signature))))?).await {
            // Solvers up to 0.1.0 take the parts of a signature instead of its 65 bytes.
            Err(error) if error.kind() == "malformed" => self
                .answered(post(&body(json!(signature)))?)
                .await
                .map(drop),
            answer => answer.map(drop),
        }
    }

    /// Leaves a sealed note for the other party of a task; `kind` is `feedback-note` or `answer-note`.
    pub(crate) async fn put_note(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (task, kind): (U256, &str),
        sealed: Vec<u8>,
    ) -> Result<(), SolverError> {
        let message = Note {
            task,
            kind: kind.to_owned(),
            sealedHash: keccak256(&sealed),
            solver: self.solver,
        };
        let request = self
            .request(
                Method::PUT,
                &format!("v1/tasks/{task}/{kind}"),
                ANSWER_WITHIN,
            )?
            .header("Ayumi-Signature", text(&wallet.sign(&message, domain)))
            .header(reqwest::header::CONTENT_TYPE, "application/octet-stream")
            .body(sealed);
        self.answered(request).await.map(drop)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        within: Duration,
    ) -> Result<RequestBuilder, SolverError> {
        let bad = |_| SolverError::BadEndpoint {
            endpoint: self.url().to_owned(),
        };
        let url = self.base.join(path).map_err(bad)?;
        Ok(self.http.0.request(method, url).timeout(within))
    }

    /// The answer, if it is a good one.
    async fn answered(&self, request: RequestBuilder) -> Result<Response, SolverError> {
        let response = request.send().await.map_err(|error| self.silent(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let retry = retry_after(&response);
        let body = self.body(response, MAX_JSON_BYTES).await?;
        let Ok(Refusal { error }) = serde_json::from_slice::<Refusal>(&body) else {
            return Err(self.stranger(format!("HTTP status {status}"), status));
        };
        Err(SolverError::Refused {
            url: self.url().to_owned(),
            kind: error.kind,
            message: error.message,
            advice: error.hint.unwrap_or_default(),
            retry: is_for_later(status, retry).then_some(retry.unwrap_or(DEFAULT_RETRY)),
        })
    }

    async fn json<T: for<'a> Deserialize<'a>>(&self, response: Response) -> Result<T, SolverError> {
        let status = response.status();
        let body = self.body(response, MAX_JSON_BYTES).await?;
        serde_json::from_slice(&body).map_err(|error| {
            let what = if body.trim_ascii_start().starts_with(b"<") {
                "HTML".into()
            } else {
                error.to_string()
            };
            self.stranger(what, status)
        })
    }

    /// The whole answer, or none of it where it is longer than it may be.
    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, SolverError> {
        let mut body = Vec::new();
        while let Some(part) = response
            .chunk()
            .await
            .map_err(|error| self.silent(&error))?
        {
            if body.len() + part.len() > limit {
                return Err(SolverError::TooLong {
                    url: self.url().to_owned(),
                    limit,
                });
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn silent(&self, error: &reqwest::Error) -> SolverError {
        let url = self.url().to_owned();
        if error.is_timeout() && !error.is_connect() {
            return SolverError::TimedOut { url };
        }
        SolverError::Unreachable {
            url,
            cause: innermost(error),
        }
    }

    fn stranger(&self, cause: String, status: StatusCode) -> SolverError {
        // What stands in front of a solver that restarts speaks HTML, too.
        let passing = matches!(
            status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        SolverError::NotASolver {
            url: self.url().to_owned(),
            cause,
            passing,
        }
    }
}

fn is_for_later(status: StatusCode, retry: Option<Duration>) -> bool {
    retry.is_some()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        )
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse::<f64>()
        .ok()?;
    Duration::try_from_secs_f64(seconds.clamp(0.05, 30.0)).ok()
}

fn text(signature: &Signature) -> String {
    Bytes::from(signature.as_bytes().to_vec()).to_string()
}

pub(crate) fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

/// "Connection refused" says more than "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
