use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use alloy::primitives::Address;
use ayumi_chain::{Chain, Finality, Network, Wallet};
use ayumi_cli::Session;
use serde_json::json;
use tokio::runtime::Handle;

use super::Flaw;
use crate::fault::FaultProxy;
use crate::solver::{Honesty, Solver};
use crate::world::{MONEY, World};

/// Blocks until one is final.
pub const FINALITY: u64 = 4;

/// Seconds of the chain's clock: for a delivery, for a complaint, for feedback.
pub const DELIVERY_S: u64 = 3_600;
pub const COMPLAINT_S: u64 = 1_800;
pub const FEEDBACK_S: u64 = 7_200;

/// The last seconds before a deadline, in which a solver begins no delivery: a tenth.
pub const MARGIN_S: u64 = DELIVERY_S / 10;

/// Milliseconds between two looks at the chain.
const POLL_MS: u64 = 50;

/// Consumers beside those that a development network has.
const MORE: usize = 3;

/// A solver, and what stands before its node.
pub struct Seat {
    /// For the log.
    pub name: &'static str,
    /// Its account.
    pub address: Address,
    /// What it is always told.
    pub arguments: Vec<String>,
    /// Between it and the node.
    pub node: FaultProxy,
    /// Itself.
    pub solver: Mutex<Solver>,
}

/// An account with its session.
pub struct Party {
    /// For the log.
    pub name: String,
    /// Its account.
    pub address: Address,
    /// What it acts through.
    pub session: Session,
    /// Where its files are.
    pub folder: PathBuf,
}

/// The profile of the network, which each program has.
pub fn network() -> Network {
    Network {
        finality: Finality::Blocks(FINALITY),
        poll_ms: POLL_MS,
        patience_s: 30,
        ..Network::default()
    }
}

/// What the development network is started with.
pub fn arguments(folder: &Path) -> Vec<String> {
    let profile = folder.join("network.toml");
    let text = toml::to_string(&network()).expect("the profile is of plain values");
    fs::write(&profile, text).expect("the folder can be written to");
    let profile = profile.display().to_string();
    let periods = [
        ("--delivery-period", DELIVERY_S),
        ("--complaint-period", COMPLAINT_S),
        ("--feedback-period", FEEDBACK_S),
    ];
    let periods = periods.map(|(name, seconds)| [name.to_owned(), seconds.to_string()]);
    [vec!["--network".to_owned(), profile], periods.concat()].concat()
}

/// The solvers, each behind a proxy of its own.
pub fn seats(world: &World, count: u64, flaw: Option<Flaw>) -> Vec<Seat> {
    let homes = [("first", "Minato ISAC"), ("second", "Tsubame Bank")];
    let homes = homes.into_iter().take(count.try_into().unwrap_or(1));
    homes
        .map(|(name, organisation)| seat(world, name, organisation, flaw))
        .collect()
}

fn seat(world: &World, name: &'static str, organisation: &str, flaw: Option<Flaw>) -> Seat {
    let node = FaultProxy::before(world.rpc_url());
    let settings = json!({
        "rpc": node.url(),
        "compare_s": 2,
        "network": { "finality": { "blocks": FINALITY }, "poll_ms": POLL_MS },
    });
    let honesty = match flaw {
        Some(Flaw::Lie) => Honesty::Lying,
        _ => Honesty::Honest,
    };
    let solver = Solver::with_settings(world, name, organisation, honesty, &settings);
    Seat {
        name,
        address: solver.address,
        arguments: solver.arguments.clone(),
        node,
        solver: Mutex::new(solver),
    }
}

/// The producers, and the consumers.
pub fn parties(world: &World, chain: &Chain, runtime: &Handle) -> (Vec<Party>, Vec<Party>) {
    let known = |role| {
        let accounts = world.accounts(role).into_iter();
        accounts
            .map(|account| {
                let variable = |name: &str| PathBuf::from(&account.environment[name]);
                let password = fs::read_to_string(variable("ETH_PASSWORD"));
                let password = password.expect("the network wrote it");
                let wallet = Wallet::open(&variable("ETH_KEYSTORE"), &password);
                let wallet = wallet.expect("the network made it");
                party(world, chain, runtime, &account.name, wallet)
            })
            .collect::<Vec<_>>()
    };
    let (producers, mut consumers) = (known("producer"), known("consumer"));
    for number in 0..MORE {
        let (name, wallet) = (format!("newcomer-{number}"), Wallet::random());
        let address = wallet.address();
        world.rpc("anvil_setBalance", &json!([address, MONEY]));
        world.governor().must(&[
            "organisation",
            "enrol",
            &address.to_string(),
            "--organisation",
            "Asagiri Hospitals",
        ]);
        consumers.push(party(world, chain, runtime, &name, wallet));
    }
    (producers, consumers)
}

fn party(world: &World, chain: &Chain, runtime: &Handle, name: &str, wallet: Wallet) -> Party {
    let address = wallet.address();
    let folder = world.folder().join(format!("{name}-soaked"));
    fs::create_dir(&folder).expect("the world's folder can be written to");
    let session = runtime.block_on(Session::open(chain.clone(), wallet, &folder.join("state")));
    Party {
        name: name.to_owned(),
        address,
        session: session.expect("the chain answers"),
        folder,
    }
}
