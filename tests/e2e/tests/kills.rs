//! Kill -9 at every request that a command makes, to node and solver: before it gets through, and, where it changes
//! something, when it got through and before its answer is heard. (A question whose answer is not heard leaves what one
//! leaves that was not asked.) Given again, the command ends what it began: one effect on chain, the file right, no ticket
//! and no money lost.
//!
//! The first run of each command is left alone: it says how many requests there are, and which events. Commands that
//! poll make a few more or less each time; where one ends before it is killed, its own effect is compared.
//!
//! All moments of `buy`, `publish`, `balance collect` and `use --buy` are gone through. The requests of `use` are all among
//! those of `use --buy`, so every third is, and of `feedback give`, which needs a delivery each time, every second.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use alloy::primitives::U256;
use alloy::rpc::types::{Filter, Log};
use ayumi_contracts::ICTIOperator::State;
use ayumi_e2e::{
    Account, Action, Honesty, Outcome, Proxy, Request, Running, Solver, World, lock, samples,
    wait_until,
};
use serde_json::{Value, json};

/// When to kill. Requests count from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    /// Before the server has this request.
    Before(usize),
    /// When the server has answered this one of those that change something.
    After(usize),
}

/// Counts the requests of a command, and kills it.
#[derive(Default)]
struct Reaper {
    seen: AtomicUsize,
    changes: AtomicUsize,
    killed: AtomicBool,
    moment: Mutex<Option<Moment>>,
    victim: Mutex<Option<Running>>,
}

impl Reaper {
    /// What the proxies do with a request.
    fn judge(self: &Arc<Self>, request: &Request) -> Action {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let change = changes(request).then(|| self.changes.fetch_add(1, Ordering::SeqCst) + 1);
        match *lock(&self.moment) {
            Some(Moment::Before(before)) if before <= number => {
                self.kill();
                Action::Cut
            }
            Some(Moment::After(after)) if Some(after) == change => {
                let reaper = Arc::clone(self);
                Action::Tap(Box::new(move |_| {
                    reaper.kill();
                    None
                }))
            }
            _ => Action::Forward,
        }
    }

    fn kill(&self) {
        if let Some(victim) = lock(&self.victim).take() {
            victim.kill();
            self.killed.store(true, Ordering::SeqCst);
        }
    }

    /// Runs a command until it is killed, which gives nothing, or ends.
    fn run(
        &self,
        account: &Account,
        arguments: &[&str],
        moment: Option<Moment>,
    ) -> Option<Outcome> {
        let mut victim = lock(&self.victim);
        self.seen.store(0, Ordering::SeqCst);
        self.changes.store(0, Ordering::SeqCst);
        self.killed.store(false, Ordering::SeqCst);
        *lock(&self.moment) = moment;
        *victim = Some(account.start(arguments));
        drop(victim);
        wait_until("the command is killed or ends", || {
            let ended = lock(&self.victim).as_mut().is_some_and(Running::has_ended);
            (ended || self.killed.load(Ordering::SeqCst)).then_some(())
        });
        *lock(&self.moment) = None;
        let ended = lock(&self.victim).take();
        ended.map(Running::end)
    }

    /// All moments of what ran last.
    fn moments(&self) -> Vec<Moment> {
        let requests = self.seen.load(Ordering::SeqCst);
        let changes = self.changes.load(Ordering::SeqCst);
        let after = (1..=changes).map(Moment::After);
        (1..=requests).map(Moment::Before).chain(after).collect()
    }
}

/// Whether a request may change something: at the node a transaction, at the solver all but who it is.
fn changes(request: &Request) -> bool {
    match request.method() {
        Some(method) => method == "eth_sendRawTransaction",
        None => !request.is("GET", "/v1"),
    }
}

