//! What is counted and measured, in the text format of Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Seconds that requests take.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];

#[derive(Debug)]
pub(crate) struct Meter {
    registry: Registry,
    answers: Family<Status, Counter>,
    duration: Histogram,
    events: Counter,
    failures: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: u16,
}

impl Default for Meter {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ayumi_auditor");
        let (answers, events, failures) =
            (Family::default(), Counter::default(), Counter::default());
        let duration = Histogram::new(BUCKETS);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "Which version runs", Info::new(version));
        registry.register(
            "requests",
            "Requests that were answered",
            Family::clone(&answers),
        );
        let help = "From a request to its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, duration.clone());
        registry.register(
            "events",
            "Events that were read since the process began",
            events.clone(),
        );
        registry.register(
            "read_failures",
            "Looks at the chain that failed",
            failures.clone(),
        );
        Self {
            registry,
            answers,
            duration,
            events,
            failures,
        }
    }
}

impl Meter {
    pub(crate) fn answered(&self, status: u16, took: Duration) {
        self.answers.get_or_create(&Status { status }).inc();
        self.duration.observe(took.as_secs_f64());
    }

    pub(crate) fn read(&self, events: u64) {
        self.events.inc_by(events);
    }

    pub(crate) fn failed(&self) {
        self.failures.inc();
    }

    /// Everything, with what is the case at the moment: whether the auditor is ready, and the newest block with its age.
    pub(crate) fn text(&self, ready: bool, newest: Option<(u64, f64)>) -> String {
        let mut now = Registry::with_prefix("ayumi_auditor");
        let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: f64| {
            let gauge = Gauge::<f64, AtomicU64>::default();
            gauge.set(value);
            match unit {
                Some(unit) => now.register_with_unit(name, help, unit, gauge),
                None => now.register(name, help, gauge),
            }
        };
        gauge(
            "ready",
            "Whether the auditor works: what /readyz says",
            None,
            f64::from(u8::from(ready)),
        );
        if let Some((block, age)) = newest {
            #[allow(clippy::cast_precision_loss)] // exact far beyond any number of a block
            gauge(
                "block_number",
                "The newest block that was read",
                None,
                block as f64,
            );
            gauge(
                "block_age",
                "Since the time of that block",
                Some(Unit::Seconds),
                age,
            );
        }
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &now))
            .and_then(|()| encode_eof(&mut text))
            .expect("a string takes all that is written to it");
        text
    }
}
