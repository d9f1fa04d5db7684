//! What the daemons have in common: how they begin and end ([`Log`], [`stopped`]), and HTTP servers of whose connections each
//! takes what its [`Limits`] leave it.
//!
//! - [`serve`] accepts connections for a [`Router`](axum::Router), and ends those that stand still. Each request knows the
//!   [`Peer`] that sent it.
//! - [`Client`] is who sent it, past a trusted proxy; [`Rates`] and [`Shares`] are how often and how much of one client.
//! - [`Tls`] has the certificate.

mod client;
mod daemon;
mod patient;
mod serve;
mod tls;

use std::time::Duration;

pub use client::{Client, Peer, Rates, Share, Shares};
pub use daemon::{Log, stopped, tell_ready};
pub use serve::serve;
pub use tls::{Pem, Tls, TlsError};

/// What connections and clients may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections that are open at once; who comes then waits.
    pub connections: usize,
    /// Connections of one client that are open at once.
    pub client_requests: usize,
    /// Requests of one client in a second, on average; 0 for as many as it likes.
    pub client_rate: u32,
    /// Requests of one client at once, after a pause.
    pub client_burst: u32,
    /// Whether a proxy stands before the server, and its `X-Forwarded-For` says who the client is.
    pub trusted_proxy: bool,
    /// Until the headers of a request must be there.
    pub header: Duration,
    /// In which something of an answer must be taken.
    pub stall: Duration,
}
