//! The figures are true.

use std::fs;

use ayumi_e2e::{
    Account, Action, Honesty, Outcome, Request, Solver, World, json_answer, programs, wait_until,
};

use crate::{OURS, address};

/// The figures as they are now.
pub struct Metrics(String);

impl Metrics {
    pub fn read(world: &World, solver: &Solver) -> Self {
        let url = format!("http://{}/metrics", address(solver));
        let text = world.wait_for(async {
            let answer = ayumi_chain::http(|client| client)?.get(url).send().await?;
            answer.text().await
        });
        Self(text.expect("the figures are always to be had"))
    }

    /// A figure that is there.
    fn of(&self, name: &str) -> f64 {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    fn find(&self, name: &str) -> Option<f64> {
        let mut lines = self.0.lines();
        lines.find_map(|line| {
            let rest = line.strip_prefix("ayumi_solver_")?.strip_prefix(name)?;
            rest.strip_prefix(' ')?.parse().ok()
        })
    }

    pub fn is(&self, name: &str, value: u32) {
        let found = self.of(name);
        assert!(
            (found - f64::from(value)).abs() < 0.5,
            "{name} is {found}, not {value}"
        );
    }
}

fn use_it(consumer: &Account, product: &str, name: &str) -> Outcome {
    consumer.ayumi(&["use", product, "--buy", "--another", "-o", name])
}

fn are_documented(metrics: &Metrics) {
    let manual = programs::root().join("docs/solver.md");
    let manual = fs::read_to_string(manual).expect("it is there");
    for line in metrics.0.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap_or_default();
        let name = name.strip_prefix("ayumi_solver_").unwrap_or(name);
        assert!(
            manual.contains(&format!("`{name}")),
            "{name} is not documented"
        );
    }
}

#[test]
fn the_figures_are_true_whatever_fails() {
    let world = World::alone(&[]);
    let solver = Solver::start(&world, "counted", OURS, Honesty::Honest);
    let (producer, consumer) = (world.account("hinode"), world.account("kitakaze"));
    let product = producer.publish(&solver.url());
    for name in ["1.json", "2.json", "3.json"] {
        use_it(consumer, &product, name).done();
    }
    let now = Metrics::read(&world, &solver);
    now.is("deliveries_total", 3);
    now.is("declines_total", 0);
    for name in [
        "tasks_open",
        "tasks_receipted",
        "tasks_refused",
        "transactions_in_flight",
        "oldest_task_age_seconds",
    ] {
        now.is(name, 0);
    }
    now.is("ready", 1);
    now.is("retries_total", 0);
    assert!(now.of("chain_head_age_seconds") < 60.0 && now.of("nonce_window") >= 1.0);
    assert!(now.of("store_bytes") > 0.0 && now.of("requests_total{status=\"200\"}") >= 3.0);
    assert!(now.0.ends_with("# EOF\n"), "{}", now.0);
    are_documented(&now);

    // The producer believes that the solver has its document, and it has not.
    solver.front.rule(|request| {
        if request.line.starts_with("PUT ") {
            Action::Answer(json_answer("201 Created", "application/json", "{}"))
        } else {
            Action::Forward
        }
    });
    let missing = producer.publish(&solver.url());
    solver.front.open();
    let declined = use_it(consumer, &missing, "never.json");
    assert_eq!(declined.status, Some(2), "{declined}");
    wait_until("the ticket is given back", || {
        let now = Metrics::read(&world, &solver);
        (now.of("declines_total") > 0.5).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("declines_total", 1);
    now.is("deliveries_total", 3);

    // Nothing is sent: what waits is seen to wait.
    solver.back.cut(Request::sends);
    let running = consumer.start(&["use", &product, "--buy", "--another", "-o", "4.json"]);
    wait_until("it is tried again", || {
        let now = Metrics::read(&world, &solver);
        (now.of("retries_total") > 0.5).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("tasks_open", 1);
    now.is("transactions_in_flight", 1);
    now.is("ready", 0);
    now.is("deliveries_total", 3);
    let age = now.of("oldest_task_age_seconds");
    assert!((2.0..120.0).contains(&age), "{age}");
    assert!(now.of("errors_total{kind=\"node-unreachable\"}") >= 2.0);

    // Not even the head is to be had.
    solver.back.rule(|_| Action::Cut);
    let before = Metrics::read(&world, &solver);
    wait_until("the chain was not read for a while", || {
        let now = Metrics::read(&world, &solver);
        (now.of("chain_read_age_seconds") > 2.0).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("ready", 0);
    now.is("tasks_open", 1);
    assert!(now.of("chain_head_age_seconds") > before.of("chain_head_age_seconds"));
    assert!(now.of("oldest_task_age_seconds") > age);
    assert!(solver.wait_ready(&world, false).contains("does not answer"));

    solver.back.open();
    running.end().done();
    solver.wait_ready(&world, true);
    wait_until("everything is read", || {
        let now = Metrics::read(&world, &solver);
        (now.of("deliveries_total") > 3.5 && now.of("transactions_in_flight") < 0.5).then_some(())
    });
    let now = Metrics::read(&world, &solver);
    now.is("deliveries_total", 4);
    now.is("tasks_open", 0);
    now.is("oldest_task_age_seconds", 0);
}
