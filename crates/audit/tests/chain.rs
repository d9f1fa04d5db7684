//! Indexes of a chain that really runs: each test has an anvil of its own.

#[macro_use]
mod databases;

use std::path::{Path, PathBuf};

use alloy::eips::BlockNumberOrTag;
use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, B256, U256};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::anvil::ReorgOptions;
use alloy::sol_types::SolCall;
use ayumi_audit::{Difference, Error, Location, Query, Reader, Tracker, compare, verify};
use ayumi_chain::{Broadcast, Call, Chain, Network, Sender, Wallet, deploy, http};
use ayumi_contracts::IConsortium::{addOrganisationCall, enrolCall};
use ayumi_contracts::Periods;
use databases::Databases;

on_both!(
    async
    any_ranges_give_the_same_index,
    blocks_that_went_leave_nothing_behind,
    an_index_belongs_to_one_deployment_and_one_writer,
    it_reads_no_further_than_it_is_told,
);

const PERIODS: Periods = Periods {
    delivery: 3_600,
    complaint: 3_600,
    feedback: 86_400,
};

struct World {
    anvil: AnvilInstance,
    chain: Chain,
    governor: Wallet,
    nonce: u64,
}

impl World {
    async fn new() -> Self {
        let anvil = Anvil::at(binary()).spawn();
        let governor = Wallet::random();
        let (url, network) = (anvil.endpoint_url(), Network::default());
        let bare = Chain::without_contracts(url.clone(), network.clone())
            .await
            .unwrap();
        api(&anvil)
            .anvil_set_balance(governor.address(), U256::from(10).pow(U256::from(20)))
            .await
            .unwrap();
        let contracts = deploy(&bare, &governor, PERIODS).await.unwrap();
        let chain = Chain::connect(url, network, contracts.operator)
            .await
            .unwrap();
        let nonce = 2;
        Self {
            anvil,
            chain,
            governor,
            nonce,
        }
    }

    /// The same chain, of which so many blocks are asked for at once.
    async fn in_ranges_of(&self, log_range: u64) -> Chain {
        let network = Network {
            log_range,
            ..Network::default()
        };
        let operator = self.chain.contracts().operator;
        Chain::connect(self.anvil.endpoint_url(), network, operator)
            .await
            .unwrap()
    }

    async fn govern(&mut self, call: &impl SolCall) {
        let sender = Sender::new(self.chain.clone(), self.governor.clone());
        let call = Call::new(self.chain.contracts().consortium, call);
        let signed = sender.sign(&call, self.nonce, 300_000).await.unwrap();
        assert!(matches!(
            sender.broadcast(&signed).await,
            Broadcast::Accepted
        ));
        while sender.mined_in(signed.hash).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        self.nonce += 1;
    }

    async fn add(&mut self, name: &str) {
        self.govern(&addOrganisationCall { name: name.into() })
            .await;
    }

    async fn enrol(&mut self, organisation: u32) {
        let call = enrolCall {
            account: Address::from_word(B256::from(U256::from(self.nonce))),
            organisation,
            team: B256::ZERO,
        };
        self.govern(&call).await;
    }

    async fn reorg(&self, depth: u64) {
        let options = ReorgOptions {
            depth,
            tx_block_pairs: vec![],
        };
        api(&self.anvil).anvil_reorg(options).await.unwrap();
    }
}

async fn index(chain: Chain, databases: &Databases) -> Location {
    let place = databases.place();
    let mut tracker = Tracker::open(chain, &place).await.unwrap();
    tracker.catch_up().await.unwrap();
    place
}

fn api(anvil: &AnvilInstance) -> DynProvider {
    ProviderBuilder::new()
        .connect_reqwest(http(|client| client).unwrap(), anvil.endpoint_url())
        .erased()
}

/// The native binary out of the npm package of this platform.
fn binary() -> PathBuf {
    let scope = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/@foundry-rs");
    let packages = std::fs::read_dir(&scope).expect("scripts/toolchain installs Foundry");
    let mut binaries = packages
        .filter_map(Result::ok)
        .map(|package| package.path().join("bin/anvil"));
    binaries
        .find(|binary| binary.is_file())
        .expect("scripts/toolchain installs anvil")
}

