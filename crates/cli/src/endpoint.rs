//! The client of a solver's HTTP interface (`docs/protocol.md`).
//!
//! Whatever a solver answers, it is limited in size and time, no redirect is followed, and nothing of it is believed
//! before it was checked against the chain.

mod error;
mod signed;

use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::Eip712Domain;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};

pub use error::SolverError;

/// Until a connection is given up.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long a solver may be busy, or take to be started again.
const PATIENCE: Duration = Duration::from_secs(15);

/// Until a small request is given up.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Until the transfer of a payload is given up: 32 MiB at 2 Mbit/s.
const TRANSFER_WITHIN: Duration = Duration::from_secs(150);

/// The most bytes of an answer in JSON.
const MAX_JSON_BYTES: usize = 64 * 1024;

/// Where to wait where the solver does not say.
const DEFAULT_RETRY: Duration = Duration::from_millis(500);

/// Connections to solvers, shared by all endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new() -> Self {
        let client = ayumi_chain::http(|client| {
            client
                .connect_timeout(CONNECT_WITHIN)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("ayumi/", env!("CARGO_PKG_VERSION")))
        });
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
        let ask = || async {
            let request = self.request(Method::GET, "v1", ANSWER_WITHIN)?;
            let response = self.answered(request).await?;
            self.json(response).await
        };
        patiently(ask).await
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

/// Asks again where a solver is busy, or just being started again. Only for what may be asked twice.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, SolverError>
where
    F: Future<Output = Result<T, SolverError>>,
{
    let since = Instant::now();
    loop {
        match ask().await {
            Err(error) if since.elapsed() < PATIENCE => match error.retry() {
                Some(pause) => tokio::time::sleep(pause.min(PATIENCE / 30)).await,
                None => return Err(error),
            },
            answer => return answer,
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

/// The time of this machine, in Unix seconds.
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
