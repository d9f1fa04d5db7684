//! A solver that delivers something else than what it was given: one byte is another, and all that it commits to itself
//! fits together. Consumers find out when they have the key.

use std::path::PathBuf;
use std::process::ExitCode;

use ayumi_e2e::lie;
use ayumi_solver::{Config, run_with};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// As `ayumi-solver run`.
    Run {
        /// The configuration, a TOML file.
        #[arg(long)]
        config: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run { config } = Cli::parse().command;
    let mut terminate = signal(SignalKind::terminate()).expect("a process can listen for SIGTERM");
    let shutdown = async move {
        terminate.recv().await;
    };
    let ready = |address| println!("listening on http://{address}");
    let ended = match Config::read(&config) {
        Ok(config) => run_with(config, lie, ready, shutdown).await,
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
