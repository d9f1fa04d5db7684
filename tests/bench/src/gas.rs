//! The gas of each step, out of the receipts of real transactions on anvil, by accounts that did each step before.

use std::time::Duration;

use alloy::eips::BlockNumberOrTag;
use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::SolValue;
use ayumi_chain::{Broadcast, Call, Chain, Network, Sender, Wallet, deploy, http};
use ayumi_contracts::ICTIOperator::{
    Delivery as Delivered, Evidence, Feedback, Outcome, complainCall, deliverCall, giveFeedbackCall,
};
use ayumi_contracts::ICTIToken::{Context, Listing, buyCall, publishCall};
use ayumi_contracts::IConsortium::{addOrganisationCall, enrolCall, registerSolverCall};
use ayumi_contracts::IERC1155::safeTransferFromCall;
use ayumi_contracts::messages::Receipt;
use ayumi_contracts::{Periods, ProductId};
use ayumi_e2e::{lie, programs};
use ayumi_sealing::{Delivery, Key, OpenError, Seed, commit};
use eyre::{Result, ensure, eyre};

use crate::report::Report;

/// The median of 147 public MISP events.
pub const PAYLOAD_BYTES: usize = 43_000;

const PRICE: u64 = 1_000_000;
const BATCH: usize = 20;
const PERIODS: Periods = Periods {
    delivery: 86_400,
    complaint: 86_400,
    feedback: 86_400,
};

struct Bench {
    chain: Chain,
    governor: Sender,
    producer: Sender,
    solver: Sender,
    consumers: Vec<(Wallet, Sender)>,
    payload: Vec<u8>,
    seed: Seed,
    _anvil: AnvilInstance,
}

/// Measures every step.
pub async fn measure(report: &mut Report) -> Result<()> {
    let bench = Bench::new().await?;
    bench.publish().await?;
    report.set("gas.publish", bench.publish().await?);
    // Everyone once, then everyone again: what counts is the second time.
    bench.round(1).await?;
    let [buy, redeem, deliver, feedback] = bench.round(2).await?;
    report.set("gas.buy", buy);
    report.set("gas.redeem", redeem);
    report.set("gas.deliver", deliver);
    report.set("gas.feedback", feedback);
    report.set("gas.steady_state", buy + redeem + deliver + feedback);
    report.set("gas.complain", bench.complain().await?);
    Ok(())
}

impl Bench {
    async fn new() -> Result<Self> {
        let anvil = Anvil::at(programs::anvil()).spawn();
        let api = ProviderBuilder::new()
            .connect_reqwest(http(|client| client)?, anvil.endpoint_url())
            .erased();
        let wallets: Vec<Wallet> = (0..3 + BATCH).map(|_| Wallet::random()).collect();
        for wallet in &wallets {
            api.anvil_set_balance(wallet.address(), U256::from(10).pow(U256::from(20)))
                .await?;
        }
        let bare = Chain::without_contracts(anvil.endpoint_url(), Network::default()).await?;
        let contracts = deploy(&bare, &wallets[0], PERIODS).await?;
        let chain =
            Chain::connect(anvil.endpoint_url(), Network::default(), contracts.operator).await?;
        let sender = |wallet: &Wallet| Sender::new(chain.clone(), wallet.clone());
        let bench = Self {
            governor: sender(&wallets[0]),
            producer: sender(&wallets[1]),
            solver: sender(&wallets[2]),
            consumers: wallets[3..]
                .iter()
                .map(|wallet| (wallet.clone(), sender(wallet)))
                .collect(),
            payload: (0..PAYLOAD_BYTES)
                .map(|at| u8::try_from(at % 251).expect("below 251"))
                .collect(),
            seed: Seed::random(),
            chain,
            _anvil: anvil,
        };
        bench.found().await?;
        Ok(bench)
    }

