//! The solver as `ayumi-solver` runs it, but for what a test asks of it: to lie to consumers, or to end at a named point as
//! a power cut would have it end.

use std::path::PathBuf;
use std::process::ExitCode;

use ayumi_e2e::lie;
use ayumi_sealing::Delivery;
use ayumi_solver::crash::{self, End, Point};
use ayumi_solver::{Config, Error, Prepare, run_with};
use clap::{Args, Parser};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
enum Command {
    /// As `ayumi-solver run`.
    Run(Run),
}

#[derive(Args)]
struct Run {
    /// The configuration, a TOML file.
    #[arg(long)]
    config: PathBuf,
    /// Make the store where there is none.
    #[arg(long)]
    init: bool,
    /// Serve other data than was handed in.
    #[arg(long)]
    lie: bool,
    /// End at this point, by its name.
    #[arg(long, value_parser = point)]
    crash_at: Option<Point>,
    /// Panic at this point, by its name.
    #[arg(long, value_parser = point, conflicts_with = "crash_at")]
    panic_at: Option<Point>,
    /// Pass the point so often before.
    #[arg(long, default_value_t = 0)]
    passing: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(run) = Command::parse();
    match start(run).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn start(run: Run) -> Result<(), Error> {
    let config = Config {
        make_store: run.init,
        ..Config::read(&run.config)?
    };
    if let Some(point) = run.crash_at {
        crash::arm(point, End::Abort, run.passing);
    }
    if let Some(point) = run.panic_at {
        crash::arm(point, End::Panic, run.passing);
    }
    let prepare: Prepare = if run.lie { lie } else { Delivery::prepare };
    let mut terminate = signal(SignalKind::terminate()).expect("a process can listen for SIGTERM");
    let shutdown = async move {
        terminate.recv().await;
    };
    let ready = |address| println!("listening on http://{address}");
    run_with(config, prepare, ready, shutdown).await
}

fn point(name: &str) -> Result<Point, String> {
    let found = Point::ALL.into_iter().find(|point| point.name() == name);
    found.ok_or_else(|| format!("there is no point {name}"))
}