fn nothing() -> Vec<Difference> {
    Vec::new()
}

async fn any_ranges_give_the_same_index(databases: &Databases) {
    let mut world = World::new().await;
    for place in 0..30 {
        world.add(&format!("Organisation {place}")).await;
        world.enrol(place + 1).await;
    }
    // So that there are blocks which are read without being able to be undone.
    api(&world.anvil).anvil_mine(Some(300), None).await.unwrap();
    world.add("The last").await;
    let whole = index(world.chain.clone(), databases).await;
    for range in [1, 7, 64] {
        let chain = world.in_ranges_of(range).await;
        let other = index(chain, databases).await;
        assert_eq!(compare(&whole, &other).unwrap(), nothing(), "{range}");
    }
    let verification = verify(&world.chain, Some(&whole)).await.unwrap();
    assert_eq!(verification.differences, nothing());
    let reader = Reader::open(&whole).unwrap();
    assert_eq!(reader.organisations(&Query::default()).unwrap().len(), 31);
    assert_eq!(reader.status().unwrap().events, verification.events);
}

async fn blocks_that_went_leave_nothing_behind(databases: &Databases) {
    let mut world = World::new().await;
    let path = databases.place();
    let mut tracker = Tracker::open(world.chain.clone(), &path).await.unwrap();
    for (round, depth) in [1, 2, 5].into_iter().enumerate() {
        for place in 0..6 {
            world.add(&format!("Organisation {round} {place}")).await;
            if place % 2 == 0 {
                tracker.catch_up().await.unwrap();
            }
        }
        tracker.catch_up().await.unwrap();
        world.reorg(depth).await;
        world.nonce -= depth;
        if round == 1 {
            // Seen before anything is built on it.
            tracker.catch_up().await.unwrap();
        }
        world.add(&format!("Another {round}")).await;
        tracker.catch_up().await.unwrap();
        let fresh = index(world.chain.clone(), databases).await;
        assert_eq!(compare(&fresh, &path).unwrap(), nothing(), "{round}");
    }
}

async fn an_index_belongs_to_one_deployment_and_one_writer(databases: &Databases) {
    let mut world = World::new().await;
    world.add("Aoba").await;
    let path = index(world.chain.clone(), databases).await;
    let other = World::new().await;
    let refused = Tracker::open(other.chain.clone(), &path).await.unwrap_err();
    assert!(
        matches!(refused, Error::OtherDeployment { .. }),
        "{refused}"
    );
    let _one = Tracker::open(world.chain.clone(), &path).await.unwrap();
    let refused = Tracker::open(world.chain.clone(), &path).await.unwrap_err();
    assert!(matches!(refused, Error::InUse(_)), "{refused}");
}

async fn it_reads_no_further_than_it_is_told(databases: &Databases) {
    let mut world = World::new().await;
    for name in ["Aoba", "Hibiki", "Minato"] {
        world.add(name).await;
    }
    let head = world.chain.head().await.unwrap().number;
    let path = databases.place();
    let mut tracker = Tracker::open(world.chain.clone(), &path).await.unwrap();
    let progress = tracker.catch_up_to(head - 1).await.unwrap();
    assert_eq!(progress.cursor.number, head - 1);
    let there = world
        .chain
        .block(BlockNumberOrTag::Number(head - 1))
        .await
        .unwrap();
    assert_eq!(there.map(|block| block.hash), Some(progress.cursor.hash));
    let events = Reader::open(&path)
        .unwrap()
        .events(&Query::default())
        .unwrap();
    assert_eq!(
        events
            .iter()
            .filter(|event| event.kind == "organisation-added")
            .count(),
        2
    );
    assert_eq!(tracker.catch_up().await.unwrap().events, 1);
    assert_eq!(tracker.catch_up().await.unwrap().events, 0);
}
