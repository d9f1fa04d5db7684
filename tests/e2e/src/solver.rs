use std::path::PathBuf;
use std::process::Command;

use alloy::primitives::Address;
use ayumi_chain::{Fees, Wallet};
use serde_json::json;

use crate::process::Process;
use crate::programs;
use crate::proxy::{Proxy, address_of};
use crate::setting::Setting;
use crate::world::{MONEY, World};

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
    folder: PathBuf,
    program: PathBuf,
    process: Option<Process>,
}

impl Solver {
    /// Starts one in a world, registered for an organisation that has one member at least.
    pub fn start(world: &World, name: &str, organisation: &str, honesty: Honesty) -> Self {
        let folder = world.folder().join(name);
        let wallet = Wallet::random();
        wallet
            .save(&folder, "key", "password")
            .expect("the world's folder can be written to");
        let (front, back) = (Proxy::to_nowhere(), Proxy::before(world.rpc_url()));
        let program = match honesty {
            Honesty::Honest => programs::solver(),
            Honesty::Lying => programs::lying_solver(),
        };
        let mut solver = Self {
            address: wallet.address(),
            front,
            back,
            folder,
            program,
            process: None,
        };
        solver.configure(world);
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

    fn configure(&self, world: &World) {
        let network = match Setting::chosen().profile() {
            Some(profile) => json!(profile),
            None => json!({ "poll_ms": 20 }),
        };
        let config = json!({
            "rpc": self.back.url(),
            "operator": world.chain().contracts().operator,
            "keystore": "key",
            "password_file": "password",
            "listen": "127.0.0.1:0",
            "store": "solver.db",
            "network": network,
        });
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
        let mut command = Command::new(&self.program);
        command
            .args(["run", "--config"])
            .arg(self.folder.join("solver.toml"))
            .env_remove("ETH_RPC_URL")
            .env("NO_COLOR", "1");
        let started = Process::start(command, &self.folder.join("log"), "listening on ");
        let (process, url) =
            started.unwrap_or_else(|said| panic!("the solver does not start: {said}"));
        self.process = Some(process);
        self.front.towards(Some(address_of(&url)));
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

    /// Its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}
