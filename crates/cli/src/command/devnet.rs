//! A whole consortium behind one command, to try things on: a chain, the contracts, members with accounts, a solver, an
//! auditor.

mod accounts;
mod error;
mod members;
mod process;
mod programs;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use alloy::primitives::Address;
use alloy::providers::ext::AnvilApi;
use ayumi_chain::{Chain, Network, Wallet, deploy, provider};
use ayumi_contracts::IConsortium;
use clap::parser::ValueSource;
use reqwest::Url;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use self::accounts::{development, enrol_all, fund, keystores, no_anvil, send, write_network};
pub use self::error::DevnetError;
use self::members::Member;
use self::process::Process;
use self::programs::{ready, start_anvil, start_auditor, start_solver};
use super::governor::PeriodArgs;
use crate::cx::{Cx, source};
use crate::error::Result;
use crate::output::Answer;
use crate::session::Session;

/// Of all keystores here. They hold play money and go with the command.
const PASSWORD: &str = "devnet";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write the addresses and accounts, as one JSON object [default: in the network's temporary folder]
    #[arg(long, value_name = "FILE")]
    accounts_file: Option<PathBuf>,
    /// Make a block every so many seconds, instead of one for each transaction
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    block_time: Option<u64>,
    /// Port of the chain; the solver and the auditor's page have the next two [default: free ones]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..65_534))]
    port_base: Option<u16>,
    /// A node that runs already, instead of an anvil of its own; with a --network without fees it may be any node
    #[arg(long, value_name = "URL", conflicts_with_all = ["block_time", "port_base"])]
    node: Option<Url>,
    /// Leave the auditor and its page out
    #[arg(long)]
    no_auditor: bool,
    #[command(flatten)]
    periods: PeriodArgs,
}

/// What runs. It ends when it is dropped: first the programs, then their folder.
struct Devnet {
    anvil: Option<Process>,
    solver: Process,
    solver_url: String,
    auditor: Option<(Process, String)>,
    chain: Chain,
    accounts: Vec<(Member, Address)>,
    /// Whether consumers can pay prices.
    has_money: bool,
    folder: TempDir,
}

impl Args {
    /// Runs until a signal.
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let network = self.network(cx)?;
        let signalled = signalled()?;
        tokio::select! {
            ended = serve(&self, network) => Err(ended?),
            () = signalled => Ok(Answer::new(&Value::Null, "")),
        }
    }

    /// The profile that was named here. One in the environment is that of another network.
    fn network(&self, cx: &Cx) -> Result<Network> {
        if source(&cx.matches, "network") == Some(ValueSource::CommandLine) {
            return cx.network();
        }
        Ok(development(self.block_time))
    }
}

/// Runs until something ends by itself; says what.
async fn serve(arguments: &Args, network: Network) -> Result<crate::error::Error> {
    let mut devnet = Devnet::start(arguments, network).await?;
    let file = match &arguments.accounts_file {
        Some(file) => file.clone(),
        None => devnet.folder.path().join("accounts.json"),
    };
    write_whole(&file, format!("{:#}\n", devnet.describe()).as_bytes())?;
    devnet.write_environments()?;
    devnet.introduce(&file);
    announce();
    let auditor = devnet.auditor.as_mut().map(|(auditor, _)| auditor);
    let ended = tokio::select! {
        ended = ended(devnet.anvil.as_mut()) => ended,
        ended = ended(auditor) => ended,
        ended = devnet.solver.ended() => ended,
    };
    Ok(ended.into())
}

/// Waits until a program ends that may not be there; then for ever.
async fn ended(process: Option<&mut Process>) -> DevnetError {
    match process {
        Some(process) => process.ended().await,
        None => std::future::pending().await,
    }
}

impl Devnet {
    async fn start(arguments: &Args, network: Network) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ayumi-devnet-").tempdir();
        let folder = folder.map_err(|cause| DevnetError::File {
            path: env::temp_dir(),
            cause,
        })?;
        for port in arguments
            .port_base
            .into_iter()
            .flat_map(|port| [port, port + 1, port + 2])
        {
            std::net::TcpListener::bind(("127.0.0.1", port))
                .map_err(|_| DevnetError::PortInUse(port))?;
        }
        let (anvil, node) = match &arguments.node {
            Some(node) => (None, node.clone()),
            None => start_anvil(arguments.port_base.unwrap_or(0), &network, folder.path())
                .await
                .map(|(anvil, node)| (Some(anvil), node))?,
        };
        let wallets = keystores(folder.path())?;
        let solver_wallet = Wallet::random();
        solver_wallet.save(folder.path(), "solver", PASSWORD)?;
        let has_money = fund(&node, &network, &wallets, solver_wallet.address()).await?;
        let network = write_network(folder.path(), &node, network).await?;
        let (_, governor) = wallets.first().expect("the governor is a member");
        let bare = Chain::without_contracts(node.clone(), network.clone()).await?;
        let contracts = deploy(&bare, governor, arguments.periods.periods()).await?;
        let chain = Chain::connect(node.clone(), network, contracts.operator).await?;
        let governor = Session::open(
            chain.clone(),
            governor.clone(),
            &folder.path().join("state"),
        )
        .await?;
        let office = enrol_all(&governor, &wallets).await?;

