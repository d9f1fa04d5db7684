use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;
use crate::programs;
use crate::proxy::Proxy;

/// An anvil that keeps its state while it is down. Its address stays the same, since a proxy stands before it.
pub struct Node {
    anvil: Option<Process>,
    proxy: Proxy,
    /// Of the first block, in Unix seconds: the same after each start, and with it the first block.
    genesis: u64,
    folder: TempDir,
}

impl Node {
    /// Starts one with a fresh chain.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ayumi-node-")
            .tempdir()
            .expect("there is room for a folder");
        let genesis = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("it is after 1970")
            .as_secs();
        let mut node = Self {
            anvil: None,
            proxy: Proxy::to_nowhere(),
            genesis,
            folder,
        };
        node.resume();
        node
    }

    /// Where it is, up or down.
    pub fn url(&self) -> String {
        self.proxy.url()
    }

    /// What stands before it.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
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
            .args(["--timestamp", &self.genesis.to_string(), "--state"])
            .arg(self.folder.path().join("state.json"));
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

/// Calls a node.
pub(crate) async fn rpc(url: &str, method: &str, parameters: &Value) -> Result<Value, String> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
    let answer = ayumi_chain::http()
        .build()
        .map_err(|cause| cause.to_string())?
        .post(url)
        .json(&request)
        .send()
        .await
        .map_err(|cause| cause.to_string())?;
    let answer = answer
        .json::<Value>()
        .await
        .map_err(|cause| cause.to_string())?;
    match answer.get("result") {
        Some(result) => Ok(result.clone()),
        None => Err(answer["error"].to_string()),
    }
}
