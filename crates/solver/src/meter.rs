//! Where the time goes, and what happened: totals since the start, in the text format of Prometheus. What is the case at
//! the moment is in [`crate::metrics`].

use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
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

/// A count for each value of one label.
type Kinds<V> = Family<[(&'static str, V); 1], Counter>;

/// The steps of a delivery, each with its clock, and counts of what happened.
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
    /// Transactions that were sent once more.
    pub retries: Counter,
    errors: Kinds<&'static str>,
    refusals: Kinds<&'static str>,
    answers: Kinds<u16>,
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
        let ours = registry.sub_registry_with_prefix("solver");
        let retries = Counter::default();
        ours.register(
            "retries",
            "Transactions that were sent once more",
            retries.clone(),
        );
        let [errors, refusals] = [
            ("errors", "What the chain did not do for the solver"),
            ("refusals", "Requests that were refused"),
        ]
        .map(|(name, help)| {
            let kinds = Kinds::default();
            ours.register(name, help, kinds.clone());
            kinds
        });
        let answers = Kinds::default();
        ours.register("requests", "Requests that were answered", answers.clone());
        Self {
            chain,
            seal,
            payload,
            http,
            arrival,
            retries,
            errors,
            refusals,
            answers,
            registry,
        }
    }

    /// The chain did not do what it was asked to.
    pub fn error(&self, kind: &'static str) {
        self.errors.get_or_create(&[("kind", kind)]).inc();
    }

    /// A request was answered; or refused, for a reason of this kind.
    pub fn answered(&self, status: u16, refusal: Option<&'static str>) {
        self.answers.get_or_create(&[("status", status)]).inc();
        if let Some(kind) = refusal {
            self.refusals.get_or_create(&[("kind", kind)]).inc();
        }
    }

    /// All of it, without an end, since more may follow.
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)
            .expect("a string takes all that is written to it");
        text
    }
}
