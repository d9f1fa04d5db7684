//! Measures Ayumi beside its peers: `scripts/bench`.
//!
//! [`gas`] reads receipts; [`load`] has consumers use products through the command's own library, against the real solver
//! and anvil. Prints a table, and writes `target/bench.json`: one flat object, whose keys stay.

mod gas;
mod load;
mod report;

use ayumi_e2e::programs;
use clap::Parser;
use eyre::Result;

/// Measures Ayumi beside its peers.
#[derive(Parser)]
struct Cli {
    /// Redemptions for each kind of mining.
    #[arg(long, default_value_t = 200)]
    tasks: usize,
    /// Consumers at work at once.
    #[arg(long, default_value_t = 20)]
    consumers: usize,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut report = report::Report::default();
    let runtime = tokio::runtime::Runtime::new()?;
    eprintln!("gas");
    runtime.block_on(gas::measure(&mut report))?;
    for (key, block_time) in [("instant", None), ("blocks2s", Some(2))] {
        eprintln!(
            "{key}: {} redemptions by {} consumers",
            cli.tasks, cli.consumers
        );
        load::measure(&mut report, key, block_time, cli.tasks, cli.consumers)?;
    }
    println!("{}", report.table());
    let path = programs::root().join("target/bench.json");
    report.write(&path)?;
    eprintln!("written to {}", path.display());
    Ok(())
}
