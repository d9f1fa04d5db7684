//! The command `ayumi-solver`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use ayumi_chain::Network;
use ayumi_http::{Log, stopped, tell_ready};
use ayumi_solver::check::{self, Identity, Line, State};
use ayumi_solver::status::{self, Place};
use ayumi_solver::{Config, Error, run};
use clap::{Parser, Subcommand};

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
    /// Asks a solver that runs how it is. Ends with 0 where it is ready, with 1 where it is not.
    Status(Status),
    /// Looks at everything that the solver needs, whether it runs or not. Ends with 1 where it cannot work.
    Check(Check),
    /// Prints the account, the sealing key, and what the governor types to register them.
    Address(Address),
}

#[derive(clap::Args)]
struct Status {
    /// The configuration of the solver to ask.
    #[arg(long, value_name = "FILE", required_unless_present = "url")]
    config: Option<PathBuf>,
    /// Where to ask, in place of where the configuration has it serve.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Check {
    /// The configuration, a TOML file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Address {
    /// The configuration, a TOML file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The organisation that runs the solver.
    #[arg(long, value_name = "NAME", default_value = "ORGANISATION")]
    organisation: String,
    /// Where others reach the solver.
    #[arg(long, value_name = "URL", default_value = "URL")]
    endpoint: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
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

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(arguments) => {
            arguments.log.start();
            match start(arguments).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    tracing::error!("{error:#}");
                    let code = error.downcast_ref().map_or(2, Error::exit_code);
                    ExitCode::from(code)
                }
            }
        }
        Command::Status(arguments) => end(status(arguments).await),
        Command::Check(arguments) => end(check(arguments).await),
        Command::Address(arguments) => end(address(arguments).await),
    }
}

/// 0 for yes, 1 for no, 2 where there is no answer.
fn end(answer: eyre::Result<bool>) -> ExitCode {
    match answer {
        Ok(yes) => ExitCode::from(u8::from(!yes)),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn status(arguments: Status) -> eyre::Result<bool> {
    let place = match (arguments.url, arguments.config) {
        (Some(url), _) => Place::at(&url),
        (None, config) => Place::of(&Config::read(&config.unwrap_or_default())?)?,
    };
    let status = status::Status::read(place).await?;
    say(arguments.json, &status, || status.to_string())?;
    Ok(status.ready)
}

async fn check(arguments: Check) -> eyre::Result<bool> {
    let config = match Config::read(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            let line = Line {
                state: State::Fail,
                what: "configuration",
                found: error.to_string(),
                hint: Some("see docs/solver.md".into()),
            };
            say(arguments.json, &[&line], || format!("{line}\n"))?;
            return Ok(false);
        }
    };
    let lines = check::check(&config).await;
    let text = || {
        let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
        lines.join("\n") + "\n"
    };
    say(arguments.json, &lines, text)?;
    Ok(lines.iter().all(|line| line.state != State::Fail))
}

async fn address(arguments: Address) -> eyre::Result<bool> {
    let Address {
        config,
        organisation,
        endpoint,
        json,
    } = arguments;
    let identity = Identity::read(&Config::read(&config)?, &organisation, &endpoint).await?;
    let Identity {
        solver,
        sealing_key,
        register,
    } = &identity;
    say(json, &identity, || {
        format!(
            "account      {solver}\nsealing key  {sealing_key}\n\nfor the governor:\n{register}\n"
        )
    })?;
    Ok(true)
}

/// Prints, for people or for scripts. Nobody may be reading, which is no failure.
fn say(
    json: bool,
    value: &impl serde::Serialize,
    text: impl FnOnce() -> String,
) -> eyre::Result<()> {
    let said = if json {
        serde_json::to_string(value)? + "\n"
    } else {
        text()
    };
    let _ = std::io::stdout().write_all(said.as_bytes());
    Ok(())
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
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let ready = |address| tell_ready(format_args!("{scheme}://{address}"));
    Ok(run(config, ready, stopped()).await?)
}
