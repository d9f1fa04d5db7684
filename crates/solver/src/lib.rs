//! The daemon that delivers.
//!
//! - [`engine`](Engine): one loop that reads the chain into the [`store`], and sends what the store says is due: keys in
//!   batches, tickets that go back.
//! - [`http`]: takes assets from producers, draws keys and serves sealed deliveries, takes receipts and notes.
//!
//! Three orders are kept. A key is stored before a byte that it encrypts is served; a receipt before its key is sent; a
//! signed transaction before it is sent, and then the same bytes again until its nonce is used. So the process can end
//! at any point: it begins again where the store says, and the contract counts each delivery once.

mod arrivals;
pub mod check;
mod clock;
mod config;
pub mod crash;
mod engine;
mod health;
pub mod http;
mod memory;
mod meter;
mod metrics;
pub mod payloads;
pub mod status;
pub mod store;

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::Address;
use ayumi_chain::{Chain, Wallet, WalletError};
use ayumi_http::Tls;
pub use ayumi_http::{Pem, TlsError};
use ayumi_sealing::{Delivery, Key, PayloadSizeError, Seed};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use arrivals::Arrivals;
pub use config::{Config, ConfigError, Limits};
pub use engine::Engine;
use health::Health;
use memory::Memory;
use meter::Meter;
use payloads::{PayloadError, Payloads};
use store::{Deployment, Store, StoreError};

/// How often a process that stands by looks whether it is its turn.
const STANDBY: Duration = Duration::from_secs(1);

/// How long the registered endpoint has to answer.
const ASK: Duration = Duration::from_secs(2);

/// How a payload is encrypted for a task: [`Delivery::prepare`] in an honest solver.
pub type Prepare = fn(&[u8], &Seed, &Key) -> Result<Delivery, PayloadSizeError>;

/// Why the solver ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key cannot be used.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The password file cannot be read.
    #[error("cannot read the password file {path}: {cause}")]
    Password {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// `rpc` is no URL.
    #[error("rpc = {given:?} is no URL: {cause}")]
    Url {
        /// From the configuration.
        given: String,
        /// What is wrong.
        cause: String,
    },
    /// The chain cannot be used.
    #[error(transparent)]
    Chain(#[from] ayumi_chain::Error),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The payload store cannot be used.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The chain took back what was final.
    #[error(
        "the chain was rewritten below block {settled}, which was final{}: nothing is sent until a person has looked, \
         and runs with --accept-rewrite or a fresh store",
        same.map(|block| format!(" (it is the same up to block {block})")).unwrap_or_default()
    )]
    Rewritten {
        /// The newest block that was final.
        settled: u64,
        /// The newest block known to be the same.
        same: Option<u64>,
    },
    /// The address to serve at is taken, or not ours.
    #[error("cannot serve at {address}: {cause}")]
    Listen {
        /// From the configuration.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Another process has this solver's key at work.
    #[error(
        "solver {solver} runs already, at {endpoint}: end that process first, or start this one with --standby"
    )]
    Elsewhere {
        /// The account.
        solver: Address,
        /// Where it is registered.
        endpoint: String,
    },
}

impl Error {
    /// With what the process ends: 3 where only a person can say whether to go on, otherwise 2.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Rewritten { .. } => 3,
            _ => 2,
        }
    }
}

/// What the engine and the HTTP interface share.
pub struct Solver {
    config: Config,
    chain: Chain,
    wallet: Wallet,
    store: Store,
    payloads: Payloads,
    prepare: Prepare,
    /// Tells the engine that there is something to do.
    wake: Notify,
    /// Requests that wait for their task.
    arrivals: Arrivals,
    /// What payloads may take at once.
    memory: Memory,
    /// Room for requests.
    requests: Semaphore,
    /// One for each processor.
    processors: Semaphore,
    health: Health,
    meter: Meter,
    /// Seconds that the chain gives for a delivery.
    period: u32,
    /// When the process began, in Unix seconds.
    started: f64,
}

/// Runs until `shutdown`; `ready` is told the address once it is served at.
pub async fn run(
    config: Config,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    run_with(config, Delivery::prepare, ready, shutdown).await
}

/// As [`run`], with another way of encrypting: that is how the tests lie to consumers.
pub async fn run_with(
    config: Config,
    prepare: Prepare,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    end_on_panic();
    let tls = config.tls.clone().map(Tls::open).transpose()?;
    let mut shutdown = std::pin::pin!(shutdown);
    let solver = tokio::select! {
        () = &mut shutdown => return Ok(()),
        solver = open_in_turn(config, prepare) => solver?,
    };
    let address = solver.config.listen;
    let listen = |cause| Error::Listen { address, cause };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;

    let stop = CancellationToken::new();
    let mut parts = JoinSet::new();
    parts.spawn(Engine::new(Arc::clone(&solver), solver.period).run(stop.clone()));
    if let Some(tls) = tls.clone() {
        parts.spawn(renew(tls, stop.clone()));
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    parts.spawn(http::serve(
        Arc::clone(&solver),
        listener,
        tls,
        stop.clone(),
    ));
    info!(address = %bound, solver = %solver.wallet.address(), scheme, "serving");
    ready(bound);

    // When one part ends, all do.
    let first = tokio::select! {
        () = shutdown => None,
        first = parts.join_next() => first,
    };
    stop.cancel();
    let mut ends: Vec<_> = first.into_iter().collect();
    while let Some(end) = parts.join_next().await {
        ends.push(end);
    }
    info!("stopped");
    ends.into_iter().try_for_each(|end| {
        end.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
    })
}

/// Reads the certificate again at each SIGHUP.
async fn renew(tls: Tls, stop: CancellationToken) -> Result<(), Error> {
    let hangup = signal(SignalKind::hangup());
    let mut hangup = hangup.expect("a process can listen for SIGHUP");
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hangup.recv() => match tls.renew() {
                Ok(()) => info!("the certificate was read again"),
                Err(error) => error!(%error, "the old certificate stays"),
            }
        }
    }
}

