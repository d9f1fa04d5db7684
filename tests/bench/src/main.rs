//! Measures Ayumi beside its peers: `scripts/bench`.
//!
//! [`gas`] reads receipts; [`load`] has consumers use products through the command's own library, against the real solver
//! and anvil; [`speed`] has a thousand consumers in a process of their own, which are as lean as they can be; [`memory`],
//! [`startup`] and [`past`] look at the solver alone, [`index`] at the auditor; [`lint`] runs `ayumi lint` over many
//! events. Prints a table, and writes `target/bench.json`: one flat object, whose
//! keys stay.

mod consortium;
mod gas;
mod index;
mod lint;
mod load;
mod memory;
mod meter;
mod past;
mod proc;
mod report;
mod speed;
mod startup;

use ayumi_e2e::programs;
use clap::{Parser, ValueEnum};
use eyre::Result;

use crate::memory::Amounts;
use crate::report::Report;
use crate::speed::Times;

/// Measures Ayumi beside its peers.
#[derive(Parser)]
struct Cli {
    /// Redemptions through the command's library, for each kind of mining.
    #[arg(long, default_value_t = 200)]
    tasks: usize,
    /// Consumers at work at once through the command's library.
    #[arg(long, default_value_t = 20)]
    consumers: usize,
    /// Consumers of the load generator.
    #[arg(long, default_value_t = 1_000)]
    load_consumers: u64,
    /// Seconds of load until it counts.
    #[arg(long, default_value_t = 15)]
    warm_up: u64,
    /// Seconds of load for which it counts.
    #[arg(long, default_value_t = 40)]
    window: u64,
    /// Assets of 2.6 MB that the solver holds while its memory is looked at, each with ten open tasks.
    #[arg(long, default_value_t = 1_000)]
    assets: u64,
    /// Past tasks in the store when the solver starts.
    #[arg(long, default_value_t = 100_000)]
    past: u64,
    /// Events that the auditor's index is made of, on a real chain.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Events of the index that is asked for every figure.
    #[arg(long, default_value_t = 10_000_000)]
    many_events: u64,
    /// Only these; the others keep their last figures.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Gas,
    Command,
    Instant,
    Blocks1s,
    Blocks2s,
    Memory,
    Startup,
    Store,
    Lint,
    Index,
}

const ALL: [Part; 10] = [
    Part::Gas,
    Part::Lint,
    Part::Command,
    Part::Store,
    Part::Startup,
    Part::Memory,
    Part::Index,
    Part::Instant,
    Part::Blocks1s,
    Part::Blocks2s,
];

fn main() -> Result<()> {
    let cli = Cli::parse();
    let path = programs::root().join("target/bench.json");
    let mut report = if cli.only.is_empty() {
        Report::default()
    } else {
        Report::read(&path)
    };
    let runtime = tokio::runtime::Runtime::new()?;
    for part in ALL {
        if cli.only.is_empty() || cli.only.contains(&part) {
            eprintln!("-- {part:?}");
            cli.measure(part, &mut report, &runtime)?;
            report.write(&path)?;
        }
    }
    println!("{}", report.table());
    eprintln!("written to {}", path.display());
    Ok(())
}

impl Cli {
    fn measure(
        &self,
        part: Part,
        report: &mut Report,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<()> {
        let times = Times {
            warm_up_s: self.warm_up,
            window_s: self.window,
        };
        let consumers = self.load_consumers;
        match part {
            Part::Gas => runtime.block_on(gas::measure(report)),
            Part::Command => [("instant", None), ("blocks2s", Some(2))]
                .into_iter()
                .try_for_each(|(key, time)| {
                    load::measure(report, key, time, self.tasks, self.consumers)
                }),
            Part::Instant => {
                runtime.block_on(speed::measure(report, "instant", None, consumers, times))
            }
            Part::Blocks1s => runtime.block_on(speed::measure(
                report,
                "blocks1s",
                Some(1),
                consumers,
                times,
            )),
            Part::Blocks2s => runtime.block_on(speed::measure(
                report,
                "blocks2s",
                Some(2),
                consumers,
                times,
            )),
            Part::Memory => {
                let assets = self.assets;
                let fetched = assets.div_ceil(3).min(300);
                runtime.block_on(memory::measure(
                    report,
                    Amounts {
                        assets,
                        open_each: 10,
                        fetched,
                    },
                ))
            }
            Part::Startup => runtime.block_on(startup::measure(report, self.past)),
            Part::Lint => lint::measure(report),
            Part::Index => runtime.block_on(index::measure(
                report,
                index::Amounts {
                    events: self.events,
                    many: self.many_events,
                },
            )),
            Part::Store => runtime.block_on(past::measure(report, 10, self.past)),
        }
    }
}
