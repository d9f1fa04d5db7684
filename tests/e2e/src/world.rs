use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use alloy::primitives::{Address, U256};
use alloy::rpc::types::Filter;
use alloy::sol_types::SolEvent;
use ayumi_chain::{Chain, Network};
use ayumi_contracts::ICTIOperator;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::account::Account;
use crate::fault::Upstream;
use crate::node::Node;
use crate::process::Process;
use crate::programs;
use crate::proxy::address_of;
use crate::setting::Setting;

/// A thousand ether.
pub(crate) const MONEY: &str = "0x3635c9adc5dea00000";

/// A consortium of its own: a chain, the contracts, organisations with accounts, a solver.
pub struct World {
    devnet: Process,
    accounts: Vec<Account>,
    rpc: String,
    solver: String,
    auditor: Option<String>,
    chain: Chain,
    runtime: Runtime,
    /// The node itself, past whatever stands before it.
    upstream: Upstream,
    /// Where it is not devnet's.
    node: Option<Node>,
    folder: TempDir,
}

impl Default for World {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl World {
    /// Starts `ayumi devnet` with these arguments, on the network that the [`Setting`] has.
    pub fn new(arguments: &[&str]) -> Self {
        let setting = Setting::chosen();
        if setting == Setting::Anvil {
            return Self::alone(arguments);
        }
        let node = Node::of(setting);
        let mut world = Self::on(&node, arguments);
        world.node = Some(node);
        world
    }

    /// Starts `ayumi devnet` with these arguments over a node.
    pub fn on(node: &Node, arguments: &[&str]) -> Self {
        let (url, setting) = (node.url(), node.setting());
        let profile = setting
            .profile()
            .map(|profile| profile.display().to_string());
        let mut all = vec!["--node", &url];
        all.extend(profile.iter().flat_map(|profile| ["--network", profile]));
        all.extend(arguments);
        let mut world = Self::alone(&all);
        world.upstream = node.proxy().upstream();
        if setting == Setting::Besu {
            world.endow();
        }
        if let Some(seconds) = setting.block_time() {
            world.wait_for(node.slow_to(seconds));
        }
        world
    }

    /// Starts `ayumi devnet` with these arguments and nothing else. Without an auditor, so that tests know who asks the
    /// node.
    pub fn alone(arguments: &[&str]) -> Self {
        Self::audited(&[arguments, &["--no-auditor"]].concat())
    }

    /// Starts `ayumi devnet` with these arguments, an auditor included.
    pub fn audited(arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ayumi-world-")
            .tempdir()
            .expect("there is room for a folder");
        let file = folder.path().join("world.json");
        let mut command = Command::new(programs::ayumi());
        command.env("AYUMI_ANVIL", programs::anvil());
        command
            .arg("devnet")
            .arg("--accounts-file")
            .arg(&file)
            .args(arguments);
        let started = Process::start(command, &folder.path().join("devnet.log"), "ready");
        let (devnet, _) = started.unwrap_or_else(|said| panic!("devnet does not start: {said}"));
        let text = std::fs::read(&file).expect("devnet writes the file before it is ready");
        let facts = serde_json::from_slice::<Value>(&text).expect("the file is JSON");
        Self::of(devnet, &facts, folder)
    }

    fn of(devnet: Process, facts: &Value, folder: TempDir) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let operator = text(&facts["contracts"]["operator"])
            .parse()
            .expect("an address");
        let rpc = text(&facts["rpc"]);
        let accounts = facts["accounts"].as_array().expect("a list");
        let accounts = accounts
            .iter()
            .map(|facts| account(facts, folder.path()))
            .collect::<Vec<_>>();
        let profile = accounts[0].environment.get("AYUMI_NETWORK");
        let network = Network {
            patience_s: 30,
            ..Network::read(Path::new(profile.expect("devnet names it"))).expect("devnet wrote it")
        };
        let runtime = Runtime::new().expect("there are threads");
        let url = rpc.parse().expect("a URL");
        let chain = runtime
            .block_on(Chain::connect(url, network, operator))
            .expect("the chain answers");
        Self {
            devnet,
            accounts,
            upstream: Upstream::at(Some(address_of(&rpc))),
            rpc,
            solver: text(&facts["solver"]),
            auditor: facts["auditor"].as_str().map(str::to_owned),
            chain,
            runtime,
            node: None,
            folder,
        }
    }

