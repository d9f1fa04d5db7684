//! What is the case at the moment, and was counted so far, in the text format of Prometheus.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::clock::since_epoch;
use crate::store::{self, Ended, Figures};
use crate::{Solver, blocking};

/// Everything. What is not known is left out, rather than given as nought.
pub async fn text(solver: &Solver) -> String {
    let mut now = Snapshot(Registry::with_prefix("ayumi_solver"));
    now.of_process(solver);
    now.of_chain(solver);
    now.of_requests(solver);
    now.of_store(solver).await;
    let mut text = solver.meter.text();
    encode_registry(&mut text, &now.0)
        .and_then(|()| encode_eof(&mut text))
        .expect("a string takes all that is written to it");
    text
}

/// What is the case at one moment.
struct Snapshot(Registry);

impl Snapshot {
    fn of_process(&mut self, solver: &Solver) {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let build = "Which version runs";
        self.0.register("build", build, Info::new(version));
        let ready = solver.health.readiness().ready;
        let help = "Whether the solver works: what /readyz says";
        self.count("ready", help, u64::from(ready));
        let since = solver.started;
        self.seconds("start_time", "When the process began, in Unix time", since);
    }

    fn of_chain(&mut self, solver: &Solver) {
        let readiness = solver.health.readiness();
        if let (Some(block), Some(time)) = (readiness.block, readiness.time) {
            let number = "The newest block that was read";
            self.count("chain_head_number", number, block);
            let age = "Since the time of the newest block that was read";
            self.seconds(
                "chain_head_age",
                age,
                since_epoch().as_secs_f64() - float(time),
            );
        }
        if let Some(age) = solver.health.read_age() {
            let help = "Since the chain was last read without trouble";
            self.seconds("chain_read_age", help, age.as_secs_f64());
        }
        let window = "Transactions that may be in flight at once";
        let limit = solver.chain.network().nonce_window.max(1);
        self.count("nonce_window", window, limit);
    }

    fn of_requests(&mut self, solver: &Solver) {
        let limit = solver.config.limits.requests;
        let under_way = limit.saturating_sub(solver.requests.available_permits());
        let help = "Requests that are under way";
        self.count("requests_in_progress", help, under_way as u64);
    }

    async fn of_store(&mut self, solver: &Solver) {
        let waiting = solver.store.waiting() as u64;
        self.count("store_waiting", "What waits for the database", waiting);
        let path = solver.config.store.clone();
        let bytes = blocking(move || std::fs::metadata(path).map(|file| file.len())).await;
        if let Ok(bytes) = bytes {
            let help = "The database's file, without what SQLite keeps beside it";
            self.gauge("store", help, Some(Unit::Bytes), float(bytes));
        }
        let time = solver.health.readiness().time.unwrap_or(0);
        let account = solver.wallet.address();
        let work = move |db: &rusqlite::Connection| store::figures(db, account, time);
        if let Ok(figures) = solver.store.with(work).await {
            self.of_tasks(figures, solver, time);
            self.of_ends(figures.ended);
        }
    }

    fn of_tasks(&mut self, figures: Figures, solver: &Solver, time: u64) {
        for (name, help, count) in [
            ("tasks_open", "Open tasks of this solver", figures.open),
            (
                "tasks_receipted",
                "Of these, with a receipt, and their keys not on their way",
                figures.receipted,
            ),
            (
                "tasks_refused",
                "Of these, those whose tickets are to be given back",
                figures.refused,
            ),
            (
                "tasks_parked",
                "Of these, those that were tried in vain again and again",
                figures.parked,
            ),
            (
                "transactions_in_flight",
                "Transactions that are in no block",
                figures.flying,
            ),
        ] {
            self.count(name, help, count);
        }
        // By the chain's clock, and by ours where the chain stands still.
        let requested = |deadline: u64| float(deadline) - f64::from(solver.period);
        let now = float(time).max(since_epoch().as_secs_f64());
        let age = figures
            .oldest_deadline
            .map_or(0.0, |deadline| (now - requested(deadline)).max(0.0));
        let help = "Since the oldest open task was requested; 0 where none is open";
        self.seconds("oldest_task_age", help, age);
    }

    fn of_ends(&mut self, ended: Ended) {
        for (name, help, count) in [
            (
                "deliveries",
                "Tasks whose delivery was read from the chain",
                ended.delivered,
            ),
            (
                "declines",
                "Tasks whose tickets were given back",
                ended.declined,
            ),
            (
                "cancellations",
                "Tasks that nobody delivered in time",
                ended.cancelled,
            ),
            (
                "refunds",
                "Tasks about which a complaint was right",
                ended.refunded,
            ),
            (
                "settlements",
                "Tasks whose money is the producer's",
                ended.settled,
            ),
        ] {
            self.0.register(name, help, ConstCounter::new(count));
        }
    }

    fn count(&mut self, name: &str, help: &str, value: u64) {
        self.gauge(name, help, None, float(value));
    }

    fn seconds(&mut self, name: &str, help: &str, value: f64) {
        self.gauge(name, help, Some(Unit::Seconds), value);
    }

    fn gauge(&mut self, name: &str, help: &str, unit: Option<Unit>, value: f64) {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        match unit {
            Some(unit) => self.0.register_with_unit(name, help, unit, gauge),
            None => self.0.register(name, help, gauge),
        }
    }
}

#[allow(clippy::cast_precision_loss)] // exact far beyond any count here
fn float(count: u64) -> f64 {
    count as f64
}
