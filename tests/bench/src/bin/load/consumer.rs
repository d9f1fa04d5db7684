use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy::primitives::{B256, Bytes, Signature, U256};
use alloy::sol_types::{Eip712Domain, SolValue};
use ayumi_bench::{Account, Job};
use ayumi_chain::Call;
use ayumi_contracts::IERC1155::safeTransferFromCall;
use ayumi_contracts::messages::{Fetch, Receipt, domain};
use ayumi_sealing::{Commitment, Delivery, Key, Message, Scope, Seed, unseal};
use eyre::{Result, WrapErr, bail, ensure};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;

use crate::watcher::Watcher;

/// Gas of a redemption: a sixth more than an account's first takes, as `snapshots/Gas.json` has it.
const REDEEM_GAS: u64 = 160_000;

/// Until a consumer gives up, and the measurement with it.
const PATIENCE: Duration = Duration::from_mins(2);

/// Until a consumer asks again where the solver is not ready for it.
const AGAIN: Duration = Duration::from_millis(250);

/// How long a signed request is good, in seconds.
const FETCH_S: u64 = 300;

/// What all consumers share.
pub struct Market {
    pub job: Job,
    pub watcher: Arc<Watcher>,
    payload: Arc<Vec<u8>>,
    solver: reqwest::Client,
    domain: Eip712Domain,
    scope: Scope,
    again: AtomicU64,
}

/// A redemption that came to its end.
pub struct Done {
    /// From before the redemption was signed to the opened file.
    pub milliseconds: u64,
    /// From the redemption's block to the delivery's, as `ayumi use` tells it.
    pub blocks: u64,
}

impl Market {
    pub fn new(job: Job, watcher: Arc<Watcher>) -> Result<Self> {
        Ok(Self {
            payload: Arc::new(std::fs::read(&job.payload)?),
            solver: ayumi_chain::http(|client| client)?,
            domain: domain(job.chain_id, job.operator),
            scope: Scope {
                chain_id: job.chain_id,
                operator: job.operator,
            },
            watcher,
            job,
            again: AtomicU64::new(0),
        })
    }

    /// Requests that the solver had asked again so far.
    pub fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    /// A ticket in, a file out. The account comes back with it.
    pub async fn redeem(self: Arc<Self>, account: Account) -> Result<(Account, Done)> {
        match tokio::time::timeout(PATIENCE, self.redeem_now(account)).await {
            Ok(done) => done,
            Err(_) => bail!("a redemption took longer than {PATIENCE:?}"),
        }
    }

    async fn redeem_now(self: Arc<Self>, account: Account) -> Result<(Account, Done)> {
        let started = Instant::now();
        let nonce = B256::from(*Seed::random().as_bytes());
        let requested = self.watcher.request(nonce);
        let (raw, account, one_time_key) = self
            .compute(move |market| market.ticket(account, nonce))
            .await?;
        let _: B256 = self
            .watcher
            .rpc()
            .call("eth_sendRawTransaction", (raw,))
            .await?;
        let (task, request) = requested.await?;

        let sealed = self.fetch(&account, task).await?;
        let (account, delivery, receipt) = self
            .compute(move |market| {
                let message = Message::Delivery {
                    task: U256::from(task),
                };
                let plaintext = unseal(message, market.scope, &one_time_key, &sealed)?;
                let delivery = Delivery::verify(plaintext, market.commitment())?;
                let receipt = market.receipt(&account, task, &delivery);
                eyre::Ok((account, delivery, receipt))
            })
            .await??;
        let delivered = self.watcher.delivery(task);
        self.post(task, &delivery, receipt).await?;
        let (key, delivery_block) = delivered.await?;

        let opened = self.compute(move |market| {
            let opened = delivery.open(&Key::from(key.0))?;
            ensure!(
                opened == *market.payload,
                "task {task} opens as something else"
            );
            Ok(())
        });
        opened.await??;
        let done = Done {
            milliseconds: u64::try_from(started.elapsed().as_millis())?,
            blocks: delivery_block - request,
        };
        Ok((account, done))
    }

    /// The signed redemption, and what its delivery will be sealed to.
    fn ticket(
        &self,
        mut account: Account,
        nonce: B256,
    ) -> (Bytes, Account, ayumi_sealing::SecretKey) {
        let one_time_key = account.one_time_key(self.scope, nonce);
        let call = safeTransferFromCall {
            from: account.address(),
            to: self.job.operator,
            id: U256::from(self.job.product),
            value: U256::ONE,
            data: (one_time_key.public().0, nonce).abi_encode().into(),
        };
        let call = Call::new(self.job.token, &call);
        let raw = account.transaction(self.job.chain_id, REDEEM_GAS, &call);
        (raw, account, one_time_key)
    }

    async fn fetch(&self, account: &Account, task: u64) -> Result<Bytes> {
        let expiry = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + FETCH_S;
        let message = Fetch {
            task: U256::from(task),
            item: "delivery".into(),
            solver: self.job.solver,
            expiry,
        };
        let url = format!("{}/v1/tasks/{task}/delivery", self.job.endpoint);
        let request = self
            .solver
            .get(url)
            .header(
                "Ayumi-Signature",
                text(&account.sign(&message, &self.domain)),
            )
            .header("Ayumi-Expiry", expiry);
        Ok(self.asked(request).await?.bytes().await?.into())
    }

    fn receipt(&self, account: &Account, task: u64, delivery: &Delivery) -> Signature {
        let message = Receipt {
            task: U256::from(task),
            ciphertextRoot: delivery.ciphertext_root(),
            keyHash: delivery.key_hash(),
        };
        account.sign(&message, &self.domain)
    }

    async fn post(&self, task: u64, delivery: &Delivery, receipt: Signature) -> Result<()> {
        let body = json!({
            "ciphertextRoot": delivery.ciphertext_root(),
            "keyHash": delivery.key_hash(),
            "signature": text(&receipt),
        });
        let url = format!("{}/v1/tasks/{task}/receipt", self.job.endpoint);
        self.asked(self.solver.post(url).json(&body))
            .await
            .map(drop)
    }

    /// The answer, asked for until the solver has one.
    async fn asked(&self, request: RequestBuilder) -> Result<reqwest::Response> {
        loop {
            let request = request.try_clone().expect("its body is in memory");
            let answer = match request.send().await {
                Ok(answer) => answer,
                // A connection can end just when it is used again.
                Err(error) if error.is_request() => {
                    self.again.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
                Err(error) => return Err(error).wrap_err("the solver"),
            };
            match answer.status() {
                status if status.is_success() => return Ok(answer),
                StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => {
                    self.again.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(AGAIN).await;
                }
                status => bail!("the solver answers {status}: {}", answer.text().await?),
            }
        }
    }

    /// Does what takes the processor for a while where it holds up nobody.
    async fn compute<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T> {
        let market = Arc::clone(self);
        Ok(tokio::task::spawn_blocking(move || work(&market)).await?)
    }

    fn commitment(&self) -> Commitment {
        Commitment {
            content_root: self.job.content_root,
            payload_length: self.payload.len() as u64,
        }
    }
}

fn text(signature: &Signature) -> String {
    Bytes::from(signature.as_bytes().to_vec()).to_string()
}

/// The consumers before their first redemption.
pub fn accounts(job: &Job) -> Vec<Account> {
    let nonces = (0..).zip(&job.nonces);
    nonces
        .map(|(place, nonce)| Account::nth(job.seed, place, *nonce))
        .collect()
}
