//! The chain as it really behaves: each test has an anvil of its own.

use std::path::PathBuf;

use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, U256};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::Filter;
use alloy::rpc::types::anvil::ReorgOptions;
use ayumi_chain::{
    Broadcast, Call, Chain, Cursor, Error, Fees, Finality, Network, Revert, Sender, Signed, Step,
    Wallet, deploy, http,
};
use ayumi_contracts::ICTIToken::withdrawCall;
use ayumi_contracts::IConsortium::{addOrganisationCall, enrolCall};
use ayumi_contracts::Periods;

const PERIODS: Periods = Periods {
    delivery: 3_600,
    complaint: 3_600,
    feedback: 86_400,
};

/// A chain with the contracts on it, and the governor's wallet.
struct World {
    anvil: AnvilInstance,
    chain: Chain,
    governor: Wallet,
}

impl World {
    async fn new() -> Self {
        Self::of(&[], Network::default()).await
    }

    async fn of(arguments: &[&str], network: Network) -> Self {
        let anvil = Anvil::at(binary()).args(arguments).spawn();
        let governor = Wallet::random();
        let bare = Chain::without_contracts(anvil.endpoint_url(), network.clone())
            .await
            .unwrap();
        if network.fees == Fees::Market {
            api(&anvil)
                .anvil_set_balance(governor.address(), U256::from(10).pow(U256::from(18)))
                .await
                .unwrap();
        }
        let contracts = deploy(&bare, &governor, PERIODS).await.unwrap();
        let chain = Chain::connect(anvil.endpoint_url(), network, contracts.operator)
            .await
            .unwrap();
        assert_eq!(chain.contracts(), contracts);
        Self {
            anvil,
            chain,
            governor,
        }
    }

    fn api(&self) -> DynProvider {
        api(&self.anvil)
    }

    fn sender(&self) -> Sender {
        Sender::new(self.chain.clone(), self.governor.clone())
    }

    fn add_organisation(&self, name: &str) -> Call {
        Call::new(
            self.chain.contracts().consortium,
            &addOrganisationCall { name: name.into() },
        )
    }

    async fn send(&self, call: &Call) {
        let sender = self.sender();
        let gas = sender.estimate(call).await.unwrap();
        let nonce = sender
            .nonce(alloy::eips::BlockNumberOrTag::Latest)
            .await
            .unwrap();
        let signed = sender.sign(call, nonce, gas).await.unwrap();
        assert!(matches!(
            sender.broadcast(&signed).await,
            Broadcast::Accepted
        ));
        mined(&sender, &signed).await;
    }

    async fn step(&self, cursor: Option<Cursor>) -> Step {
        Cursor::step(cursor, &self.chain, &Filter::new(), u64::MAX)
            .await
            .unwrap()
    }
}

/// Waits for the block: anvil makes it right after it answers.
async fn mined(sender: &Sender, signed: &Signed) {
    while sender.mined_in(signed.hash).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

fn api(anvil: &AnvilInstance) -> DynProvider {
    ProviderBuilder::new()
        .connect_reqwest(http(|client| client).unwrap(), anvil.endpoint_url())
        .erased()
}

/// The native binary out of the npm package of this platform.
fn binary() -> PathBuf {
    let scope = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../node_modules/@foundry-rs"
    ));
    let packages = std::fs::read_dir(&scope).expect("scripts/toolchain installs Foundry");
    let binaries = packages
        .filter_map(Result::ok)
        .map(|package| package.path().join("bin/anvil"));
    binaries
        .into_iter()
        .find(|binary| binary.is_file())
        .expect("scripts/toolchain installs anvil")
}

