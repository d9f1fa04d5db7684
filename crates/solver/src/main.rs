//! The command `ayumi-solver`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use ayumi_chain::Network;
use ayumi_solver::{Config, run};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal;
use tracing_subscriber::EnvFilter;

/// Delivers intelligence to who holds a ticket for it.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs until Ctrl-C or SIGTERM. Prints where it serves, on one line, once it does.
    Run(Run),
}

#[derive(clap::Args)]
struct Run {
    /// The configuration, a TOML file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Another node than the configuration's.
    #[arg(long, value_name = "URL")]
    rpc_url: Option<String>,
    /// The network's profile, in place of the configuration's.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Another address to serve at than the configuration's.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<std::net::SocketAddr>,
    /// Make the store where there is none. Without this, a store that is missing is an error: it has the keys that were
    /// drawn and the payloads that were handed in.
    #[arg(long)]
    init: bool,
    /// Wait while another process has this key at work, and take over when it ends.
    #[arg(long)]
    standby: bool,
    /// Go on although the chain took back what was final. Look first: whoever gave a receipt may have its ticket again.
    #[arg(long)]
    accept_rewrite: bool,
    /// The form of the log, which goes to standard error. `RUST_LOG` says how much of it.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
}

#[derive(Clone, Copy, ValueEnum)]
enum Log {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(arguments) = Cli::parse().command;
    start_log(arguments.log);
    match start(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(2)
        }
    }
}

async fn start(arguments: Run) -> eyre::Result<()> {
    let mut config = Config::read(&arguments.config)?;
    if let Some(rpc) = arguments.rpc_url {
        config.rpc = rpc;
    }
    if let Some(listen) = arguments.listen {
        config.listen = listen;
    }
    config.make_store = arguments.init;
    if let Some(profile) = arguments.network {
        config.network = Network::read(&profile)?;
    }
    config.standby = arguments.standby;
    config.accept_rewrite = arguments.accept_rewrite;
    let ready = |address| {
        let mut out = std::io::stdout();
        // Nobody may be listening, which is no reason to stop.
        let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
    };
    Ok(run(config, ready, stopped()).await?)
}

fn start_log(form: Log) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match form {
        Log::Text => log.init(),
        Log::Json => log.json().flatten_event(true).init(),
    }
}

/// Ctrl-C or SIGTERM.
async fn stopped() {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())
        .expect("a process can listen for SIGTERM");
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
