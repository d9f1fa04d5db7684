//! A whole consortium behind one command, to try things on: a chain, the contracts, members with accounts, a solver.

mod error;
mod members;
mod process;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use alloy::primitives::{Address, U256};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{Provider, ProviderBuilder};
use ayumi_chain::{Call, Chain, Network, Wallet, deploy};
use ayumi_contracts::IConsortium;
use reqwest::Url;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

pub use self::error::DevnetError;
use self::members::{MEMBERS, Member, SOLVER_ORGANISATION};
use self::process::Process;
use super::governor::{PeriodArgs, team_label};
use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::session::Session;
use crate::submit::Intent;

/// What every account has to spend: 1,000 ether.
const MONEY: u128 = 1_000 * 1_000_000_000_000_000_000;

/// Of all keystores here. They hold play money and go with the command.
const PASSWORD: &str = "devnet";

/// Milliseconds between two looks at a chain that makes a block for each transaction.
const INSTANT_POLL_MS: u64 = 20;

/// How long the solver may take to be ready to deliver.
const READY: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write the addresses and accounts, as one JSON object [default: in the network's temporary folder]
    #[arg(long, value_name = "FILE")]
    accounts_file: Option<PathBuf>,
    /// Make a block every so many seconds, instead of one for each transaction
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    block_time: Option<u64>,
    /// Port of the chain; the solver has the next one [default: free ones]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..65_535))]
    port_base: Option<u16>,
    /// An anvil that runs already, instead of one of its own
    #[arg(long, value_name = "URL", conflicts_with_all = ["block_time", "port_base"])]
    node: Option<Url>,
    #[command(flatten)]
    periods: PeriodArgs,
}

/// What runs. It ends when it is dropped: first the programs, then their folder.
struct Devnet {
    anvil: Option<Process>,
    solver: Process,
    solver_url: String,
    chain: Chain,
    accounts: Vec<(Member, Address)>,
    folder: TempDir,
}

impl Args {
    /// Runs until a signal.
    pub(crate) async fn run(self, _: &Cx) -> Result<Answer> {
        let signalled = signalled()?;
        tokio::select! {
            ended = serve(&self) => Err(ended?),
            () = signalled => Ok(Answer::new(&Value::Null, "")),
        }
    }
}

/// Runs until something ends by itself; says what.
async fn serve(arguments: &Args) -> Result<crate::error::Error> {
    let mut devnet = Devnet::start(arguments).await?;
    let file = match &arguments.accounts_file {
        Some(file) => file.clone(),
        None => devnet.folder.path().join("accounts.json"),
    };
    write_whole(&file, format!("{:#}\n", devnet.describe()).as_bytes())?;
    devnet.write_environments()?;
    devnet.introduce(&file);
    announce();
    let ended = match &mut devnet.anvil {
        None => devnet.solver.ended().await,
        Some(anvil) => tokio::select! {
            ended = anvil.ended() => ended,
            ended = devnet.solver.ended() => ended,
        },
    };
    Ok(ended.into())
}

impl Devnet {
    async fn start(arguments: &Args) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ayumi-devnet-").tempdir();
        let folder = folder.map_err(|cause| DevnetError::File {
            path: env::temp_dir(),
            cause,
        })?;
        for port in arguments
            .port_base
            .into_iter()
            .flat_map(|port| [port, port + 1])
        {
            std::net::TcpListener::bind(("127.0.0.1", port))
                .map_err(|_| DevnetError::PortInUse(port))?;
        }
        let (anvil, node) = match &arguments.node {
            Some(node) => (None, node.clone()),
            None => start_anvil(arguments.port_base.unwrap_or(0), folder.path())
                .await
                .map(|(anvil, node)| (Some(anvil), node))?,
        };
        let wallets = keystores(folder.path())?;
        let solver_wallet = Wallet::random();
        solver_wallet.save(folder.path(), "solver", PASSWORD)?;
        fund(
            &node,
            wallets
                .iter()
                .map(|(_, wallet)| wallet.address())
                .chain([solver_wallet.address()]),
        )
        .await?;

