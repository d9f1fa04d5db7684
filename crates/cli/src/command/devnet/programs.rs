//! The programs of the network: where they are, and how they start.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::primitives::Address;
use ayumi_chain::{Chain, Fees, Network};
use reqwest::Url;
use tokio::process::Command;

use super::process::Process;
use super::{DevnetError, write};

/// How long the solver may take to be ready to deliver, and the auditor to have read the chain.
const READY: Duration = Duration::from_mins(1);

/// Between two looks at whether it is.
const LOOK: Duration = Duration::from_millis(20);

pub(super) async fn start_anvil(
    port: u16,
    network: &Network,
    folder: &Path,
) -> Result<(Process, Url), DevnetError> {
    let mut command = Command::new(find_anvil().ok_or(DevnetError::NoAnvil)?);
    command.args([
        "--port",
        &port.to_string(),
        "--accounts",
        "1",
        "--hardfork",
        "cancun",
    ]);
    if let Some(id) = network.chain_id {
        command.args(["--chain-id", &id.to_string()]);
    }
    if network.fees == Fees::Zero {
        command.args(["--base-fee", "0", "--gas-price", "0", "--no-priority-fee"]);
    }
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

/// Where a program of ours is, which was installed with this one.
fn beside_us(name: &'static str, file: &str) -> Result<PathBuf, DevnetError> {
    let program = env::current_exe().map(|ayumi| ayumi.with_file_name(file));
    program.map_err(|cause| DevnetError::Start { name, cause })
}

/// The auditor, and where its page is.
pub(super) async fn start_auditor(
    folder: &Path,
    chain: &Chain,
    port: u16,
) -> Result<(Process, String), DevnetError> {
    let program = beside_us("auditor", "ayumi-auditor")?;
    if !program.is_file() {
        return Err(DevnetError::NoAuditor(program));
    }
    let mut command = Command::new(program);
    command
        .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
        .args(["--rpc-url", chain.url().as_str()])
        .args(["--operator", &chain.contracts().operator.to_string()])
        .arg("--network")
        .arg(folder.join("network.toml"))
        .arg("--index")
        .arg(folder.join("auditor.db"))
        .env("NO_COLOR", "1");
    Process::start("auditor", command, folder, "listening on ").await
}

pub(super) async fn start_solver(
    folder: &Path,
    chain: &Chain,
    port: u16,
) -> Result<(Process, String), DevnetError> {
    let program = beside_us("solver", "ayumi-solver")?;
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
        // Whoever develops may have anvil go back.
        .args(["run", "--init", "--accept-rewrite", "--config"])
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

/// Waits until the solver would deliver, or the auditor has read the chain.
pub(super) async fn ready(name: &'static str, url: &str) -> Result<(), DevnetError> {
    let failed = |cause: reqwest::Error| DevnetError::Silent {
        name,
        log: cause.to_string(),
    };
    let client = ayumi_chain::http(|client| client).map_err(failed)?;
    let since = tokio::time::Instant::now();
    loop {
        let answer = match client.get(format!("{url}/readyz")).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(cause) => cause.to_string(),
        };
        if since.elapsed() > READY {
            return Err(DevnetError::Silent { name, log: answer });
        }
        tokio::time::sleep(LOOK).await;
    }
}
