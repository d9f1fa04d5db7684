//! Whether a configuration works, line by line, before the solver runs or while it does; and what to tell the governor.

use std::fmt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use alloy::primitives::{Address, B256};
use ayumi_chain::{Chain, Fees, Head, Wallet};
use ayumi_contracts::IConsortium;
use ayumi_http::Tls;
use reqwest::header::DATE;
use rustix::process::{Resource, getrlimit};
use serde::Serialize;

use crate::clock::unix_now;
use crate::http::About;
use crate::{ASK, Config, Error, connect, deployment, store, url, wallet};

/// Seconds by which two clocks may differ.
const CLOCK_S: u64 = 15;

/// Seconds by which a clock is so far off that requests are refused, whose expiry is ten minutes ahead at most.
const WRONG_CLOCK_S: u64 = 300;

/// Free bytes of a disk that are few.
const LITTLE: u64 = 1 << 30;

/// Free bytes of a disk that are too few.
const TOO_LITTLE: u64 = 64 << 20;

/// Files that the solver opens beside its connections.
const FILES: u64 = 64;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// The solver does not work with it.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// How it is.
    pub state: State,
    /// What it is.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        write!(f, "{state:<5}{:<14}{}", self.what, self.found)?;
        match &self.hint {
            Some(hint) => write!(f, "\n{:19}{hint}", ""),
            None => Ok(()),
        }
    }
}

/// What a solver is registered with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its account.
    pub solver: Address,
    /// What assets are sealed to.
    pub sealing_key: B256,
    /// What the governor types.
    pub register: String,
}

impl Identity {
    /// Of the solver of this configuration. The sealing key is one of a chain and an operator, so the node is asked.
    pub async fn read(config: &Config, organisation: &str, endpoint: &str) -> Result<Self, Error> {
        let (wallet, chain) = (wallet(config)?, connect(config).await?);
        Ok(Self::of(&wallet, &chain, organisation, endpoint))
    }