        let network = write_network(folder.path(), &node, arguments.block_time).await?;
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
        if let Some(seconds) = arguments.block_time {
            let mining = ProviderBuilder::new().connect_http(node.clone());
            mining
                .anvil_set_interval_mining(seconds)
                .await
                .map_err(|cause| no_anvil(&node, &cause))?;
        }
        ready(&solver_url).await?;
        let accounts = wallets
            .iter()
            .map(|(member, wallet)| (*member, wallet.address()))
            .collect();
        Ok(Self {
            anvil,
            solver,
            solver_url,
            chain,
            accounts,
            folder,
        })
    }

    fn node(&self) -> &str {
        self.chain.url().as_str().trim_end_matches('/')
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

async fn start_anvil(port: u16, folder: &Path) -> Result<(Process, Url), DevnetError> {
    let mut command = Command::new(find_anvil().ok_or(DevnetError::NoAnvil)?);
    command.args([
        "--port",
        &port.to_string(),
        "--accounts",
        "1",
        "--hardfork",
        "cancun",
    ]);
    let (anvil, address) = Process::start("anvil", command, folder, "Listening on ").await?;
    let malformed = |_| DevnetError::Silent {
        name: "anvil",
        log: address.clone(),
    };
    let node = format!("http://{address}").parse().map_err(malformed)?;
    Ok((anvil, node))
}

/// In `AYUMI_ANVIL`, on PATH, or among the npm packages up from here or from where this program is.
fn find_anvil() -> Option<PathBuf> {
    if let Some(named) = env::var_os("AYUMI_ANVIL") {
        return Some(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter(|folder| !folder.ends_with("node_modules/.bin"));
    let on_path = on_path
        .map(|folder| folder.join("anvil"))
        .find(|file| file.is_file());
    on_path.or_else(|| {
        let starts = [env::current_dir().ok()?, env::current_exe().ok()?];
        starts
            .iter()
            .flat_map(|start| start.ancestors())
            .find_map(packaged_anvil)
    })
}

fn packaged_anvil(folder: &Path) -> Option<PathBuf> {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        env::consts::OS
    };
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let file = folder.join(format!(
        "node_modules/@foundry-rs/anvil-{system}-{architecture}/bin/anvil"
    ));
    file.is_file().then_some(file)
}

async fn start_solver(
    folder: &Path,
    chain: &Chain,
    port: u16,
) -> Result<(Process, String), DevnetError> {
    let program = env::current_exe().map(|ayumi| ayumi.with_file_name("ayumi-solver"));
    let program = program.map_err(|cause| DevnetError::Start {
        name: "solver",
        cause,
    })?;
    if !program.is_file() {
        return Err(DevnetError::NoSolver(program));
    }
    let config = SolverConfig {
        rpc: chain.url().to_string(),
        operator: chain.contracts().operator,
        keystore: "solver",
        password_file: "password",
        listen: format!("127.0.0.1:{port}"),
        store: "solver.db",
        network: chain.network().clone(),
    };
    let file = folder.join("solver.toml");
    write(
        &file,
        toml::to_string(&config)
            .expect("the configuration is of plain values")
            .as_bytes(),
    )?;
    let mut command = Command::new(program);
    command
        .args(["run", "--config"])
        .arg(&file)
        .env_remove("ETH_RPC_URL")
        .env("NO_COLOR", "1");
    Process::start("solver", command, folder, "listening on ").await
}

/// The configuration of `ayumi-solver`, with paths in its own folder.
#[derive(serde::Serialize)]
struct SolverConfig {
    rpc: String,
    operator: Address,
    keystore: &'static str,
    password_file: &'static str,
    listen: String,
    store: &'static str,
    network: Network,
}

/// Waits until the solver would deliver.
async fn ready(solver: &str) -> Result<(), DevnetError> {
    let since = tokio::time::Instant::now();
    loop {
        let answer = match reqwest::get(format!("{solver}/readyz")).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(cause) => cause.to_string(),
        };
        if since.elapsed() > READY {
            return Err(DevnetError::Silent {
                name: "solver",
                log: answer,
            });
        }
        tokio::time::sleep(Duration::from_millis(INSTANT_POLL_MS)).await;
    }
}

/// An account for each member.
fn keystores(folder: &Path) -> Result<Vec<(Member, Wallet)>> {
    write(&folder.join("password"), PASSWORD.as_bytes())?;
    let wallets = MEMBERS.iter().map(|member| {
        let wallet = Wallet::random();
        wallet.save(folder, member.name, PASSWORD)?;
        Ok((*member, wallet))
    });
    wallets.collect()
}

async fn fund(node: &Url, accounts: impl Iterator<Item = Address>) -> Result<(), DevnetError> {
    let provider = ProviderBuilder::new().connect_http(node.clone());
    for account in accounts {
        let funded = provider.anvil_set_balance(account, U256::from(MONEY)).await;
        funded.map_err(|cause| no_anvil(node, &cause))?;
    }
    Ok(())
}

fn no_anvil(node: &Url, cause: &impl ToString) -> DevnetError {
    DevnetError::Node {
        url: node.clone(),
        cause: cause.to_string(),
    }
}

/// The network's profile, which is also a file for all who act here.
async fn write_network(
    folder: &Path,
    node: &Url,
    block_time: Option<u64>,
) -> Result<Network, DevnetError> {
    let chain_id = ProviderBuilder::new()
        .connect_http(node.clone())
        .get_chain_id()
        .await;
    let network = Network {
        chain_id: Some(chain_id.map_err(|cause| no_anvil(node, &cause))?),
        poll_ms: block_time.map_or(INSTANT_POLL_MS, |seconds| seconds.saturating_mul(200)),
        ..Network::default()
    };
    let text = toml::to_string(&network).expect("the profile is of plain values");
    write(&folder.join("network.toml"), text.as_bytes())?;
    Ok(network)
}

/// Adds the organisations and their accounts. Returns the number of the one that runs the solver.
async fn enrol_all(governor: &Session, wallets: &[(Member, Wallet)]) -> Result<u32> {
    let mut names: Vec<&str> = Vec::new();
    for (member, wallet) in wallets {
        let Some((name, team)) = member.organisation else {
            continue;
        };
        let organisation = match names.iter().position(|known| *known == name) {
            Some(place) => number(place),
            None => add_organisation(governor, &mut names, name).await?,
        };
        let team = team_label(team)?;
        let call = IConsortium::enrolCall {
            account: wallet.address(),
            organisation,
            team,
        };
        send(governor, member.name, &call).await?;
    }
    add_organisation(governor, &mut names, SOLVER_ORGANISATION).await
}

async fn add_organisation<'a>(
    governor: &Session,
    names: &mut Vec<&'a str>,
    name: &'a str,
) -> Result<u32> {
    let call = IConsortium::addOrganisationCall {
        name: name.to_owned(),
    };
    send(governor, name, &call).await?;
    names.push(name);
    Ok(number(names.len() - 1))
}

/// Organisations count from 1.
fn number(place: usize) -> u32 {
    u32::try_from(place + 1).expect("there are a handful")
}

async fn send(governor: &Session, what: &str, call: &impl alloy::sol_types::SolCall) -> Result<()> {
    let call = Call::new(governor.chain().contracts().consortium, call);
    let mined = governor.send(Intent::new(what, &call.input), &call).await?;
    mined.recorded();
    Ok(())
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
