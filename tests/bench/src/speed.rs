//! Deliveries a second and how long each takes, under the load of a thousand consumers in a process of their own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ayumi_bench::{Job, Outcome, WINDOW_CLOSES, WINDOW_OPENS};
use ayumi_e2e::programs;
use eyre::{Result, ensure, eyre};

use crate::consortium::{BLOCK_GAS, Consortium};
use crate::meter::Steps;
use crate::proc;
use crate::report::Report;

/// The sample that is as large as the median of 147 public MISP events.
const EVENT: &str = "tests/samples/ember-lynx-second-wave.json";

/// Milliseconds between two looks at a chain that makes a block for each transaction.
const INSTANT_POLL_MS: u64 = 20;

/// The part of the highest rate at which latencies are measured: below it, so that they are not those of a queue.
const PART: f64 = 0.8;

/// How long each measurement takes.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Seconds until it counts.
    pub warm_up_s: u64,
    /// Seconds for which it counts.
    pub window_s: u64,
}

/// What was seen from outside while the window was open.
struct Watched {
    outcome: Outcome,
    /// Processors' worth of time that each took.
    solver: f64,
    anvil: f64,
    generator: f64,
    /// What other programs of the machine took, other machines on the same host, and nobody.
    others: f64,
    stolen: f64,
    idle: f64,
    /// Of the solver, at most.
    rss_mb: f64,
    steps: Steps,
}

/// Measures one kind of mining: first with all consumers at work all the time, then at a part of what that gave.
pub async fn measure(
    report: &mut Report,
    key: &str,
    block_time: Option<u64>,
    consumers: u64,
    times: Times,
) -> Result<()> {
    let poll_ms = block_time.map_or(INSTANT_POLL_MS, |seconds| seconds * 50);
    let mut consortium = Consortium::new(consumers, poll_ms).await?;
    let file = programs::root().join(EVENT);
    let payload = std::fs::read(&file)?;
    let stock = u32::MAX;
    let (product, commitment) = consortium.publish(&payload, stock).await?;
    consortium.buy(10_000, |_| product).await?;
    if let Some(seconds) = block_time {
        consortium.mine_every(seconds).await?;
    }
    let mut job = Job {
        warm_up_s: times.warm_up_s,
        window_s: times.window_s,
        ..consortium.job(product, commitment, file)
    };

    let full = watch(&consortium, &job).await?;
    full.tell(&format!("{key}, closed loop of {consumers}"));
    let per_second = full.outcome.per_second();
    report.set_fraction(&format!("load.{key}_per_second"), per_second);
    for (name, cpus) in [
        ("solver", full.solver),
        ("anvil", full.anvil),
        ("generator", full.generator),
    ] {
        report.set_fraction(&format!("load.{key}_{name}_cpus"), cpus);
        report.set_fraction(
            &format!("load.{key}_{name}_cpu_ms"),
            cpus * 1_000.0 / per_second,
        );
    }
    report.set_fraction(&format!("load.{key}_others_cpus"), full.others);
    report.set_fraction(&format!("load.{key}_stolen_cpus"), full.stolen);
    report.set_fraction(&format!("load.{key}_idle_cpus"), full.idle);
    report.set_fraction(&format!("load.{key}_solver_rss_mb"), full.rss_mb);
    for (name, seconds) in full.steps.each(full.outcome.deliveries) {
        report.set_fraction(&format!("load.{key}_{name}_ms"), seconds * 1_000.0);
    }
    if block_time.is_some() {
        let used = consortium.gas_used(full.outcome.range).await?;
        #[allow(clippy::cast_precision_loss)] // gas of a block
        report.set_fraction(
            &format!("load.{key}_block_used_percent"),
            used as f64 * 100.0 / BLOCK_GAS as f64,
        );
    }

    // The consumers count on from where the chain is, once nothing is under way any more.
    settle(&mut consortium, &mut job).await?;
    job.per_second = Some((per_second * PART).max(1.0));
    let part = watch(&consortium, &job).await?;
    part.tell(&format!("{key}, open loop of {:.0}/s", per_second * PART));
    let Outcome {
        milliseconds,
        blocks,
        ..
    } = part.outcome;
    for (name, spread) in [("ms", milliseconds), ("blocks", blocks)] {
        report.set(&format!("load.{key}_p50_{name}"), spread.p50);
        report.set(&format!("load.{key}_p95_{name}"), spread.p95);
        report.set(&format!("load.{key}_p99_{name}"), spread.p99);
    }
    if block_time == Some(2) {
        report.set("load.p95_ms", milliseconds.p95);
        report.set("load.p95_blocks", blocks.p95);
    }
    report.set_fraction(&format!("load.{key}_offered_per_second"), per_second * PART);
    Ok(())
}