/// A world in which a command is killed again and again.
struct Scene {
    world: World,
    solver: Solver,
    node: Proxy,
    reaper: Arc<Reaper>,
    profile: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let world = World::alone(&[]);
        let solver = Solver::start(&world, "steady", "Minato ISAC", Honesty::Honest);
        let (node, reaper) = (Proxy::before(world.rpc_url()), Arc::default());
        let profile = world.folder().join("hasty.toml");
        fs::write(&profile, "poll_ms = 10").expect("the world's folder can be written to");
        let scene = Self {
            world,
            solver,
            node,
            reaper,
            profile,
        };
        for proxy in [&scene.node, &scene.solver.front] {
            let reaper: Arc<Reaper> = Arc::clone(&scene.reaper);
            proxy.rule(move |request| reaper.judge(request));
        }
        scene
    }

    /// An account whose commands go through the proxies.
    fn account(&self, name: &str) -> Account {
        self.world
            .account(name)
            .with("ETH_RPC_URL", self.node.url())
            .with("AYUMI_NETWORK", self.profile.display())
    }

    fn publish(&self) -> String {
        self.world.account("hinode").publish(&self.solver.url())
    }

    /// Kills a command at each moment, or at one of `every` so many, and gives it again. `prepare` makes the state that it starts from, gives its
    /// arguments, and is told the number of the run; `check` looks at what came of it.
    fn enumerate(
        &self,
        account: &Account,
        every: usize,
        prepare: impl Fn(usize) -> Vec<String>,
        check: impl Fn(usize, &Value),
    ) {
        let mut number = 0;
        let mut once = |moment: Option<Moment>| {
            let arguments = prepare(number);
            let arguments = words(&arguments);
            let (block, till) = (self.head(), self.world.till());
            let outcome = self.reaper.run(account, &arguments, moment);
            let moments = self.reaper.moments();
            let outcome = outcome.unwrap_or_else(|| account.ayumi(&arguments));
            assert_eq!(outcome.status, Some(0), "killed at {moment:?}: {outcome}");
            let gained = self.world.till().wrapping_sub(till);
            let effects = self.effects(block + 1);
            check(number, &outcome.json());
            number += 1;
            (moments, (effects, gained))
        };
        let (moments, expected) = once(None);
        assert!(moments.len() > 5, "the proxies are passed by");
        for moment in moments.into_iter().step_by(every) {
            let (_, found) = once(Some(moment));
            assert_eq!(found, expected, "killed at {moment:?}");
        }
    }

    fn head(&self) -> u64 {
        let head = self.world.wait_for(self.world.chain().head());
        head.expect("the chain answers").number
    }

    /// The events of the contracts from a block on, in no order, without what is another each time.
    fn effects(&self, from: u64) -> Vec<String> {
        let chain = self.world.chain();
        let (all, head) = (Filter::new(), self.head());
        let logs = chain.logs(&all, from, head);
        let logs = self.world.wait_for(logs).expect("the chain answers");
        let mut effects = logs.iter().map(effect).collect::<Vec<_>>();
        effects.sort();
        effects
    }
}

/// The event and the accounts in it, and how much is said beside.
fn effect(log: &Log) -> String {
    let accounts = log.topics()[1..].iter().filter(|topic| {
        topic[..12].iter().all(|byte| *byte == 0) && topic[12..20].iter().any(|byte| *byte != 0)
    });
    let accounts = accounts.map(ToString::to_string).collect::<Vec<_>>();
    let bytes = log.data().data.len();
    // One word is a number of tickets or of wei.
    let said = if bytes == 32 {
        log.data().data.to_string()
    } else {
        bytes.to_string()
    };
    format!("{} {} {said}", log.topics()[0], accounts.join(" "))
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn given(arguments: &[&str]) -> Vec<String> {
    arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect()
}

/// Kills `use` with these options; `tickets` are bought for all runs before.
fn use_is_killed(options: &'static [&'static str], tickets: &str, every: usize) {
    let scene = Scene::new();
    let account = scene.account("kitakaze");
    let product = scene.publish();
    if tickets != "0" {
        let consumer = scene.world.account("kitakaze");
        consumer.must(&["buy", &product, "--quantity", tickets]);
    }
    let file = |number: usize| format!("{number}.json");
    let prepare = |number| {
        let name = file(number);
        given(&[&["use", &product, "--another", "-o", &name], options].concat())
    };
    let check = |number: usize, used: &Value| {
        account.received(&file(number));
        let task = number as u64 + 1;
        assert_eq!(used["task"], task.to_string(), "one task for each run");
        assert_eq!(scene.world.task(task).state, State::Delivered);
        assert_eq!(scene.world.task(task + 1).state, State::Unknown);
    };
    scene.enumerate(&account, every, prepare, check);
}

#[test]
fn use_killed_at_any_request_spends_one_ticket() {
    use_is_killed(&[], "200", 3);
}

#[test]
fn use_that_buys_killed_at_any_request_buys_and_spends_one() {
    use_is_killed(&["--buy"], "0", 1);
}

