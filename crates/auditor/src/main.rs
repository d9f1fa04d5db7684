//! The command `ayumi-auditor`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use alloy::primitives::Address;
use ayumi_audit::Location;
use ayumi_auditor::{Config, Node, run};
use ayumi_chain::Network;
use ayumi_http::{Log, stopped, tell_ready};
use clap::{Parser, Subcommand};
use reqwest::Url;

/// Shows what a consortium achieved with its intelligence, recounted from the chain. Needs no key, and changes nothing.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keeps an index up with the chain and serves the page, until Ctrl-C or SIGTERM. Prints where, on one line.
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    /// JSON-RPC endpoint of the node.
    #[arg(
        long,
        value_name = "URL",
        env = "ETH_RPC_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8545"
    )]
    rpc_url: Url,
    /// Address of the CTIOperator; the other contracts are found from it.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "AYUMI_OPERATOR",
        hide_env_values = true,
        required_unless_present = "read_only"
    )]
    operator: Option<Address>,
    /// TOML file with the network's profile: chain id, finality, pace.
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_NETWORK",
        hide_env_values = true
    )]
    network: Option<PathBuf>,
    /// The index, an SQLite file; it is made where there is none.
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_INDEX",
        hide_env_values = true,
        default_value = "auditor.db"
    )]
    index: PathBuf,
    /// A PostgreSQL database that holds the index instead, as postgres://USER@HOST/NAME; with a password, better from the
    /// environment.
    #[arg(
        long,
        value_name = "URL",
        env = "AYUMI_AUDIT_DATABASE",
        hide_env_values = true,
        conflicts_with = "index"
    )]
    database: Option<String>,
    /// File that holds the database's URL.
    #[arg(
        long,
        value_name = "FILE",
        env = "AYUMI_AUDIT_DATABASE_FILE",
        hide_env_values = true,
        conflicts_with_all = ["index", "database"]
    )]
    database_file: Option<PathBuf>,
    /// Show the index as it is, without a node; another process may keep it up.
    #[arg(long)]
    read_only: bool,
    /// Where to serve; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8640")]
    listen: SocketAddr,
    /// A name by which browsers reach the page, besides those of this machine; may be given more than once.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// A proxy stands before this, and its X-Forwarded-For says who asks.
    #[arg(long)]
    trusted_proxy: bool,
    /// Requests of one client in a second, on average; 0 for as many as it likes.
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    client_rate: u32,
    /// Seconds between two checks of all figures against the chain, which read it whole; 0 for none.
    #[arg(long, value_name = "SECONDS", default_value_t = 21_600)]
    verify_every_s: u64,
    /// The form of the log, which goes to standard error. `RUST_LOG` says how much of it.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve(arguments) = Cli::parse().command;
    arguments.log.start();
    match start(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if let Some(error) = error.downcast_ref::<ayumi_auditor::Error>() {
                eprintln!("hint: {}", error.hint());
            }
            ExitCode::from(2)
        }
    }
}

async fn start(arguments: Serve) -> eyre::Result<()> {
    let network = arguments
        .network
        .as_deref()
        .map(Network::read)
        .transpose()?
        .unwrap_or_default();
    let node = arguments
        .operator
        .filter(|_| !arguments.read_only)
        .map(|operator| Node {
            rpc: arguments.rpc_url,
            operator,
            network,
        });
    let index = Location::of(
        Some(&arguments.index),
        arguments.database.as_deref(),
        arguments.database_file.as_deref(),
    );
    let index = index.map_err(ayumi_auditor::Error::from)?;
    let config = Config {
        index: index.unwrap_or_else(|| arguments.index.into()),
        node,
        listen: arguments.listen,
        hosts: arguments.hosts,
        trusted_proxy: arguments.trusted_proxy,
        client_rate: arguments.client_rate,
        verify_every: (arguments.verify_every_s > 0)
            .then(|| Duration::from_secs(arguments.verify_every_s)),
    };
    let ready = |address| tell_ready(format_args!("http://{address}"));
    Ok(run(config, ready, stopped()).await?)
}