    fn of(wallet: &Wallet, chain: &Chain, organisation: &str, endpoint: &str) -> Self {
        let solver = wallet.address();
        let sealing_key = wallet.sealing_key(chain.scope()).public().0;
        let register = format!(
            "ayumi solver register {solver} --organisation {} --endpoint {} --sealing-key {sealing_key}",
            quoted(organisation),
            quoted(endpoint),
        );
        Self {
            solver,
            sealing_key,
            register,
        }
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Looks at everything that this configuration needs.
pub async fn check(config: &Config) -> Vec<Line> {
    let mut report = Report(Vec::new());
    report.configuration(config);
    report.disks(config);
    let wallet = report.key(config);
    let Some(chain) = report.chain(config).await else {
        return report.0;
    };
    let Some(wallet) = wallet else {
        return report.0;
    };
    report.store(config, &chain, wallet.address()).await;
    report.money(&chain, wallet.address()).await;
    report.registration(&chain, &wallet).await;
    report.0
}

struct Report(Vec<Line>);

impl Report {
    fn ok(&mut self, what: &'static str, found: &(impl ToString + ?Sized)) {
        self.add(State::Ok, what, found, None);
    }

    fn warn(
        &mut self,
        what: &'static str,
        found: &(impl ToString + ?Sized),
        hint: &(impl ToString + ?Sized),
    ) {
        self.add(State::Warn, what, found, Some(hint.to_string()));
    }

    fn fail(
        &mut self,
        what: &'static str,
        found: &(impl ToString + ?Sized),
        hint: &(impl ToString + ?Sized),
    ) {
        self.add(State::Fail, what, found, Some(hint.to_string()));
    }

    fn add(
        &mut self,
        state: State,
        what: &'static str,
        found: &(impl ToString + ?Sized),
        hint: Option<String>,
    ) {
        let found = found.to_string();
        self.0.push(Line {
            state,
            what,
            found,
            hint,
        });
    }

    fn configuration(&mut self, config: &Config) {
        self.ok("configuration", "can be read");
        if let Some(pem) = config.tls.clone() {
            let files = format!("{}, {}", pem.certificate.display(), pem.key.display());
            match Tls::open(pem) {
                Ok(_) => self.ok("certificate", &files),
                Err(error) => self.fail("certificate", &error, "put PEM files where [tls] says"),
            }
        }
        // Each connection, and a file that it may be sent.
        let wanted = (config.limits.connections as u64)
            .saturating_mul(2)
            .saturating_add(FILES);
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        if files < wanted {
            let found = format!("{files} files may be open, and limits.connections needs {wanted}");
            self.warn(
                "files",
                &found,
                "raise it (ulimit -n, LimitNOFILE), or set limits.connections lower",
            );
        } else {
            self.ok("files", &format!("{files} may be open"));
        }
    }

    fn disks(&mut self, config: &Config) {
        self.disk("disk", &config.store);
        if !config.assets.contains("://") {
            self.disk("payload disk", Path::new(&config.assets));
        }
    }

    /// The disk of a file that need not be there yet.
    fn disk(&mut self, what: &'static str, file: &Path) {
        let mut folders = file.ancestors().skip(1);
        let folder = folders.find(|folder| folder.exists());
        let folder = folder.unwrap_or(Path::new("."));
        let free = match rustix::fs::statvfs(folder) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(cause) => {
                let found = format!("{}: {cause}", folder.display());
                return self.fail(what, &found, "see that the folder is there");
            }
        };
        let found = format!("{} MiB free at {}", free >> 20, folder.display());
        if free < TOO_LITTLE {
            self.fail(what, &found, "make room: nothing is sent without");
        } else if free < LITTLE {
            self.warn(what, &found, "make room");
        } else {
            self.ok(what, &found);
        }
    }

    fn key(&mut self, config: &Config) -> Option<Wallet> {
        match wallet(config) {
            Ok(wallet) => {
                self.ok("key", &wallet.address());
                Some(wallet)
            }
            Err(error) => {
                let hint = "see keystore and password_file, which only their owner may read";
                self.fail("key", &error, hint);
                None
            }
        }
    }

    async fn chain(&mut self, config: &Config) -> Option<Chain> {
        let chain = match connect(config).await {
            Ok(chain) => chain,
            Err(Error::Chain(error)) => {
                self.fail("chain", &error, &error.hint());
                return None;
            }
            Err(error) => {
                self.fail("chain", &error, "see rpc");
                return None;
            }
        };
        match chain.head().await {
            Ok(head) => {
                let found = format!("chain {}, block {}", chain.chain_id(), head.number);
                self.ok("chain", &found);
                self.clock(config, head).await;
            }
            Err(error) => self.fail("chain", &error, &error.hint()),
        }
        Some(chain)
    }

    /// The time of the newest block, and what the node's HTTP server says that it is.
    async fn clock(&mut self, config: &Config, head: Head) {
        let now = unix_now();
        let age = now.saturating_sub(head.timestamp);
        let hint = "have both machines' clocks set by NTP";
        if config.network.max_head_age_s.is_some_and(|most| age > most) {
            let found = format!("the newest block is {age} s old");
            let hint = "see why no blocks are made; or set this machine's clock";
            return self.fail("clock", &found, hint);
        }
        let ahead = head.timestamp.saturating_sub(now);
        if ahead > CLOCK_S {
            let found = format!("the newest block is {ahead} s ahead of this machine");
            return self.off(ahead, &found, hint);
        }
        match date_of(config).await {
            Some(date) if date.abs_diff(now) > CLOCK_S => {
                let off = date.abs_diff(now);
                self.off(off, &format!("{off} s from the node's"), hint);
            }
            Some(_) => self.ok("clock", "as the node's"),
            None => self.ok("clock", &format!("the newest block is {age} s old")),
        }
    }

    fn off(&mut self, seconds: u64, found: &str, hint: &str) {
        if seconds > WRONG_CLOCK_S {
            self.fail("clock", found, hint);
        } else {
            self.warn("clock", found, hint);
        }
    }

    async fn store(&mut self, config: &Config, chain: &Chain, solver: Address) {
        let deployment = match deployment(chain, solver).await {
            Ok(deployment) => deployment,
            Err(error) => return self.fail("store", &error, "see the node"),
        };
        match store::inspect(&config.store, deployment) {
            Ok(true) => self.ok("store", &config.store.display()),
            Ok(false) => self.warn(
                "store",
                &format!("there is none at {}", config.store.display()),
                "start the solver the first time with --init; if it ran before, restore its store",
            ),
            Err(error) => self.fail("store", &error, "name the store of this chain and account"),
        }
    }

    async fn money(&mut self, chain: &Chain, solver: Address) {
        if chain.network().fees == Fees::Zero {
            return self.ok("money", "gas costs nothing");
        }
        match chain.balance(solver).await {
            Ok(wei) if wei.is_zero() => {
                let hint = format!("send money to {solver}, or say fees = \"zero\" in [network]");
                self.fail("money", "the account cannot pay for gas", &hint);
            }
            Ok(wei) => self.ok("money", &format!("{wei} wei")),
            Err(error) => self.fail("money", &error, &error.hint()),
        }
    }

    async fn registration(&mut self, chain: &Chain, wallet: &Wallet) {
        let registered = chain.consortium().solverOf(wallet.address()).call().await;
        let registered = match registered.map_err(|error| chain.view_error(error)) {
            Ok(registered) => registered,
            Err(error) => return self.fail("registration", &error, &error.hint()),
        };
        let IConsortium::Solver {
            organisation,
            suspended,
            sealingKey: key,
            endpoint,
        } = registered;
        let identity = Identity::of(wallet, chain, "ORGANISATION", "URL");
        if organisation == 0 {
            let hint = format!("have the governor run: {}", identity.register);
            return self.fail("registration", "the solver is not registered", &hint);
        }
        if suspended {
            let hint = "ask the governor";
            self.fail("registration", "the solver is suspended", hint);
        } else {
            self.ok("registration", &format!("of organisation {organisation}"));
        }
        if key == identity.sealing_key {
            self.ok("sealing key", &key);
        } else {
            let (solver, right) = (identity.solver, identity.sealing_key);
            let hint = format!("run: ayumi solver update {solver} --sealing-key {right}");
            self.fail("sealing key", &format!("registered is {key}"), &hint);
        }
        self.endpoint(&endpoint, wallet.address()).await;
    }

    /// Where the others look for the solver: this one must be there, or nobody yet.
    async fn endpoint(&mut self, endpoint: &str, solver: Address) {
        match about(endpoint).await {
            Ok(about) if about.solver == solver => self.ok("endpoint", endpoint),
            Ok(about) => {
                let found = format!("at {endpoint} is solver {}", about.solver);
                let hint = format!("run: ayumi solver update {solver} --endpoint URL");
                self.fail("endpoint", &found, &hint);
            }
            Err(cause) => {
                let found = format!("no solver answers at {endpoint}: {cause}");
                let hint = "fine as long as it does not run; otherwise see proxy, certificate and firewall";
                self.warn("endpoint", &found, hint);
            }
        }
    }
}

async fn about(endpoint: &str) -> Result<About, String> {
    let answer = async {
        let client = ayumi_chain::http(|client| client.timeout(ASK))?;
        let answer = client.get(format!("{endpoint}/v1")).send().await?;
        answer.json().await
    };
    answer.await.map_err(|error| innermost(&error))
}

/// "Connection refused" says more than "error sending request".
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// What time the machine says it is that answers for the node.
async fn date_of(config: &Config) -> Option<u64> {
    let client = ayumi_chain::http(|client| client.timeout(ASK)).ok()?;
    let answer = client.head(url(config).ok()?).send().await.ok()?;
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