        let (solver, solver_url) = start_solver(
            folder.path(),
            &chain,
            arguments.port_base.map_or(0, |port| port + 1),
        )
        .await?;
        let call = IConsortium::registerSolverCall {
            solver: solver_wallet.address(),
            organisation: office,
            sealingKey: solver_wallet.sealing_key(chain.scope()).public().0,
            endpoint: solver_url.clone(),
        };
        send(&governor, "register the solver", &call).await?;
        let auditor = if arguments.no_auditor {
            None
        } else {
            let port = arguments.port_base.map_or(0, |port| port + 2);
            Some(start_auditor(folder.path(), &chain, port).await?)
        };
        if let Some(seconds) = arguments.block_time {
            provider(&node, chain.network())
                .anvil_set_interval_mining(seconds)
                .await
                .map_err(|cause| no_anvil(&node, &cause))?;
        }
        ready("solver", &solver_url).await?;
        if let Some((_, url)) = &auditor {
            ready("auditor", url).await?;
        }
        let accounts = wallets
            .iter()
            .map(|(member, wallet)| (*member, wallet.address()))
            .collect();
        Ok(Self {
            anvil,
            solver,
            solver_url,
            auditor,
            chain,
            accounts,
            has_money,
            folder,
        })
    }

    fn node(&self) -> &str {
        self.chain.url().as_str().trim_end_matches('/')
    }

    fn auditor_url(&self) -> Option<&str> {
        self.auditor.as_ref().map(|(_, url)| url.as_str())
    }

    /// All that tests, scripts and people need to act here.
    fn describe(&self) -> Value {
        let contracts = self.chain.contracts();
        let accounts = self.accounts.iter().map(|(member, address)| {
            json!({
                "name": member.name,
                "role": member.role.name(),
                "organisation": member.organisation.map(|(organisation, _)| organisation),
                "team": member.organisation.map(|(_, team)| team),
                "address": address,
                "environment": self.environment(*member),
            })
        });
        json!({
            "rpc": self.node(),
            "contracts": {
                "consortium": contracts.consortium,
                "token": contracts.token,
                "operator": contracts.operator,
            },
            "solver": self.solver_url,
            "auditor": self.auditor_url(),
            "accounts": accounts.collect::<Vec<_>>(),
        })
    }

    /// The variables with which `ayumi` acts as the member.
    fn environment(&self, member: Member) -> Map<String, Value> {
        let path = |name: &str| json!(self.folder.path().join(name));
        let variables = [
            ("ETH_RPC_URL", json!(self.node())),
            ("ETH_KEYSTORE", path(member.name)),
            ("ETH_PASSWORD", path("password")),
            ("AYUMI_OPERATOR", json!(self.chain.contracts().operator)),
            ("AYUMI_SOLVER", json!(self.solver_url)),
            ("AYUMI_NETWORK", path("network.toml")),
            ("AYUMI_STATE", path("state")),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// The same as files for a shell to source.
    fn write_environments(&self) -> Result<()> {
        for (member, _) in &self.accounts {
            let lines = self.environment(*member).into_iter().map(|(name, value)| {
                format!("export {name}='{}'\n", value.as_str().unwrap_or_default())
            });
            write(
                &self.environment_file(*member),
                lines.collect::<String>().as_bytes(),
            )?;
        }
        Ok(())
    }

    fn environment_file(&self, member: Member) -> PathBuf {
        self.folder.path().join(format!("{}.env", member.name))
    }

    fn introduce(&self, file: &Path) {
        let rows = self.accounts.iter().map(|(member, address)| {
            let (organisation, team) = member.organisation.unwrap_or(("–", "–"));
            [
                member.role.name().to_owned(),
                organisation.into(),
                team.into(),
                address.to_string(),
                format!(". {}", self.environment_file(*member).display()),
            ]
        });
        eprintln!(
            "{}\n",
            crate::text::table(
                ["role", "organisation", "team", "account", "act as it"],
                rows
            )
        );
        eprintln!(
            "node      {}\nsolver    {}\noperator  {}\naccounts  {}",
            self.node(),
            self.solver_url,
            self.chain.contracts().operator,
            file.display()
        );
        if let Some(url) = self.auditor_url() {
            eprintln!("auditor   {url}");
        }
        if !self.has_money {
            eprintln!("money     none: the node gives none away, so send some to who buys");
        }
    }
}

/// Tells who waits for it. Nobody may, which is no reason to stop.
fn announce() {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "ready").and_then(|()| out.flush());
}

/// The first of Ctrl-C, SIGTERM and the terminal's end, from now on.
fn signalled() -> Result<impl Future<Output = ()>, DevnetError> {
    let listen = |kind| {
        signal(kind).map_err(|cause| DevnetError::Start {
            name: "devnet",
            cause,
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), DevnetError> {
    fs::write(path, bytes).map_err(|cause| DevnetError::File {
        path: path.to_owned(),
        cause,
    })
}

/// Writes a file that others wait for: it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DevnetError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|cause| DevnetError::File {
        path: path.to_owned(),
        cause,
    })
}
