use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tempfile::TempDir;

use crate::fault::FaultProxy;
use crate::process::Process;
use crate::programs;
use crate::setting::Setting;

/// An anvil that keeps its state while it is down, and behaves as the [`Setting`] has it. Its address stays the same, since
/// a proxy stands before it.
pub struct Node {
    anvil: Option<Process>,
    proxy: FaultProxy,
    setting: Setting,
    /// Seconds between two blocks; 0 where they come with transactions.
    block_time: AtomicU64,
    /// Of the first block, in Unix seconds: the same after each start, and with it the first block.
    genesis: u64,
    folder: TempDir,
}

impl Node {
    /// Starts one with a fresh chain. It makes a block for each transaction until it is [slowed](Self::slow_to).
    pub fn start() -> Self {
        Self::of(Setting::chosen())
    }

    /// Starts one of this setting.
    pub fn of(setting: Setting) -> Self {
        Self::of_age(setting, 0)
    }

    /// Starts an anvil whose clock is so many seconds before the machine's, or behind it.
    pub fn start_at(seconds: i64) -> Self {
        Self::of_age(Setting::Anvil, seconds)
    }

    fn of_age(setting: Setting, seconds: i64) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ayumi-node-")
            .tempdir()
            .expect("there is room for a folder");
        let genesis = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("it is after 1970")
            .as_secs()
            .saturating_add_signed(seconds);
        let mut node = Self {
            anvil: None,
            proxy: FaultProxy::to_nowhere(),
            setting,
            block_time: AtomicU64::new(0),
            genesis,
            folder,
        };
        node.proxy.rules(setting.rules());
        node.resume();
        node
    }

    /// Where it is, up or down.
    pub fn url(&self) -> String {
        self.proxy.url()
    }

    /// How it behaves.
    pub fn setting(&self) -> Setting {
        self.setting
    }

    /// What stands before it.
    pub fn proxy(&self) -> &FaultProxy {
        &self.proxy
    }

    /// From now on, makes a block every so many seconds.
    pub async fn slow_to(&self, seconds: u64) {
        self.block_time.store(seconds, Ordering::SeqCst);
        let set = self
            .proxy
            .upstream()
            .call("evm_setIntervalMining", json!([seconds]))
            .await;
        set.expect("it is an anvil");
    }

    /// Stops it; its state is kept.
    pub fn stop(&mut self) {
        self.proxy.towards(None);
        if let Some(mut anvil) = self.anvil.take() {
            anvil.terminate();
        }
    }

    /// Starts it again where it stopped.
    pub fn resume(&mut self) {
        let mut command = Command::new(programs::anvil());
        command.args(["--port", "0", "--accounts", "1", "--hardfork", "cancun"]);
        command
            .args(self.setting.arguments())
            .args(["--timestamp", &self.genesis.to_string(), "--state"])
            .arg(self.folder.path().join("state.json"));
        let block_time = self.block_time.load(Ordering::SeqCst);
        if block_time > 0 {
            command.args(["--block-time", &block_time.to_string()]);
        }
        let started = Process::start(
            command,
            &self.folder.path().join("anvil.log"),
            "Listening on ",
        );
        let (anvil, address) =
            started.unwrap_or_else(|said| panic!("anvil does not start: {said}"));
        self.anvil = Some(anvil);
        self.proxy
            .towards(Some(address.parse().expect("an address with a port")));
    }
}
