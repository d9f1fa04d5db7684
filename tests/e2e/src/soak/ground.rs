use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::fault::Upstream;
use crate::process::lock;

/// Milliseconds between two blocks while the world is made.
const FAST_MS: u64 = 80;

/// The chain as those who make its blocks have it: blocks, reorgs and jumps of the clock, one at a time.
pub struct Ground {
    node: Upstream,
    runtime: Handle,
    turn: Mutex<()>,
    pause_ms: AtomicU64,
    done: AtomicBool,
}

impl Ground {
    /// Over this anvil, which makes no block by itself any more.
    pub fn new(node: Upstream, runtime: Handle) -> Arc<Self> {
        let ground = Arc::new(Self {
            node,
            runtime,
            turn: Mutex::default(),
            pause_ms: AtomicU64::new(FAST_MS),
            done: AtomicBool::new(false),
        });
        ground.call("evm_setIntervalMining", json!([0]));
        ground
    }

    /// Makes blocks until it is [stopped](Self::stop).
    pub fn make_blocks(self: &Arc<Self>) -> JoinHandle<()> {
        let ground = Arc::clone(self);
        thread::spawn(move || {
            while !ground.done.load(Ordering::SeqCst) {
                ground.mine();
                let pause = ground.pause_ms.load(Ordering::SeqCst);
                thread::sleep(Duration::from_millis(pause));
            }
        })
    }

    /// From now on, waits so long between two blocks.
    pub fn slow_to(&self, milliseconds: u64) {
        self.pause_ms.store(milliseconds, Ordering::SeqCst);
    }

    /// Makes no more blocks.
    pub fn stop(&self) {
        self.done.store(true, Ordering::SeqCst);
    }

    fn mine(&self) {
        let _turn = lock(&self.turn);
        self.call("evm_mine", json!([]));
    }

    /// Takes back so many blocks for empty ones. Their transactions are gone for good.
    pub fn reorg(&self, depth: u64) {
        let _turn = lock(&self.turn);
        self.call("anvil_reorg", json!([depth, []]));
    }

    /// Moves the chain's clock on.
    pub fn pass(&self, seconds: u64) {
        let _turn = lock(&self.turn);
        self.call("evm_increaseTime", json!([seconds]));
        self.call("evm_mine", json!([]));
    }

    fn call(&self, method: &str, parameters: Value) -> Value {
        let answer = self.runtime.block_on(self.node.call(method, parameters));
        answer.unwrap_or_else(|cause| panic!("{method}: {cause}"))
    }
}
