//! A consortium for measurements: an anvil without gas price, as permissioned chains are, the contracts, a solver, and as
//! many members as are asked for, who are enrolled and given tickets in a few blocks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use ayumi_bench::{Account, Job, Rpc};
use ayumi_chain::{Call, Chain, Fees, Network, Wallet, deploy};
use ayumi_contracts::ICTIOperator::{Delivery, deliverCall};
use ayumi_contracts::ICTIToken::{Listing, buyCall, publishCall};
use ayumi_contracts::IConsortium::{addOrganisationCall, enrolCall, registerSolverCall};
use ayumi_contracts::messages;
use ayumi_contracts::{Periods, ProductId};
use ayumi_e2e::{Process, programs};
use ayumi_sealing::{Asset, Commitment, Message, Seed, commit, seal};
use eyre::{Result, ensure, eyre};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::gas::context;

/// Anvil's own, and that of many networks.
pub const BLOCK_GAS: u64 = 30_000_000;

const PRICE: u64 = 1_000_000;

/// Gas of any transaction that sets up.
const SETUP_GAS: u64 = 300_000;

/// Gas of a delivery among others of its batch.
const DELIVERY_GAS: u64 = 57_000;

/// Places of those among the accounts of a seed who are no consumers.
const GOVERNOR: u64 = 1 << 32;
const PRODUCER: u64 = GOVERNOR + 1;

/// A day: in instant mining each block is a second of the chain's time at least.
const PERIODS: Periods = Periods {
    delivery: 30 * 86_400,
    complaint: 86_400,
    feedback: 86_400,
};

/// It all.
pub struct Consortium {
    /// The node.
    pub anvil: Process,
    /// An empty one that it is a fork of.
    _ground: Process,
    /// The daemon, while it runs.
    pub solver: Option<Process>,
    /// The chain and its contracts.
    pub chain: Chain,
    /// The node, bare.
    pub rpc: Rpc,
    /// Where the solver is.
    pub endpoint: String,
    solver_wallet: Wallet,
    producer: Account,
    consumers: Vec<Account>,
    seed: B256,
    folder: TempDir,
}

