use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::sol_types::SolEvent;
use ayumi_bench::Rpc;
use ayumi_contracts::ICTIOperator::{TaskDelivered, TaskRequested};
use eyre::Report;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

/// What an event brought: a task's number or its key, and the block.
type Waiting<K, V> = Mutex<HashMap<K, oneshot::Sender<(V, u64)>>>;

/// Reads the chain for all consumers.
pub struct Watcher {
    rpc: Rpc,
    operator: Address,
    poll: Duration,
    head: AtomicU64,
    requests: Waiting<B256, u64>,
    deliveries: Waiting<u64, B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    topics: Vec<B256>,
    data: Bytes,
    block_number: U64,
}

impl Watcher {
    /// From the newest block on.
    pub async fn new(rpc: Rpc, operator: Address, poll_ms: u64) -> eyre::Result<Self> {
        let head: U64 = rpc.call("eth_blockNumber", json!([])).await?;
        Ok(Self {
            rpc,
            operator,
            poll: Duration::from_millis(poll_ms),
            head: AtomicU64::new(head.to()),
            requests: Mutex::default(),
            deliveries: Mutex::default(),
        })
    }

    /// The node.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// The last block that was read.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// Will be told the number of the task that is requested with this nonce.
    pub fn request(&self, nonce: B256) -> oneshot::Receiver<(u64, u64)> {
        let (tell, told) = oneshot::channel();
        lock(&self.requests).insert(nonce, tell);
        told
    }

    /// Will be told the key of the task.
    pub fn delivery(&self, task: u64) -> oneshot::Receiver<(B256, u64)> {
        let (tell, told) = oneshot::channel();
        lock(&self.deliveries).insert(task, tell);
        told
    }

    /// Looks again and again. Returns why it cannot.
    pub async fn watch(&self) -> Report {
        loop {
            if let Err(failure) = self.look().await {
                return failure;
            }
            tokio::time::sleep(self.poll).await;
        }
    }

    async fn look(&self) -> eyre::Result<()> {
        let head: U64 = self.rpc.call("eth_blockNumber", json!([])).await?;
        if head.to::<u64>() == self.head() {
            return Ok(());
        }
        let filter = json!([{
            "address": self.operator,
            "topics": [[TaskRequested::SIGNATURE_HASH, TaskDelivered::SIGNATURE_HASH]],
            "fromBlock": U64::from(self.head() + 1),
            "toBlock": head,
        }]);
        let logs: Vec<Log> = self.rpc.call("eth_getLogs", filter).await?;
        for log in &logs {
            self.tell(log);
        }
        self.head.store(head.to(), Ordering::Relaxed);
        Ok(())
    }

    /// The data of both events have what is waited for in their second word: the nonce, and the key.
    fn tell(&self, log: &Log) {
        let block = log.block_number.to();
        let task: u64 = U256::from_be_bytes(log.topics[1].0).saturating_to();
        let word = B256::from_slice(&log.data[32..64]);
        // Who waits may have gone.
        if log.topics[0] == TaskRequested::SIGNATURE_HASH {
            let waiting = lock(&self.requests).remove(&word);
            waiting.map(|waiting| waiting.send((task, block)));
        } else {
            let waiting = lock(&self.deliveries).remove(&task);
            waiting.map(|waiting| waiting.send((word, block)));
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