    /// Gives consumers, and who would be one, something to pay prices with.
    fn endow(&self) {
        let buyers = ["consumer", "stranger"].map(|role| self.accounts(role));
        for account in buyers.into_iter().flatten() {
            self.rpc("anvil_setBalance", &json!([account.address, MONEY]));
        }
    }

    /// The account of this name.
    pub fn account(&self, name: &str) -> &Account {
        let found = self.accounts.iter().find(|account| account.name == name);
        found.unwrap_or_else(|| panic!("there is no account {name}"))
    }

    /// All accounts of a role, in order.
    pub fn accounts(&self, role: &str) -> Vec<&Account> {
        self.accounts
            .iter()
            .filter(|account| account.role == role)
            .collect()
    }

    /// All accounts.
    pub fn everyone(&self) -> &[Account] {
        &self.accounts
    }

    /// The account that governs.
    pub fn governor(&self) -> &Account {
        self.accounts("governor")[0]
    }

    /// Where the node is.
    pub fn rpc_url(&self) -> &str {
        &self.rpc
    }

    /// Where the network's own solver is.
    pub fn solver_url(&self) -> &str {
        &self.solver
    }

    /// Where the auditor's page is, if there is one.
    pub fn auditor_url(&self) -> Option<&str> {
        self.auditor.as_deref()
    }

    /// A folder that goes with the world.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The network as a program.
    pub fn devnet(&mut self) -> &mut Process {
        &mut self.devnet
    }

    /// The chain and its contracts.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Waits for what only comes asynchronously.
    pub fn wait_for<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Calls the node itself, which does more for tests than for others.
    pub fn rpc(&self, method: &str, parameters: &Value) -> Value {
        self.wait_for(self.upstream.call(method, parameters.clone()))
            .unwrap_or_else(|cause| panic!("{method}: {cause}"))
    }

    /// Moves the chain's clock on.
    pub fn pass(&self, seconds: u64) {
        self.rpc("evm_increaseTime", &json!([seconds]));
        self.rpc("evm_mine", &json!([]));
    }

    /// From now on, makes those blocks only that are asked for, with `evm_mine`.
    pub fn hold_blocks(&self) {
        self.rpc("evm_setIntervalMining", &json!([0]));
    }

    /// From now on, makes blocks by itself, as the [`Setting`] has it.
    pub fn make_blocks(&self) {
        match Setting::chosen().block_time() {
            Some(seconds) => self.rpc("evm_setIntervalMining", &json!([seconds])),
            None => self.rpc("evm_setAutomine", &json!([true])),
        };
    }

    /// The tasks that were delivered, once for each delivery, in order of their numbers.
    pub fn deliveries(&self) -> Vec<U256> {
        let filter = Filter::new().event_signature(ICTIOperator::TaskDelivered::SIGNATURE_HASH);
        let head = self
            .wait_for(self.chain.head())
            .expect("the chain answers")
            .number;
        let logs = self
            .wait_for(self.chain.logs(&filter, 0, head))
            .expect("the chain answers");
        let mut tasks = logs
            .iter()
            .map(|log| U256::from_be_bytes(log.topics()[1].0))
            .collect::<Vec<_>>();
        tasks.sort();
        tasks
    }

    /// The state of a task.
    pub fn task(&self, task: u64) -> ICTIOperator::Task {
        let operator = self.chain.operator();
        self.wait_for(operator.taskOf(U256::from(task)).call().into_future())
            .expect("the chain answers")
    }

    /// What the till holds for an account.
    pub fn credit(&self, account: Address) -> U256 {
        let token = self.chain.token();
        self.wait_for(token.creditOf(account).call().into_future())
            .expect("the chain answers")
    }

    /// What the till holds in all.
    pub fn till(&self) -> U256 {
        self.wait_for(self.chain.balance(self.chain.contracts().token))
            .expect("the chain answers")
    }
}

fn account(facts: &Value, folder: &Path) -> Account {
    let text = |name: &str| facts[name].as_str().map(str::to_owned);
    let name = text("name").expect("accounts have names");
    let folder = folder.join(&name);
    std::fs::create_dir(&folder).expect("the world's folder can be written to");
    let environment = facts["environment"].as_object().into_iter().flatten();
    let environment =
        environment.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Account {
        name,
        role: text("role").unwrap_or_default(),
        organisation: text("organisation"),
        address: text("address")
            .and_then(|address| address.parse().ok())
            .expect("accounts have addresses"),
        environment: environment.collect::<BTreeMap<_, _>>(),
        folder,
    }
}