/// A part that panicked leaves the others without what it did, whichever part it is: a request, the loop, the database.
/// Then nothing goes on.
fn end_on_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        std::process::exit(101);
    }));
}

/// Opens everything; in standby, once no other process has this key at work.
async fn open_in_turn(config: Config, prepare: Prepare) -> Result<Arc<Solver>, Error> {
    let mut told = false;
    loop {
        match open(config.clone(), prepare).await {
            Err(error @ (Error::Store(StoreError::InUse(_)) | Error::Elsewhere { .. }))
                if config.standby =>
            {
                if !std::mem::replace(&mut told, true) {
                    info!(%error, "standing by");
                }
                tokio::time::sleep(STANDBY).await;
            }
            opened => return opened,
        }
    }
}

/// Opens the key, the chain and the store, and checks that they belong together.
async fn open(config: Config, prepare: Prepare) -> Result<Arc<Solver>, Error> {
    let wallet = wallet(&config)?;
    let chain = connect(&config).await?;
    let period = chain
        .operator()
        .DELIVERY_PERIOD()
        .call()
        .await
        .map_err(|error| chain.view_error(error))?;
    let deployment = deployment(&chain, wallet.address()).await?;
    let store = Store::open(&config.store, deployment, config.make_store)?;
    check_alone(&chain, wallet.address()).await?;
    let payloads = Payloads::open(&config.assets)?;
    let folder = config.store.parent().unwrap_or(Path::new(""));
    let memory = Memory::new(config.limits.memory_mb, &Path::new(".").join(folder));
    let requests = Semaphore::new(config.limits.requests);
    let meter = Meter::new(store.clock());
    let solver = Solver {
        config,
        chain,
        wallet,
        store,
        payloads,
        prepare,
        wake: Notify::new(),
        arrivals: Arrivals::default(),
        memory,
        requests,
        processors: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
        health: Health::default(),
        meter,
        period,
        started: clock::since_epoch().as_secs_f64(),
    };
    Ok(Arc::new(solver))
}

/// The solver's key.
fn wallet(config: &Config) -> Result<Wallet, Error> {
    let password =
        std::fs::read_to_string(&config.password_file).map_err(|cause| Error::Password {
            path: config.password_file.clone(),
            cause,
        })?;
    let password = password.trim_end_matches(['\r', '\n']);
    Ok(Wallet::open(&config.keystore, password)?)
}

fn url(config: &Config) -> Result<reqwest::Url, Error> {
    config.rpc.parse().map_err(|cause| Error::Url {
        given: config.rpc.clone(),
        cause: format!("{cause}"),
    })
}

/// The chain with its contracts.
async fn connect(config: &Config) -> Result<Chain, Error> {
    let url = url(config)?;
    Ok(Chain::connect(url, config.network.clone(), config.operator).await?)
}

/// What the store must belong to.
async fn deployment(chain: &Chain, solver: Address) -> Result<Deployment, Error> {
    let genesis = chain.block(BlockNumberOrTag::Earliest).await?;
    Ok(Deployment {
        chain_id: chain.chain_id(),
        genesis: genesis.map(|block| block.hash).unwrap_or_default(),
        operator: chain.contracts().operator,
        solver,
    })
}

/// Another process with the same key would send transactions of its own. It shows where this solver is registered.
async fn check_alone(chain: &Chain, solver: Address) -> Result<(), Error> {
    let registered = chain.consortium().solverOf(solver).call().await;
    let endpoint = registered
        .map_err(|error| chain.view_error(error))?
        .endpoint;
    if endpoint.is_empty() {
        return Ok(());
    }
    let client = ayumi_chain::http(|client| client.timeout(ASK));
    let Ok(client) = client else { return Ok(()) };
    let answer = client.get(format!("{endpoint}/v1")).send().await;
    let Ok(answer) = answer else { return Ok(()) };
    match answer.json::<http::About>().await {
        Ok(about) if about.solver == solver => Err(Error::Elsewhere { solver, endpoint }),
        _ => Ok(()),
    }
}

impl Solver {
    /// Runs what keeps a processor busy: as many at a time as there are processors, so that those who came first are done
    /// first.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _turn = self.processors.acquire().await;
        blocking(work).await
    }
}

/// Runs what takes the disk or the processor for a while where it holds up nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}