    /// Two organisations, a producer and a solver in the first, the consumers in the second.
    async fn found(&self) -> Result<()> {
        let consortium = self.chain.contracts().consortium;
        for name in ["CSIRT Aoba", "Hibiki Bank"] {
            self.send(
                &self.governor,
                &Call::new(consortium, &addOrganisationCall { name: name.into() }),
            )
            .await?;
        }
        let enrol = |account, organisation| enrolCall {
            account,
            organisation,
            team: B256::ZERO,
        };
        self.send(
            &self.governor,
            &Call::new(consortium, &enrol(self.producer.account(), 1)),
        )
        .await?;
        for (wallet, _) in &self.consumers {
            self.send(
                &self.governor,
                &Call::new(consortium, &enrol(wallet.address(), 2)),
            )
            .await?;
        }
        let solver = self.solver.account();
        let endpoint = "http://127.0.0.1:1".into();
        let register = registerSolverCall {
            solver,
            organisation: 1,
            sealingKey: B256::repeat_byte(1),
            endpoint,
        };
        self.send(&self.governor, &Call::new(consortium, &register))
            .await?;
        Ok(())
    }

    async fn publish(&self) -> Result<u64> {
        let commitment = commit(&self.payload, &self.seed)?;
        let listing = Listing {
            contentRoot: commitment.content_root,
            length: u32::try_from(commitment.payload_length)?,
            price: PRICE.try_into()?,
            stock: 1_000,
            rewardBps: 0,
            solver: self.solver.account(),
            noteKey: random(),
            uuid: random()[..16].try_into()?,
            context: context(),
            title: "Phishing of logistics companies by a fictional group".into(),
            description: String::new(),
        };
        let receipt = self
            .send(
                &self.producer,
                &Call::new(self.chain.contracts().token, &publishCall { listing }),
            )
            .await?;
        Ok(receipt.gas_used)
    }

    /// Every consumer buys, redeems, is delivered to with the others, and gives feedback. The gas of the last one's steps,
    /// and of the delivery each.
    async fn round(&self, round: u64) -> Result<[u64; 4]> {
        let (mut buy, mut redeem, mut feedback) = (0, 0, 0);
        let mut deliveries = Vec::new();
        for (place, (wallet, sender)) in self.consumers.iter().enumerate() {
            buy = self.buy(sender).await?;
            redeem = self.redeem(sender).await?;
            let task = U256::from((round - 1) * BATCH as u64 + place as u64 + 1);
            let key = Key::random();
            let delivery = Delivery::prepare(&self.payload, &self.seed, &key)?;
            deliveries.push(self.receipt(wallet, task, &delivery, &key));
        }
        let deliver = self.deliver(deliveries.clone()).await?;
        for ((_, sender), delivered) in self.consumers.iter().zip(&deliveries) {
            feedback = self.feedback(sender, delivered.task).await?;
        }
        Ok([buy, redeem, deliver / BATCH as u64, feedback])
    }

    async fn buy(&self, consumer: &Sender) -> Result<u64> {
        let deadline = U256::from(self.chain.head().await?.timestamp + 600);
        let call = Call::new(
            self.chain.contracts().token,
            &buyCall {
                product: product(),
                quantity: 1,
                deadline,
            },
        );
        Ok(self
            .send(consumer, &call.paying(U256::from(PRICE)))
            .await?
            .gas_used)
    }

    async fn redeem(&self, consumer: &Sender) -> Result<u64> {
        let data: Bytes = (random(), random()).abi_encode().into();
        let (from, to) = (consumer.account(), self.chain.contracts().operator);
        let call = safeTransferFromCall {
            from,
            to,
            id: product(),
            value: U256::from(1),
            data,
        };
        Ok(self
            .send(consumer, &Call::new(self.chain.contracts().token, &call))
            .await?
            .gas_used)
    }

    fn receipt(&self, consumer: &Wallet, task: U256, delivery: &Delivery, key: &Key) -> Delivered {
        let (root, hash) = (delivery.ciphertext_root(), delivery.key_hash());
        let signature = consumer.sign(
            &Receipt {
                task,
                ciphertextRoot: root,
                keyHash: hash,
            },
            &self.chain.domain(),
        );
        let vs: U256 = signature.s() | (U256::from(signature.v()) << 255);
        Delivered {
            task,
            ciphertextRoot: root,
            key: (*key.as_bytes()).into(),
            r: signature.r().into(),
            vs: vs.into(),
        }
    }