#[tokio::test]
async fn a_node_of_another_chain_is_refused() {
    let anvil = Anvil::at(binary()).chain_id(99).spawn();
    let network = Network {
        chain_id: Some(7),
        ..Network::default()
    };
    let error = Chain::connect(anvil.endpoint_url(), network, Address::ZERO)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::WrongChain {
                expected: 7,
                found: 99,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_without_operator_is_refused() {
    let world = World::new().await;
    for wrong in [Address::repeat_byte(7), world.chain.contracts().consortium] {
        let error = Chain::connect(world.anvil.endpoint_url(), Network::default(), wrong)
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::NoOperator { operator, .. } if operator == wrong),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_node_that_is_not_there_is_named() {
    let url = "http://127.0.0.1:1".parse().unwrap();
    let error = Chain::without_contracts(url, Network::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { url, .. } if url.contains("127.0.0.1:1")),
        "{error}"
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_cursor_goes_forward_and_rests() {
    let world = World::new().await;
    let Step::Forward { cursor, .. } = world.step(None).await else {
        panic!("the deployment is there to read")
    };
    world.send(&world.add_organisation("Aoba")).await;
    let Step::Forward { logs, cursor, head } = world.step(Some(cursor)).await else {
        panic!("there is a log to read")
    };
    assert_eq!(
        (logs.len(), cursor.number, cursor.hash),
        (1, head.number, head.hash)
    );
    assert!(matches!(world.step(Some(cursor)).await, Step::Idle(_)));
}

#[tokio::test]
async fn a_rewritten_block_shows() {
    let world = World::new().await;
    world.send(&world.add_organisation("Aoba")).await;
    let Step::Forward { cursor, .. } = world.step(None).await else {
        panic!("there are logs to read")
    };
    world
        .api()
        .anvil_reorg(ReorgOptions {
            depth: 1,
            tx_block_pairs: vec![],
        })
        .await
        .unwrap();
    assert!(matches!(world.step(Some(cursor)).await, Step::Reorg(_)));
}

#[tokio::test]
async fn a_head_behind_the_cursor_is_no_reorg() {
    let world = World::new().await;
    let head = world.chain.head().await.unwrap();
    let ahead = Cursor {
        number: head.number + 5,
        hash: head.hash,
    };
    assert!(matches!(world.step(Some(ahead)).await, Step::Idle(_)));
}

#[tokio::test]
async fn any_range_gives_the_same_logs() {
    let world = World::new().await;
    for name in ["Aoba", "Hibiki", "Minato"] {
        world.send(&world.add_organisation(name)).await;
    }
    let head = world.chain.head().await.unwrap().number;
    let whole = world.chain.logs(&Filter::new(), 0, head).await.unwrap();
    assert_eq!(whole.len(), 4, "one role and three organisations");
    for log_range in [1, 2, 3] {
        let network = Network {
            log_range,
            ..Network::default()
        };
        let operator = world.chain.contracts().operator;
        let chain = Chain::connect(world.anvil.endpoint_url(), network, operator)
            .await
            .unwrap();
        assert_eq!(chain.logs(&Filter::new(), 0, head).await.unwrap(), whole);
    }
}

#[tokio::test]
async fn finality_holds_blocks_back() {
    let world = World::new().await;
    let network = Network {
        finality: Finality::Blocks(2),
        ..Network::default()
    };
    let operator = world.chain.contracts().operator;
    let chain = Chain::connect(world.anvil.endpoint_url(), network, operator)
        .await
        .unwrap();
    let sender = Sender::new(chain.clone(), world.governor.clone());
    let call = world.add_organisation("Aoba");
    let signed = sender
        .sign(&call, 2, sender.estimate(&call).await.unwrap())
        .await
        .unwrap();
    assert!(sender.mined_in(signed.hash).await.unwrap().is_none());
    sender.broadcast(&signed).await;
    mined(&sender, &signed).await;
    assert!(sender.receipt(signed.hash).await.unwrap().is_none());
    world.api().anvil_mine(Some(2), None).await.unwrap();
    assert!(sender.receipt(signed.hash).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_not_final_is_read_block_by_block() {
    let world = World::new().await;
    world.api().anvil_mine(Some(10), None).await.unwrap();
    let head = world.chain.head().await.unwrap().number;
    let network = Network {
        finality: Finality::Blocks(3),
        ..Network::default()
    };
    let operator = world.chain.contracts().operator;
    let chain = Chain::connect(world.anvil.endpoint_url(), network, operator)
        .await
        .unwrap();
    let (mut cursor, mut read) = (None, Vec::new());
    while let Step::Forward { cursor: next, .. } =
        Cursor::step(cursor, &chain, &Filter::new(), 2_000)
            .await
            .unwrap()
    {
        read.push(next.number);
        cursor = Some(next);
    }
    assert_eq!(read, [head - 3, head - 2, head - 1, head]);
}

#[tokio::test]
async fn what_replaces_a_transaction_is_dearer() {
    let world = World::new().await;
    let (sender, api) = (world.sender(), world.api());
    let call = world.add_organisation("Aoba");
    let signed = sender.sign(&call, 2, 200_000).await.unwrap();
    assert!(sender.dearer(&signed).await.unwrap().is_none());
    api.anvil_set_auto_mine(false).await.unwrap();
    assert!(matches!(
        sender.broadcast(&signed).await,
        Broadcast::Accepted
    ));
    let filler = sender.filler(&signed).await.unwrap();
    assert_eq!(filler.nonce, signed.nonce);
    assert!(matches!(
        sender.broadcast(&filler).await,
        Broadcast::Accepted
    ));
    api.anvil_mine(Some(1), None).await.unwrap();
    assert!(sender.mined_in(filler.hash).await.unwrap().is_some());
    assert!(sender.mined_in(signed.hash).await.unwrap().is_none());
}

#[tokio::test]
async fn the_same_bytes_may_be_sent_again() {
    let world = World::new().await;
    let sender = world.sender();
    let call = world.add_organisation("Aoba");
    let signed = sender
        .sign(&call, 2, sender.estimate(&call).await.unwrap())
        .await
        .unwrap();
    world.api().anvil_set_auto_mine(false).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(
            sender.broadcast(&signed).await,
            Broadcast::Accepted
        ));
    }
    world.api().anvil_mine(Some(1), None).await.unwrap();
    assert!(matches!(
        sender.broadcast(&signed).await,
        Broadcast::NonceUsed
    ));
    let receipt = sender.receipt(signed.hash).await.unwrap();
    assert!(receipt.is_some_and(|receipt| receipt.status()));
}

#[tokio::test]
async fn a_nonce_that_another_transaction_used_is_told() {
    let world = World::new().await;
    let sender = world.sender();
    let (call, other) = (
        world.add_organisation("Aoba"),
        world.add_organisation("Hibiki"),
    );
    let signed = sender
        .sign(&call, 2, sender.estimate(&call).await.unwrap())
        .await
        .unwrap();
    world.send(&other).await;
    assert!(matches!(
        sender.broadcast(&signed).await,
        Broadcast::NonceUsed
    ));
    assert!(sender.mined_in(signed.hash).await.unwrap().is_none());
}

#[tokio::test]
async fn an_account_without_money_is_told() {
    let world = World::new().await;
    let sender = Sender::new(world.chain.clone(), Wallet::random());
    let call = Call {
        to: Some(Address::repeat_byte(9)),
        input: vec![].into(),
        value: U256::from(1),
    };
    let signed = sender.sign(&call, 0, 30_000).await.unwrap();
    let sent = sender.broadcast(&signed).await;
    assert!(
        matches!(sent, Broadcast::Refused(Error::Funds { .. })),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_refusal_of_a_contract_is_decoded() {
    let world = World::new().await;
    let contracts = world.chain.contracts();
    let enrol = enrolCall {
        account: Address::ZERO,
        organisation: 8,
        team: [0; 32].into(),
    };
    let unknown = world
        .sender()
        .estimate(&Call::new(contracts.consortium, &enrol))
        .await
        .unwrap_err();
    assert!(
        matches!(&unknown, Error::Reverted(revert) if matches!(**revert, Revert::Consortium(_))),
        "{unknown}"
    );
    let withdraw = withdrawCall {
        product: U256::from(1 << 24 | 1),
    };
    let stranger = Sender::new(world.chain.clone(), Wallet::random());
    let refused = stranger
        .estimate(&Call::new(contracts.token, &withdraw))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), "not-producer", "{refused}");
    let governed = stranger
        .estimate(&world.add_organisation("Aoba"))
        .await
        .unwrap_err();
    assert_eq!(governed.kind(), "not-governor", "{governed}");
}

#[tokio::test]
async fn without_fees_an_account_without_money_sends() {
    let arguments = [
        "--base-fee",
        "0",
        "--gas-price",
        "0",
        "--no-priority-fee",
        "--balance",
        "0",
    ];
    let network = Network {
        fees: Fees::Zero,
        ..Network::default()
    };
    let world = World::of(&arguments, network).await;
    assert_eq!(
        world.chain.balance(world.governor.address()).await.unwrap(),
        U256::ZERO
    );
    world.send(&world.add_organisation("Aoba")).await;
    assert_eq!(
        world
            .chain
            .consortium()
            .organisationCount()
            .call()
            .await
            .unwrap(),
        1
    );
}