impl Consortium {
    /// With so many consumers, and a solver that looks at the chain every so many milliseconds.
    pub async fn new(consumers: u64, poll_ms: u64) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ayumi-bench-").tempdir()?;
        let (ground, ground_url) = start_anvil(folder.path(), "ground", &[])?;
        // A fork's blocks have no state root. An anvil hashes the whole state anew for each block, which no other node does.
        let (anvil, url) = start_anvil(folder.path(), "anvil", &["--fork-url", &ground_url])?;
        let rpc = Rpc::new(&url)?;
        let _: Value = rpc.call("anvil_setLoggingEnabled", (false,)).await?;
        let network = Network {
            fees: Fees::Zero,
            poll_ms,
            patience_s: 30,
            ..Network::default()
        };
        let governor = Wallet::random();
        let bare = Chain::without_contracts(url.parse()?, network.clone()).await?;
        let contracts = deploy(&bare, &governor, PERIODS).await?;
        let chain = Chain::connect(url.parse()?, network, contracts.operator).await?;
        let seed = B256::from(*Seed::random().as_bytes());
        let mut consortium = Self {
            anvil,
            _ground: ground,
            solver: None,
            chain,
            rpc,
            endpoint: String::new(),
            solver_wallet: Wallet::random(),
            producer: Account::nth(seed, PRODUCER, 0),
            consumers: (0..consumers)
                .map(|place| Account::nth(seed, place, 0))
                .collect(),
            seed,
            folder,
        };
        consortium.configure(poll_ms)?;
        consortium.start_solver()?;
        consortium.found(&governor).await?;
        Ok(consortium)
    }

    /// The folder of the solver, which goes with this.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The solver's account.
    pub fn solver_account(&self) -> Address {
        self.solver_wallet.address()
    }

    fn configure(&self, poll_ms: u64) -> Result<()> {
        let folder = self.folder.path();
        self.solver_wallet.save(folder, "key", "password")?;
        std::fs::write(folder.join("password"), "password")?;
        let config = json!({
            "rpc": self.chain.url(),
            "operator": self.chain.contracts().operator,
            "keystore": "key",
            "password_file": "password",
            "listen": "127.0.0.1:0",
            "store": "solver.db",
            // Everybody comes from one address.
            "limits": { "client_rate": 0, "client_requests": 4_096, "connections": 4_096 },
            "network": { "fees": "zero", "poll_ms": poll_ms },
        });
        std::fs::write(folder.join("solver.toml"), toml::to_string(&config)?)?;
        Ok(())
    }

    /// Starts the daemon, again.
    pub fn start_solver(&mut self) -> Result<()> {
        let mut command = Command::new(programs::solver());
        command
            .args(["run", "--init", "--config"])
            .arg(self.folder.path().join("solver.toml"))
            .env("MALLOC_MMAP_THRESHOLD_", "131072") // as deploy/solver has it
            .env_remove("ETH_RPC_URL");
        let log = self.folder.path().join("solver.log");
        let (solver, endpoint) = Process::start(command, &log, "listening on ")
            .map_err(|said| eyre!("the solver does not start: {said}"))?;
        (self.solver, self.endpoint) = (Some(solver), endpoint);
        Ok(())
    }

    /// Ends the daemon in order.
    pub fn stop_solver(&mut self) -> Result<()> {
        if let Some(mut solver) = self.solver.take() {
            let status = solver.terminate();
            ensure!(
                status.success(),
                "the solver ends with {status}: {}",
                solver.said()
            );
        }
        Ok(())
    }

    /// Two organisations, their members and the solver.
    async fn found(&mut self, wallet: &Wallet) -> Result<()> {
        let contracts = self.chain.contracts();
        // The wallet governs by its own transactions; its key stays where it is.
        let sender = ayumi_chain::Sender::new(self.chain.clone(), wallet.clone());
        let mut nonce = sender.nonce(alloy::eips::BlockNumberOrTag::Latest).await?;
        let solver = registerSolverCall {
            solver: self.solver_account(),
            organisation: 1,
            sealingKey: self
                .solver_wallet
                .sealing_key(self.chain.scope())
                .public()
                .0,
            endpoint: self.endpoint.clone(),
        };
        let enrol = |account: &Account, organisation| enrolCall {
            account: account.address(),
            organisation,
            team: B256::ZERO,
        };
        let mut calls = Vec::new();
        for name in ["CSIRT Aoba", "Hibiki Bank"] {
            calls.push(Call::new(
                contracts.consortium,
                &addOrganisationCall { name: name.into() },
            ));
        }
        calls.push(Call::new(contracts.consortium, &solver));
        calls.push(Call::new(contracts.consortium, &enrol(&self.producer, 1)));
        for consumer in &self.consumers {
            calls.push(Call::new(contracts.consortium, &enrol(consumer, 2)));
        }
        let mut raws = Vec::with_capacity(calls.len());
        for call in &calls {
            raws.push(sender.sign(call, nonce, SETUP_GAS).await?.raw);
            nonce += 1;
        }
        self.mine(&raws).await?;
        let count = self.chain.consortium().accountCount().call().await?;
        ensure!(
            count.to::<usize>() == self.consumers.len() + 1,
            "{count} accounts are enrolled"
        );
        Ok(())
    }

    /// Hands the solver a payload and puts it on sale. Returns the product and what it is committed to.
    pub async fn publish(&mut self, payload: &[u8], stock: u32) -> Result<(ProductId, Commitment)> {
        let client = ayumi_chain::http(|client| client)?;
        let (listing, commitment) = self.hand_over(&client, payload, stock).await?;
        let raw = self.listed(listing);
        self.mine(&[raw]).await?;
        let product = ProductId {
            producer: 1,
            sequence: u32::try_from(self.producer.nonce())?,
        };
        Ok((product, commitment))
    }

    /// The transaction that puts a product on sale.
    pub fn listed(&mut self, listing: Listing) -> Bytes {
        let call = Call::new(self.chain.contracts().token, &publishCall { listing });
        self.producer
            .transaction(self.chain.chain_id(), SETUP_GAS, &call)
    }

    /// Hands the solver a payload under a seed of its own.
    pub async fn hand_over(
        &self,
        client: &reqwest::Client,
        payload: &[u8],
        stock: u32,
    ) -> Result<(Listing, Commitment)> {
        let seed = Seed::random();
        let commitment = commit(payload, &seed)?;
        let scope = self.chain.scope();
        let message = Message::Asset {
            content_root: commitment.content_root,
        };
        let recipient = self.solver_wallet.sealing_key(scope).public();
        let plaintext = Asset {
            seed,
            payload: payload.to_vec(),
        }
        .to_plaintext();
        let sealed = seal(message, scope, recipient, &plaintext)?;
        let signed = messages::Asset {
            contentRoot: commitment.content_root,
            payloadLength: commitment.payload_length,
            solver: self.solver_account(),
        };
        let signature = self.producer.sign(&signed, &self.chain.domain());
        let put = client
            .put(format!(
                "{}/v1/assets/{}",
                self.endpoint, commitment.content_root
            ))
            .header("Ayumi-Payload-Length", commitment.payload_length)
            .header(
                "Ayumi-Signature",
                Bytes::from(signature.as_bytes().to_vec()).to_string(),
            )
            .body(sealed);
        let answer = put.send().await?;
        ensure!(
            answer.status().is_success(),
            "an asset: {}",
            answer.text().await?
        );
        let listing = Listing {
            contentRoot: commitment.content_root,
            length: u32::try_from(commitment.payload_length)?,
            price: PRICE.try_into()?,
            stock,
            rewardBps: 0,
            solver: self.solver_account(),
            noteKey: B256::repeat_byte(7),
            uuid: (*Seed::random().as_bytes())[..16].try_into()?,
            context: context(),
            title: "Phishing of logistics companies by a fictional group".into(),
            description: String::new(),
        };
        Ok((listing, commitment))
    }

    /// Every consumer gets so many tickets of the product that `choose` names for its place.
    pub async fn buy(&mut self, each: u32, choose: impl Fn(usize) -> ProductId) -> Result<()> {
        let funds: Vec<_> = self
            .consumers
            .iter()
            .map(|consumer| json!([consumer.address(), "0x56bc75e2d63100000"]))
            .collect();
        let _: Vec<Value> = self.rpc.all("anvil_setBalance", &funds).await?;
        let (token, chain_id) = (self.chain.contracts().token, self.chain.chain_id());
        let mut raws = Vec::with_capacity(self.consumers.len());
        for (place, consumer) in self.consumers.iter_mut().enumerate() {
            let call = buyCall {
                product: choose(place).into(),
                quantity: each,
                deadline: U256::MAX,
            };
            let call = Call::new(token, &call).paying(U256::from(PRICE) * U256::from(each));
            raws.push(consumer.transaction(chain_id, SETUP_GAS, &call));
        }
        self.mine(&raws).await?;
        if let Some((place, last)) = self.consumers.iter().enumerate().next_back() {
            let tickets = self.chain.tickets();
            let has = tickets
                .balanceOf(last.address(), choose(place).into())
                .call()
                .await?;
            ensure!(
                has == U256::from(each),
                "the last consumer has {has} tickets"
            );
        }
        Ok(())
    }

    /// Puts a product on sale whose solver is not asked for anything.
    pub async fn own_product(&mut self) -> Result<(ProductId, Commitment)> {
        self.start_solver()?;
        let product = self
            .publish(b"{\"Event\": {\"info\": \"bench\"}}", u32::MAX)
            .await;
        self.stop_solver()?;
        product
    }

    /// The transactions that deliver what these receipts are for, so many at once, as the solver would send them.
    pub async fn delivered(&self, receipts: &[Delivery], at_once: usize) -> Result<Vec<Bytes>> {
        let sender = ayumi_chain::Sender::new(self.chain.clone(), self.solver_wallet.clone());
        let first = sender.nonce(alloy::eips::BlockNumberOrTag::Latest).await?;
        let mut raws = Vec::new();
        for (nonce, deliveries) in (first..).zip(receipts.chunks(at_once)) {
            let call = deliverCall {
                deliveries: deliveries.to_vec(),
            };
            let call = Call::new(self.chain.contracts().operator, &call);
            raws.push(
                sender
                    .sign(&call, nonce, DELIVERY_GAS * deliveries.len() as u64)
                    .await?
                    .raw,
            );
        }
        Ok(raws)
    }

    /// The producer's next transaction.
    pub fn of_producer(&mut self, gas: u64, call: &Call) -> Bytes {
        self.producer.transaction(self.chain.chain_id(), gas, call)
    }

    /// The consumers, each with its own count of its transactions.
    pub fn consumers(&mut self) -> &mut [Account] {
        &mut self.consumers
    }

    /// Has these transactions mined, in as few blocks as they fit in. Returns the seconds that it took.
    pub async fn mine(&self, raws: &[Bytes]) -> Result<f64> {
        let _: Value = self.rpc.call("evm_setAutomine", (false,)).await?;
        let parameters: Vec<_> = raws.iter().map(|raw| json!([raw])).collect();
        let started = Instant::now();
        let _: Vec<B256> = self.rpc.all("eth_sendRawTransaction", &parameters).await?;
        loop {
            let pool: Value = self.rpc.call("txpool_status", json!([])).await?;
            if pool["pending"] == "0x0" && pool["queued"] == "0x0" {
                break;
            }
            let _: Value = self.rpc.call("evm_mine", json!([])).await?;
        }
        let seconds = started.elapsed().as_secs_f64();
        let _: Value = self.rpc.call("evm_setAutomine", (true,)).await?;
        Ok(seconds)
    }

    /// From now on there is a block every so many seconds, and only then.
    pub async fn mine_every(&self, seconds: u64) -> Result<()> {
        let _: Value = self.rpc.call("evm_setAutomine", (false,)).await?;
        let _: Value = self.rpc.call("evm_setIntervalMining", (seconds,)).await?;
        Ok(())
    }

    /// Gas that the blocks of a range used, on average.
    pub async fn gas_used(&self, (first, last): (u64, u64)) -> Result<u64> {
        let range: Vec<_> = (first..=last)
            .map(|number| json!([U64::from(number), false]))
            .collect();
        let blocks: Vec<Value> = self.rpc.all("eth_getBlockByNumber", &range).await?;
        let used = blocks.iter().filter_map(|block| {
            block["gasUsed"]
                .as_str()
                .and_then(|gas| gas.parse::<U64>().ok())
        });
        Ok(used.map(|gas| gas.to::<u64>()).sum::<u64>() / (blocks.len().max(1) as u64))
    }

    /// What the generator needs to know.
    pub fn job(&self, product: ProductId, commitment: Commitment, payload: PathBuf) -> Job {
        let contracts = self.chain.contracts();
        Job {
            rpc: self.chain.url().to_string(),
            chain_id: self.chain.chain_id(),
            token: contracts.token,
            operator: contracts.operator,
            solver: self.solver_account(),
            endpoint: self.endpoint.clone(),
            product: Into::<U256>::into(product).to(),
            content_root: commitment.content_root,
            payload,
            seed: self.seed,
            nonces: self.consumers.iter().map(Account::nonce).collect(),
            poll_ms: self.chain.network().poll_ms,
            per_second: None,
            warm_up_s: 0,
            window_s: 0,
        }
    }

    /// Waits until the solver has read the chain and is ready. Returns how long it took.
    pub async fn wait_ready(&self) -> Result<Duration> {
        let (since, client) = (Instant::now(), ayumi_chain::http(|client| client)?);
        loop {
            let answer = client.get(format!("{}/readyz", self.endpoint)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(since.elapsed());
            }
            ensure!(
                since.elapsed() < Duration::from_mins(2),
                "the solver is not ready"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Keeps few states, since it would keep one for each block; tells nothing of each request.
fn start_anvil(folder: &Path, name: &str, more: &[&str]) -> Result<(Process, String)> {
    let mut command = Command::new(programs::anvil());
    command.args(["--port", "0", "--accounts", "1", "--hardfork", "cancun"]);
    command.args(["--block-base-fee-per-gas", "0", "--gas-price", "0"]);
    command.args(["--disable-min-priority-fee", "--order", "fifo"]);
    command.args(["--gas-limit", &BLOCK_GAS.to_string(), "--prune-history"]);
    command.args(more);
    let log = folder.join(name).with_extension("log");
    let (anvil, address) = Process::start(command, &log, "Listening on ")
        .map_err(|said| eyre!("anvil does not start: {said}"))?;
    Ok((anvil, format!("http://{address}")))
}