#[test]
fn buy_killed_at_any_request_buys_once() {
    let scene = Scene::new();
    let account = scene.account("tsubame");
    let product = scene.publish();
    let prepare = |_| given(&["buy", &product, "--quantity", "2"]);
    let check = |number: usize, bought: &Value| {
        assert_eq!(bought["quantity"], 2);
        let tickets = scene.world.account("tsubame").must(&["balance"])["tickets"].clone();
        let held = (2 * (number + 1)).to_string();
        assert_eq!(tickets, json!([{ "product": product, "tickets": held }]));
    };
    scene.enumerate(&account, 1, prepare, check);
}

#[test]
fn publish_killed_at_any_request_publishes_once() {
    let scene = Scene::new();
    let account = scene.account("hinode");
    let consumer = scene.world.account("asagiri");
    let check = |number: usize, published: &Value| {
        let product = format!("1-{}", number + 1);
        assert_eq!(published["product"], product, "one product for each run");
        // The solver has what was published; one in three is looked at.
        if number.is_multiple_of(3) {
            let name = format!("{number}.json");
            consumer.must(&["use", &product, "--buy", "-o", &name]);
            consumer.received(&name);
        }
    };
    let url = scene.solver.url();
    let prepare = |_| given(&samples::offer(&url));
    scene.enumerate(&account, 1, prepare, check);
}

#[test]
fn feedback_killed_at_any_request_is_given_once() {
    let scene = Scene::new();
    let account = scene.account("kitakaze");
    let consumer = scene.world.account("kitakaze");
    let product = scene.publish();
    let note = [
        "--outcome",
        "true-positive",
        "--usefulness",
        "4",
        "--note",
        "seen twice",
    ];
    let prepare = |number: usize| {
        let name = format!("{number}.json");
        consumer.must(&["use", &product, "--buy", "--another", "-o", &name]);
        let task = (number + 1).to_string();
        given(&[&["feedback", "give", &task][..], &note].concat())
    };
    let check = |number: usize, _: &Value| {
        let task = (number + 1).to_string();
        let producer = scene.world.account("hinode");
        let said = producer.must(&["feedback", "show", &task]);
        assert_eq!(said["note"], "seen twice");
    };
    scene.enumerate(&account, 2, prepare, check);
}

#[test]
fn a_revision_that_answers_killed_at_any_request_is_one_and_answers_once() {
    let scene = Scene::new();
    let account = scene.account("hinode");
    let (producer, consumer) = (
        scene.world.account("hinode"),
        scene.world.account("kitakaze"),
    );
    let published = Mutex::new(Vec::new());
    let url = scene.solver.url();
    let prepare = |number: usize| {
        let product = scene.publish();
        for half in 0..2 {
            let name = format!("{number}-{half}.json");
            consumer.must(&["use", &product, "--buy", "--another", "-o", &name]);
            let task = (2 * number + half + 1).to_string();
            consumer.must(&[
                "feedback",
                "give",
                &task,
                "--outcome",
                "no-hit",
                "--usefulness",
                "2",
            ]);
        }
        let answers = format!("{},{}", 2 * number + 1, 2 * number + 2);
        let mut offer = given(&samples::offer(&url));
        offer.splice(0..1, ["revise".to_owned(), product.clone()]);
        offer.extend(["--answers".to_owned(), answers]);
        lock(&published).push(product);
        offer
    };
    let check = |number: usize, revised: &Value| {
        let product = lock(&published)[number].clone();
        assert_eq!(
            producer.must(&["show", &product])["next"],
            revised["product"]
        );
        for task in [2 * number + 1, 2 * number + 2] {
            let said = producer.must(&["feedback", "show", &task.to_string()]);
            assert_eq!(said["response"], "revised");
        }
    };
    scene.enumerate(&account, 3, prepare, check);
}

#[test]
fn collect_killed_at_any_request_pays_once() {
    let scene = Scene::new();
    let account = scene.account("asagiri");
    let consumer = scene.world.account("asagiri");
    let product = scene.publish();
    let prepare = |_| {
        consumer.must(&["buy", &product]);
        consumer.must(&["refund", &product]);
        given(&["balance", "collect"])
    };
    let check = |_: usize, collected: &Value| {
        assert_eq!(collected["collected"], "1000000000000000000");
        assert_eq!(scene.world.credit(consumer.address), U256::ZERO);
    };
    scene.enumerate(&account, 1, prepare, check);
}
