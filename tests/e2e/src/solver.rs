use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use alloy::primitives::Address;
use ayumi_chain::{Fees, Wallet};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::{Process, wait_until};
use crate::programs;
use crate::proxy::{Proxy, address_of};
use crate::setting::Setting;
use crate::world::{MONEY, World};

/// A process with its address, or what it says against starting.
pub type Started = Result<(Process, String), String>;

/// Whether a solver delivers what producers gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// The program that consortia run.
    Honest,
    /// One that changes a byte.
    Lying,
}

/// A solver that a test has in its hand. It is registered, and reached, through a proxy, so it keeps its address when it
/// starts again; and it reaches the node through another.
pub struct Solver {
    /// Its account.
    pub address: Address,
    /// Between consumers and the solver.
    pub front: Proxy,
    /// Between the solver and the node.
    pub back: Proxy,
    /// What it is told beside its configuration.
    pub arguments: Vec<String>,
    /// What its environment has beside the test's.
    pub environment: Vec<(&'static str, String)>,
    folder: PathBuf,
    process: Option<Process>,
}

impl Solver {
    /// Starts one in a world, registered for an organisation that has one member at least.
    pub fn start(world: &World, name: &str, organisation: &str, honesty: Honesty) -> Self {
        Self::with_settings(world, name, organisation, honesty, &json!({}))
    }

    /// Starts one with these settings beside the usual ones.
    pub fn with_settings(
        world: &World,
        name: &str,
        organisation: &str,
        honesty: Honesty,
        settings: &Value,
    ) -> Self {
        let folder = world.folder().join(name);
        let wallet = Wallet::random();
        wallet
            .save(&folder, "key", "password")
            .expect("the world's folder can be written to");
        let (front, back) = (Proxy::to_nowhere(), Proxy::before(world.rpc_url()));
        let arguments = match honesty {
            Honesty::Honest => Vec::new(),
            Honesty::Lying => vec!["--lie".to_owned()],
        };
        let mut solver = Self {
            address: wallet.address(),
            front,
            back,
            arguments,
            environment: Vec::new(),
            folder,
            process: None,
        };
        solver.configure(world, settings);
        solver.resume();
        let key = wallet
            .sealing_key(world.chain().scope())
            .public()
            .0
            .to_string();
        let (address, url) = (solver.address.to_string(), solver.url());
        world.governor().must(&[
            "solver",
            "register",
            &address,
            "--organisation",
            organisation,
            "--endpoint",
            &url,
            "--sealing-key",
            &key,
        ]);
        solver
    }

    fn configure(&self, world: &World, settings: &Value) {
        let network = match (world.chain().network().fees, Setting::chosen().profile()) {
            (Fees::Zero, Some(profile)) => json!(profile),
            _ => json!({ "poll_ms": 20 }),
        };
        let mut config = json!({
            "rpc": self.back.url(),
            "operator": world.chain().contracts().operator,
            "keystore": "key",
            "password_file": "password",
            "listen": "127.0.0.1:0",
            "store": "solver.db",
            "network": network,
        });
        merge(&mut config, settings);
        let text = toml::to_string(&config).expect("the configuration is of plain values");
        let write = |name: &str, text: &str| std::fs::write(self.folder.join(name), text);
        write("password", "password")
            .and_then(|()| write("solver.toml", &text))
            .expect("the folder can be written to");
        if world.chain().network().fees == Fees::Market {
            world.rpc("anvil_setBalance", &json!([self.address, MONEY]));
        }
    }

    /// The endpoint that is registered.
    pub fn url(&self) -> String {
        self.front.url()
    }

    /// Starts it, again.
    pub fn resume(&mut self) {
        self.try_resume()
            .unwrap_or_else(|said| panic!("the solver does not start: {said}"));
    }

    /// Starts it, again, or gives what it says against that.
    pub fn try_resume(&mut self) -> Result<(), String> {
        let (process, url) = self.another(&["--init"])()?;
        self.adopt(process, &url);
        Ok(())
    }

    /// Another process of this solver, told this: to be started by a call of what is returned, which gives it with its
    /// own address.
    pub fn another(&self, arguments: &[&str]) -> impl FnOnce() -> Started + Send + 'static {
        self.another_in(&self.folder, arguments)
    }

    /// As [`another`](Self::another), in a folder of its own.
    pub fn another_in(
        &self,
        folder: &Path,
        arguments: &[&str],
    ) -> impl FnOnce() -> Started + Send + 'static {
        let command = self.command(folder, arguments);
        let log = self.folder.join("log");
        move || Process::start(command, &log, "listening on ")
    }

    /// What starts it in a folder, told this.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let program = if self.arguments.is_empty() {
            programs::solver()
        } else {
            programs::test_solver()
        };
        let mut command = Command::new(program);
        command
            .args(["run", "--config"])
            .arg(folder.join("solver.toml"))
            .args(&self.arguments)
            .args(arguments)
            .env_remove("ETH_RPC_URL")
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().cloned());
        command
    }

    /// Goes on with this process.
    pub fn adopt(&mut self, process: Process, url: &str) {
        self.process = Some(process);
        self.front.towards(Some(address_of(url)));
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("it runs");
        let status = process.wait();
        self.front.towards(None);
        status
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    /// What it says of itself.
    pub fn readiness(&self, world: &World) -> Value {
        let answer = world.wait_for(async {
            let client = ayumi_chain::http(|client| client)?;
            let answer = client.get(format!("{}/readyz", self.url())).send().await?;
            answer.json::<Value>().await
        });
        answer.unwrap_or_else(|error| json!({ "ready": false, "reasons": [error.to_string()] }))
    }

    /// Waits until it says that it is ready, or is not. Returns its reasons.
    pub fn wait_ready(&self, world: &World, ready: bool) -> String {
        let mut reasons = String::new();
        wait_until("the solver says whether it is ready", || {
            let said = self.readiness(world);
            reasons = said["reasons"].to_string();
            (said["ready"] == ready).then_some(())
        });
        reasons
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        self.front.towards(None);
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        self.front.towards(None);
        if let Some(mut process) = self.process.take() {
            let status = process.terminate();
            assert!(
                status.success(),
                "the solver ends with {status}: {}",
                process.said()
            );
        }
    }

    /// Sends its process a signal.
    pub fn signal(&mut self, signal: Signal) {
        if let Some(process) = &mut self.process {
            process.signal(signal);
        }
    }

    /// Its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

/// Puts the values of an object into another, object by object.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
