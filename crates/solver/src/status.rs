//! What a solver that runs says of itself.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Config;
use crate::check::innermost;

/// How long the solver has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the names of all figures begin with.
const PREFIX: &str = "ayumi_solver_";

/// Why a solver's state is not known.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The configuration takes a free port.
    #[error("the configuration does not say which port the solver serves at: give --url")]
    AnyPort,
    /// Nobody answers.
    #[error("no solver answers at {url}: {cause}")]
    Silent {
        /// Where it was asked.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// What answers is something else.
    #[error("what answers at {url} is no solver")]
    Stranger {
        /// Where it was asked.
        url: String,
    },
}

/// The state of a solver.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Where it was asked.
    pub url: String,
    /// Whether it works.
    pub ready: bool,
    /// Why it does not.
    pub reasons: Vec<String>,
    /// Figures of `/metrics`, without `ayumi_solver_` before them.
    pub metrics: BTreeMap<String, f64>,
}

/// Where to ask, and whether the certificate there needs to be of that name.
#[derive(Debug)]
pub struct Place {
    url: String,
    is_own: bool,
}

impl Place {
    /// At a URL.
    pub fn at(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            is_own: false,
        }
    }

    /// Where a configuration has its solver serve.
    pub fn of(config: &Config) -> Result<Self, StatusError> {
        let mut address = config.listen;
        if address.port() == 0 {
            return Err(StatusError::AnyPort);
        }
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let scheme = if config.tls.is_some() {
            "https"
        } else {
            "http"
        };
        Ok(Self {
            url: format!("{scheme}://{address}"),
            is_own: true,
        })
    }
}

impl Status {
    /// Asks.
    pub async fn read(place: Place) -> Result<Self, StatusError> {
        let Place { url, is_own } = place;
        let silent = |error: reqwest::Error| StatusError::Silent {
            url: url.clone(),
            cause: innermost(&error),
        };
        // The certificate is of the name that others use, not of this machine's own address.
        let client = ayumi_chain::http(|client| {
            let client = client.timeout(PATIENCE);
            client.tls_danger_accept_invalid_certs(is_own)
        });
        let client = client.map_err(silent)?;
        let get = async |path: &str| {
            client
                .get(format!("{url}{path}"))
                .send()
                .await?
                .text()
                .await
        };
        let said = get("/readyz").await.map_err(silent)?;
        let metrics = get("/metrics").await.map_err(silent)?;
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        let stranger = || StatusError::Stranger { url: url.clone() };
        let ready = match (&said["ready"], &said["error"]["message"]) {
            (Value::Bool(ready), _) => *ready,
            (_, Value::String(_)) => false,
            _ => return Err(stranger()),
        };
        let reasons = said["reasons"].as_array().into_iter().flatten();
        let reasons = reasons.chain([&said["error"]["message"]]);
        let reasons = reasons.filter_map(Value::as_str).map(str::to_owned);
        Ok(Self {
            ready,
            reasons: reasons.collect(),
            metrics: figures(&metrics),
            url,
        })
    }

    fn figure(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied()
    }

    /// The sum of a figure over its labels.
    fn sum(&self, name: &str) -> f64 {
        let labelled = format!("{name}{{");
        let all = self.metrics.iter();
        all.filter(|(found, _)| found.starts_with(&labelled))
            .map(|(_, value)| value)
            .sum()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |what: &str, said: &str| writeln!(f, "{what:<20}{said}");
        row("solver", &self.url)?;
        row("ready", if self.ready { "yes" } else { "no" })?;
        for reason in &self.reasons {
            row("", reason)?;
        }
        for (what, name, unit) in [
            ("block", "chain_head_number", ""),
            ("its age", "chain_head_age_seconds", " s"),
            ("read", "chain_read_age_seconds", " s ago"),
            ("open tasks", "tasks_open", ""),
            ("  with a receipt", "tasks_receipted", ""),
            ("  to be declined", "tasks_refused", ""),
            ("  parked", "tasks_parked", ""),
            ("  oldest", "oldest_task_age_seconds", " s"),
            ("in flight", "transactions_in_flight", ""),
            ("  at most", "nonce_window", ""),
            ("delivered", "deliveries_total", ""),
            ("declined", "declines_total", ""),
            ("sent again", "retries_total", ""),
        ] {
            let mut said = "unknown".to_owned();
            if let Some(value) = self.figure(name) {
                said.clear();
                write!(said, "{value:.0}{unit}")?;
            }
            row(what, &said)?;
        }
        row("errors", &format!("{:.0}", self.sum("errors_total")))?;
        row("refusals", &format!("{:.0}", self.sum("refusals_total")))
    }
}

/// Of the text format of Prometheus.
fn figures(text: &str) -> BTreeMap<String, f64> {
    let figure = |line: &str| {
        let (name, value) = line.strip_prefix(PREFIX)?.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(figure).collect()
}
