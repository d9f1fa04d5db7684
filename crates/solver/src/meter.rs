//! Where the time goes: totals since the start, in the text format of Prometheus.

use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// How long a kind of step took so far, in all. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Clock(Counter<f64, AtomicU64>);

impl Clock {
    /// Counts the time that `work` takes.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        let result = work();
        self.0.inc_by(since.elapsed().as_secs_f64());
        result
    }

    /// Counts the time until `work` is done, the waiting included.
    pub async fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let since = Instant::now();
        let result = work.await;
        self.0.inc_by(since.elapsed().as_secs_f64());
        result
    }
}

/// The steps of a delivery, each with its clock.
#[derive(Debug)]
pub struct Meter {
    /// Until the node answers the engine.
    pub chain: Clock,
    /// Encrypting and sealing.
    pub seal: Clock,
    /// Until the payload store gives a payload.
    pub payload: Clock,
    /// Until a request has its answer, with all that it takes.
    pub http: Clock,
    /// Of that, until the chain shows a task that was asked for.
    pub arrival: Clock,
    registry: Registry,
}

impl Meter {
    /// With the clock of the store's own thread.
    pub fn new(store: &Clock) -> Self {
        let mut registry = Registry::with_prefix("ayumi");
        let mut add = |name: &str, help: &str, clock: &Clock| {
            registry.register(name, help, clock.0.clone());
            clock.clone()
        };
        let mut new = |name: &str, help: &str| add(name, help, &Clock::default());
        let chain = new("chain_seconds", "Until the node answered the engine");
        let seal = new("seal_seconds", "Encrypting and sealing");
        let payload = new("payload_seconds", "Until the payload store gave a payload");
        let http = new(
            "http_seconds",
            "Until a request had its answer, with all that it took",
        );
        let arrival = new(
            "arrival_seconds",
            "Of that, until the chain showed a task that was asked for",
        );
        add("store_seconds", "The database at work", store);
        Self {
            chain,
            seal,
            payload,
            http,
            arrival,
            registry,
        }
    }

    /// All of it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("a string takes all that is written to it");
        text
    }
}