/// Lets what is under way come to its end, and counts the transactions of each consumer.
async fn settle(consortium: &mut Consortium, job: &mut Job) -> Result<()> {
    let since = Instant::now();
    loop {
        let pool: serde_json::Value = consortium
            .rpc
            .call("txpool_status", serde_json::json!([]))
            .await?;
        if pool["pending"] == "0x0" {
            break;
        }
        ensure!(
            since.elapsed() < Duration::from_mins(1),
            "transactions stay in the pool"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let who: Vec<_> = consortium
        .consumers()
        .iter()
        .map(|consumer| serde_json::json!([consumer.address(), "latest"]))
        .collect();
    let counts: Vec<alloy::primitives::U64> =
        consortium.rpc.all("eth_getTransactionCount", &who).await?;
    job.nonces = counts.iter().map(|count| count.to()).collect();
    Ok(())
}

/// Runs the generator, and looks at everybody while its window is open.
async fn watch(consortium: &Consortium, job: &Job) -> Result<Watched> {
    let solver = consortium.solver.as_ref().map_or(0, ayumi_e2e::Process::id);
    let mut generator = Generator::start(job)?;
    generator.says(WINDOW_OPENS)?;
    let processes = [solver, consortium.anvil.id(), generator.child.id()];
    let before = processes.map(|process| proc::cpu_seconds(process).unwrap_or_default());
    let machine_before = proc::machine().unwrap_or_default();
    let steps_before = Steps::read(&consortium.endpoint).await?;
    let since = Instant::now();
    generator.says(WINDOW_CLOSES)?;
    let seconds = since.elapsed().as_secs_f64();
    let after = processes.map(|process| proc::cpu_seconds(process).unwrap_or_default());
    let machine = proc::machine().unwrap_or_default();
    let steps = Steps::read(&consortium.endpoint)
        .await?
        .since(&steps_before);
    let (_, rss_mb) = proc::memory_mb(solver).unwrap_or_default();
    let outcome = generator.end()?;
    let each: Vec<_> = before
        .iter()
        .zip(after)
        .map(|(before, after)| (after - before) / seconds)
        .collect();
    let part = |what: fn(&proc::Machine) -> f64| (what(&machine) - what(&machine_before)) / seconds;
    let (idle, stolen) = (part(|it| it.idle), part(|it| it.stolen));
    let busy = part(|it| it.all) - idle - stolen;
    Ok(Watched {
        outcome,
        solver: each[0],
        anvil: each[1],
        generator: each[2],
        others: (busy - each.iter().sum::<f64>()).max(0.0),
        stolen,
        idle,
        rss_mb,
        steps,
    })
}

impl Watched {
    fn tell(&self, what: &str) {
        let Self {
            outcome,
            solver,
            anvil,
            generator,
            others,
            stolen,
            idle,
            rss_mb,
            steps,
        } = self;
        let Outcome {
            milliseconds: ms,
            blocks,
            ..
        } = outcome;
        eprintln!(
            "{what}: {:.1} deliveries/s, {} in {:.0} s",
            outcome.per_second(),
            outcome.deliveries,
            outcome.seconds
        );
        eprintln!(
            "  p50/p95/p99: {}/{}/{} ms, {}/{}/{} blocks",
            ms.p50, ms.p95, ms.p99, blocks.p50, blocks.p95, blocks.p99
        );
        eprintln!(
            "  processors: solver {solver:.2}, anvil {anvil:.2}, generator {generator:.2}, others {others:.2}, stolen by the host {stolen:.2}, idle {idle:.2}"
        );
        let each = |cpus: &f64| cpus * 1_000.0 / outcome.per_second();
        eprintln!(
            "  processor milliseconds for each delivery: solver {:.2}, anvil {:.2}, generator {:.2}",
            each(solver),
            each(anvil),
            each(generator)
        );
        eprintln!(
            "  solver at most {rss_mb:.0} MB; asked again {}; nobody free {}",
            outcome.again, outcome.crowded
        );
        let steps: Vec<_> = steps
            .each(outcome.deliveries)
            .into_iter()
            .map(|(name, seconds)| format!("{name} {:.2}", seconds * 1_000.0))
            .collect();
        eprintln!(
            "  milliseconds that the solver's steps took for each delivery: {}",
            steps.join(", ")
        );
    }
}

/// The load generator's process.
struct Generator {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Generator {
    fn start(job: &Job) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("ayumi-load");
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(&serde_json::to_vec(job)?)?;
        drop(input);
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Ok(Self { child, lines })
    }

    fn line(&mut self) -> Result<String> {
        let line = self
            .lines
            .next()
            .ok_or_else(|| eyre!("the load generator ended; see above"))?;
        Ok(line?)
    }

    fn says(&mut self, what: &str) -> Result<()> {
        let line = self.line()?;
        ensure!(line == what, "the load generator says {line}");
        Ok(())
    }

    fn end(mut self) -> Result<Outcome> {
        Ok(serde_json::from_str(&self.line()?)?)
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