    async fn deliver(&self, deliveries: Vec<Delivered>) -> Result<u64> {
        let count = deliveries.len();
        let receipt = self
            .send(
                &self.solver,
                &Call::new(self.operator(), &deliverCall { deliveries }),
            )
            .await?;
        ensure!(
            receipt.inner.logs().len() == count,
            "not every task of the batch was delivered"
        );
        Ok(receipt.gas_used)
    }

    async fn feedback(&self, consumer: &Sender, task: U256) -> Result<u64> {
        let feedback = Feedback {
            actions: 1,
            outcome: Outcome::TruePositive,
            usefulness: 4,
        };
        let call = giveFeedbackCall {
            task,
            feedback,
            noteHash: B256::ZERO,
        };
        Ok(self
            .send(consumer, &Call::new(self.operator(), &call))
            .await?
            .gas_used)
    }

    /// One wrong chunk of the median event.
    async fn complain(&self) -> Result<u64> {
        let mut gas = 0;
        for _ in 0..2 {
            gas = self.complain_once().await?;
        }
        Ok(gas)
    }

    async fn complain_once(&self) -> Result<u64> {
        let (wallet, sender) = &self.consumers[0];
        self.buy(sender).await?;
        self.redeem(sender).await?;
        let task = self.chain.operator().taskCount().call().await?;
        let key = Key::random();
        let delivery = lie(&self.payload, &self.seed, &key)?;
        self.deliver(vec![self.receipt(wallet, task, &delivery, &key)])
            .await?;
        let Err(OpenError::WrongChunk { index }) = delivery.open(&key) else {
            return Err(eyre!("the lie was not seen"));
        };
        let evidence = delivery
            .complaint(index)
            .ok_or_else(|| eyre!("there is no such chunk"))?;
        let evidence = Evidence {
            index: evidence.index,
            ciphertext: evidence.ciphertext_chunk.into(),
            ciphertextProof: evidence.ciphertext_proof,
            digest: evidence.digest,
            contentProof: evidence.content_proof,
        };
        let (ciphertext_root, key) = (delivery.ciphertext_root(), (*key.as_bytes()).into());
        let call = complainCall {
            task,
            ciphertextRoot: ciphertext_root,
            key,
            evidence,
        };
        Ok(self
            .send(sender, &Call::new(self.operator(), &call))
            .await?
            .gas_used)
    }

    fn operator(&self) -> Address {
        self.chain.contracts().operator
    }

    async fn send(&self, sender: &Sender, call: &Call) -> Result<TransactionReceipt> {
        let gas = sender.estimate(call).await?;
        let nonce = sender.nonce(BlockNumberOrTag::Latest).await?;
        let signed = sender.sign(call, nonce, gas).await?;
        match sender.broadcast(&signed).await {
            Broadcast::Accepted => {}
            refused => return Err(eyre!("not sent: {refused:?}")),
        }
        let receipt = loop {
            match sender.receipt(signed.hash).await? {
                Some(receipt) => break receipt,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        ensure!(receipt.status(), "transaction {} failed", signed.hash);
        Ok(receipt)
    }
}

/// Bytes that cost as much as those of a real key.
fn random() -> B256 {
    (*Seed::random().as_bytes()).into()
}

fn product() -> U256 {
    ProductId {
        producer: 1,
        sequence: 1,
    }
    .into()
}

/// Everything stated, as the best listings do.
pub fn context() -> Context {
    Context {
        validFrom: 1_790_000_000_u64.try_into().expect("40 bits"),
        validUntil: 1_990_000_000_u64.try_into().expect("40 bits"),
        level: 2.try_into().expect("a level"),
        tlp: 2.try_into().expect("a mark"),
        pap: 2.try_into().expect("a mark"),
        commercialUse: 1.try_into().expect("a use"),
        audience: 3,
        directions: 1,
        controlPoints: 3,
        actions: 5,
        category: 6,
    }
}
