//! What stands before every route: who is let in, for how long, and what browsers may do with the answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Extension, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ayumi_http::{Client, Peer, Rates};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Problem;
use crate::Auditor;
use crate::config::{Config, REQUEST, REQUESTS};

/// Nothing but our own files, and nothing within the page: what members wrote cannot become a script.
const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, CSP),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Who is let in.
#[derive(Debug)]
pub(crate) struct Gate {
    /// How often.
    pub(crate) rates: Rates,
    /// How many at once.
    requests: Semaphore,
    /// Under which names.
    hosts: Hosts,
}

#[derive(Debug)]
struct Hosts {
    names: Vec<String>,
    /// Where the server listens; `None` where it is at every address.
    address: Option<IpAddr>,
}

impl Gate {
    pub(crate) fn new(config: &Config, listens: SocketAddr) -> Self {
        let address = Some(listens.ip()).filter(|address| !address.is_unspecified());
        let names = config
            .hosts
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        Self {
            rates: Rates::new(&config.limits()),
            requests: Semaphore::new(REQUESTS),
            hosts: Hosts { names, address },
        }
    }
}

impl Hosts {
    /// Whether the name is one of ours. A page that another site's name leads to could be read by that site.
    fn knows(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let address: Option<IpAddr> = name.parse().ok();
        name == "localhost"
            || address.is_some_and(|address| address.is_loopback() || Some(address) == self.address)
            || self.names.contains(&name)
    }
}

/// Without the port, and without the brackets of an IPv6 address.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// Lets a request in, or not, and sees that it ends.
pub(crate) async fn guard(
    State((auditor, gate)): State<(Arc<Auditor>, Arc<Gate>)>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let client = Client::of(peer, request.headers(), auditor.config.trusted_proxy);
    let mut response = match admit(&gate, client, &request) {
        Ok(_place) => {
            let answer = timeout(REQUEST, next.run(request)).await;
            answer.unwrap_or_else(|_| Problem::TooSlow.into_response())
        }
        Err(problem) => problem.into_response(),
    };
    protect(response.headers_mut());
    auditor
        .meter
        .answered(response.status().as_u16(), began.elapsed());
    response
}

fn admit<'a>(
    gate: &'a Gate,
    client: Client,
    request: &Request,
) -> Result<tokio::sync::SemaphorePermit<'a>, Problem> {
    // Whoever looks whether the process lives may not know its name.
    let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let host = host
        .or(request
            .uri()
            .authority()
            .map(axum::http::uri::Authority::as_str))
        .unwrap_or_default();
    if !is_probe && !gate.hosts.knows(host) {
        return Err(Problem::OtherHost(host.chars().take(100).collect()));
    }
    gate.rates
        .check(client)
        .map_err(|wait| Problem::TooOften { wait })?;
    gate.requests.try_acquire().map_err(|_| Problem::Overloaded)
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_known() {
        let hosts = Hosts {
            names: vec!["auditor.example".into()],
            address: "192.0.2.7".parse().ok(),
        };
        for ours in [
            "localhost",
            "localhost:8640",
            "LOCALHOST:1",
            "127.0.0.1:8640",
            "127.0.0.9",
            "[::1]:8640",
            "192.0.2.7:8640",
            "auditor.example",
            "Auditor.Example:443",
        ] {
            assert!(hosts.knows(ours), "{ours}");
        }
        for other in [
            "",
            ":8640",
            "evil.example",
            "localhost.evil.example",
            "192.0.2.8",
            "auditor.example.evil.example:8640",
            "[::2]",
            "[",
            "evil.example:localhost",
            "0.0.0.0",
        ] {
            assert!(!hosts.knows(other), "{other}");
        }
    }
}
