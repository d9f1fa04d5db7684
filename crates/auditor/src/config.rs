use std::net::SocketAddr;
use std::time::Duration;

use alloy::primitives::Address;
use ayumi_audit::Location;
use ayumi_chain::Network;
use reqwest::Url;

/// What the auditor is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The index.
    pub index: Location,
    /// What keeps it up; without it, it is shown as it is, and another process may keep it up.
    pub node: Option<Node>,
    /// Where to serve; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names and addresses, besides those of this machine, by which browsers may ask for the page.
    pub hosts: Vec<String>,
    /// Whether a proxy stands before the auditor, and its `X-Forwarded-For` says who the client is.
    pub trusted_proxy: bool,
    /// Requests of one client in a second, on average; 0 for as many as it likes.
    pub client_rate: u32,
    /// How often the figures are compared with the chain; `None` for never.
    pub verify_every: Option<Duration>,
}

/// The chain to read.
#[derive(Debug, Clone)]
pub struct Node {
    /// `http://…`.
    pub rpc: Url,
    /// The address of the `CTIOperator`.
    pub operator: Address,
    /// The network's profile.
    pub network: Network,
}

/// Requests that are answered at once, of all clients; each may hold a connection to the index.
pub(crate) const REQUESTS: usize = 64;

/// Until a request must be answered.
pub(crate) const REQUEST: Duration = Duration::from_secs(30);

impl Config {
    pub(crate) fn limits(&self) -> ayumi_http::Limits {
        ayumi_http::Limits {
            connections: 1_024,
            client_requests: 64,
            client_rate: self.client_rate,
            client_burst: self.client_rate.saturating_mul(5),
            trusted_proxy: self.trusted_proxy,
            header: Duration::from_secs(30),
            stall: Duration::from_secs(30),
        }
    }
}
