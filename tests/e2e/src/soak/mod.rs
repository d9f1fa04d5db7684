//! A load under faults, for as long as one likes: no task may be lost, none doubled, and no wei be missing.
//!
//! Consumers and producers act through the library of the command, and are interrupted at random moments as if they were
//! killed. Solvers are killed, crashed at named points, frozen, cut off from their nodes and from consumers, and kept away
//! past deadlines; blocks are taken back within the configured finality, and the chain's clock jumps. What happens follows
//! from the seed; when exactly does not, since processes and machines have their own pace.
//!
//! In the end all faults stop, everything is drained, and the chain is compared with the books.

mod books;
mod chaos;
mod consumer;
mod ground;
mod producer;
mod random;
mod reckon;
mod stage;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ayumi_chain::Chain;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use self::books::Books;
use self::ground::Ground;
use self::random::Random;
use self::reckon::{Ledger, Reckoning, pay_out, reckon};
use self::stage::{COMPLAINT_S, FEEDBACK_S, MARGIN_S, Party, Seat};
use crate::node::Node;
use crate::process::interrupted as is_interrupted;
use crate::world::World;

/// Milliseconds between two blocks.
const BLOCK_MS: u64 = 120;

/// How long the drain may take: more than the longest pause of a solver.
const DRAIN: Duration = Duration::from_mins(7);

/// Between two looks at deadlines, when all faults are over.
const HURRY: Duration = Duration::from_secs(3);

/// Between two looks at whether work goes on.
const LOOK: Duration = Duration::from_millis(100);

/// The last lines of a solver's log that a report shows.
const TAIL: usize = 40;

/// What a soak is to find, so that one sees that it can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The delivery of the third task is not written into the books.
    Forget,
    /// The solvers deliver other data.
    Lie,
    /// A ticket is bought beside the books.
    Double,
    /// A wei more is in the till than is owed.
    Till,
}

impl FromStr for Flaw {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "forget" => Ok(Self::Forget),
            "lie" => Ok(Self::Lie),
            "double" => Ok(Self::Double),
            "till" => Ok(Self::Till),
            _ => Err("it is one of forget, lie, double and till".into()),
        }
    }
}

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What everything is drawn from.
    pub seed: u64,
    /// How long faults go on.
    pub time: Duration,
    /// What must be found.
    pub flaw: Option<Flaw>,
    /// Where logs are kept.
    pub folder: PathBuf,
}

/// What all parts have in common.
pub(crate) struct Shared {
    seed: u64,
    flaw: Option<Flaw>,
    books: Books,
    ground: Arc<Ground>,
    /// Past all faults.
    chain: Chain,
    seats: Vec<Seat>,
    producers: Vec<Arc<Party>>,
    consumers: Vec<Arc<Party>>,
    ending: AtomicBool,
    over: Mutex<Option<Instant>>,
}

impl Shared {
    /// Whether nothing new is to begin.
    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst) || is_interrupted()
    }

    /// Whether what has not ended by now never will.
    fn is_over(&self) -> bool {
        let over = self.over.lock().expect("nobody panics with it");
        over.is_some_and(|over| Instant::now() > over) || is_interrupted()
    }

    /// Waits. False when nothing new is to begin.
    fn nap(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_ending() {
            thread::sleep(Duration::from_millis(20));
        }
        !self.is_ending()
    }

    fn nap_in(&self, milliseconds: u64) -> bool {
        self.nap(Duration::from_millis(milliseconds))
    }

    /// As [`nap`](Self::nap).
    async fn rest(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_ending() {
            tokio::time::sleep(LOOK).await;
        }
        !self.is_ending()
    }

    /// What a flow gives; nothing where it was dropped on the way, as if its process had been killed.
    async fn interrupted<T>(
        &self,
        random: &mut Random,
        flow: impl Future<Output = T>,
    ) -> Option<T> {
        if self.is_ending() || !random.chance(25) {
            return Some(flow.await);
        }
        let time = random.millis(0, 3_000);
        let ended = tokio::time::timeout(time, flow).await;
        if ended.is_err() {
            *self
                .books
                .pages()
                .faults
                .entry("command interrupted".into())
                .or_default() += 1;
        }
        ended.ok()
    }

    /// An error that is borne.
    fn suffered(&self, who: &str, what: &str, error: &ayumi_cli::Error) {
        let kind = error.kind();
        self.books.note(&format!("{who}: {what}: {kind}: {error}"));
    }
}

/// What a soak came to.
pub struct Report {
    text: String,
    is_good: bool,
}

impl Report {
    /// For people.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing was lost and nothing doubled, and the till is right.
    pub fn is_good(&self) -> bool {
        self.is_good
    }
}

/// Does it.
pub fn run(plan: &Plan) -> Report {
    std::fs::create_dir_all(&plan.folder).expect("logs can be written");
    let runtime = Runtime::new().expect("there are threads");
    let node = Node::start_at(0);
    let ground = Ground::new(node.proxy().upstream(), runtime.handle().clone());
    let miner = ground.make_blocks();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let arguments = stage::arguments(folder.path());
    let arguments = arguments.iter().map(String::as_str).collect::<Vec<_>>();
    let world = World::on(&node, &arguments);
    let shared = Arc::new(prepare(plan, &world, &runtime, Arc::clone(&ground)));
    runtime.block_on(open_shop(&shared));
    ground.slow_to(BLOCK_MS);
    let reckoning = soak(plan, &shared, &world, &runtime);
    let report = report(plan, &shared, &reckoning);
    ground.stop();
    let _ = miner.join();
    report
}

fn prepare(plan: &Plan, world: &World, runtime: &Runtime, ground: Arc<Ground>) -> Shared {
    let mut random = Random::of(plan.seed, "world");
    let solvers = random.between(1, 2);
    let seats = stage::seats(world, solvers, plan.flaw);
    let url = world.rpc_url().parse().expect("a URL");
    let operator = world.chain().contracts().operator;
    let chain = runtime.block_on(Chain::connect(url, stage::network(), operator));
    let chain = chain.expect("the chain answers");
    let (producers, consumers) = stage::parties(world, &chain, runtime.handle());
    let all = |parties: Vec<Party>| parties.into_iter().map(Arc::new).collect();
    Shared {
        seed: plan.seed,
        flaw: plan.flaw,
        books: Books::open(&plan.folder),
        ground,
        chain,
        seats,
        producers: all(producers),
        consumers: all(consumers),
        ending: AtomicBool::new(false),
        over: Mutex::new(None),
    }
}

/// A product of each producer with each solver, and one that its solver does not have.
async fn open_shop(shared: &Shared) {
    let mut random = Random::of(shared.seed, "shop");
    for party in &shared.producers {
        for seat in &shared.seats {
            let name = format!("{} with the {} solver", party.name, seat.name);
            producer::publish(shared, party, &mut random, &name, seat.address).await;
        }
    }
    if let [first, second] = &shared.seats[..] {
        let (party, name) = (&shared.producers[0], "what nobody has");
        let product = producer::publish(shared, party, &mut random, name, first.address).await;
        let product = product.expect("nothing is amiss yet");
        producer::bare(shared, party, product, second.address).await;
    }
}

/// Load and faults; then the drain; then the reckoning.
fn soak(plan: &Plan, shared: &Arc<Shared>, world: &World, runtime: &Runtime) -> Reckoning {
    let mut work = JoinSet::new();
    for (place, party) in shared.consumers.iter().enumerate() {
        let flow = consumer::consume(Arc::clone(shared), Arc::clone(party), place % 2 == 0);
        work.spawn_on(flow, runtime.handle());
    }
    for party in &shared.producers {
        let flow = producer::produce(Arc::clone(shared), Arc::clone(party));
        work.spawn_on(flow, runtime.handle());
    }
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                thread::sleep(LOOK);
                shared.books.pass(LOOK);
            }
        });
        let mut faults = vec![scope.spawn(|| chaos::shake(shared))];
        faults.extend(
            (0..shared.seats.len()).map(|place| scope.spawn(move || chaos::torment(shared, place))),
        );
        shared.nap(plan.time);
        shared.books.note("the faults stop");
        shared.ending.store(true, Ordering::SeqCst);
        scope.spawn(|| hurry(shared, runtime, &ended));
        let over = Instant::now() + DRAIN;
        *shared.over.lock().expect("nobody panics with it") = Some(over);
        for fault in faults {
            if fault.join().is_err() {
                shared.books.found("a fault failed, as stderr says");
            }
        }
        runtime.block_on(join(&mut work, &shared.books));
        ended.store(true, Ordering::SeqCst);
    });
    plant(plan.flaw, shared, world, runtime);
    let ledger = runtime.block_on(drained(shared));
    let mut reckoning = runtime.block_on(reckon(shared, &ledger));
    reckoning.logs = keep_logs(shared, &plan.folder);
    shared.ground.pass(COMPLAINT_S + FEEDBACK_S + 1);
    reckoning.rest = runtime.block_on(pay_out(shared));
    reckoning
}

/// Has the deadlines pass that are so close that no solver begins a delivery any more: nothing else happens until then.
fn hurry(shared: &Shared, runtime: &Runtime, ended: &AtomicBool) {
    while !ended.load(Ordering::SeqCst) {
        thread::sleep(HURRY);
        let ledger = runtime.block_on(Ledger::read(shared));
        let head = runtime.block_on(shared.chain.head());
        let now = head.expect("the chain answers").timestamp;
        let left = ledger.open().map(|task| task.deadline.saturating_sub(now));
        if let Some(left) = left.filter(|left| (1..=MARGIN_S).contains(left)).max() {
            shared.books.note(&format!("{left} seconds pass"));
            shared.ground.pass(left + 1);
        }
    }
}

/// Waits for all parties. One that panics is found.
async fn join(work: &mut JoinSet<()>, books: &Books) {
    while let Some(end) = work.join_next().await {
        if let Err(failure) = end {
            books.found(&format!("a party failed: {failure}"));
        }
    }
}

/// Puts in what must be found.
fn plant(flaw: Option<Flaw>, shared: &Shared, world: &World, runtime: &Runtime) {
    match flaw {
        Some(Flaw::Double) => {
            let (party, product) = (&shared.consumers[0], shared.books.pages().offers[0].product);
            let bought = runtime.block_on(party.session.buy(product, 2, None));
            bought.expect("nothing is amiss any more").recorded();
        }
        Some(Flaw::Till) => {
            let token = shared.chain.contracts().token;
            let more = world.till() + alloy::primitives::U256::ONE;
            world.rpc("anvil_setBalance", &serde_json::json!([token, more]));
        }
        Some(Flaw::Forget | Flaw::Lie) | None => {}
    }
}

/// The chain, when no task is open any more: what a reorg took back comes again, or is past its deadline and cancelled.
async fn drained(shared: &Shared) -> Ledger {
    loop {
        let ledger = Ledger::read(shared).await;
        if ledger.open().next().is_none() || shared.is_over() {
            return ledger;
        }
        let now = shared.chain.head().await.expect("the chain answers");
        for task in ledger.open().filter(|task| task.deadline < now.timestamp) {
            let party = &shared.producers[0];
            match party.session.cancel(task.id).await {
                Ok(sent) => {
                    sent.recorded();
                }
                Err(error) => shared.suffered(&party.name, "cancel", &error),
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What the solvers said goes where the soak's own log is.
fn keep_logs(shared: &Shared, folder: &Path) -> Vec<(&'static str, String)> {
    let mut logs = Vec::new();
    for seat in &shared.seats {
        let log = chaos::lock(seat).log();
        let _ = std::fs::write(folder.join(format!("{}-solver.log", seat.name)), &log);
        if log.contains("panicked") {
            let what = format!("the {} solver panicked", seat.name);
            shared.books.found(&what);
        }
        logs.push((seat.name, log));
    }
    logs
}

fn report(plan: &Plan, shared: &Shared, found: &Reckoning) -> Report {
    let pages = shared.books.pages();
    let back = found.returned.values().sum::<u64>();
    let kinds = list(found.returned.iter());
    let (till, owed) = found.till;
    let is_even = till == owed && found.rest.is_zero();
    let is_good =
        found.lost.is_empty() && found.doubled.is_empty() && pages.findings.is_empty() && is_even;
    let mut text = if is_good {
        String::new()
    } else {
        evidence(found)
    };
    for (name, what) in [
        ("seed", plan.seed.to_string()),
        ("solvers", shared.seats.len().to_string()),
        ("tasks offered", found.offered.to_string()),
        ("delivered", found.delivered.to_string()),
        (
            "refunded",
            if back == 0 {
                "0".into()
            } else {
                format!("{back} ({kinds})")
            },
        ),
        ("lost", found.lost.len().to_string()),
        ("doubled", found.doubled.len().to_string()),
        (
            "longest stall",
            format!("{:.1} s", pages.stall.as_secs_f64()),
        ),
        (
            "till",
            format!(
                "{till} wei, {owed} owed, {} left after all was paid",
                found.rest
            ),
        ),
        ("unpaid", found.unpaid.to_string()),
        ("products", pages.published.len().to_string()),
        ("served again", pages.again.to_string()),
        ("faults", list(pages.faults.iter())),
        ("logs", plan.folder.display().to_string()),
    ] {
        let _ = writeln!(text, "{name:<15}{what}");
    }
    for (kind, all) in [
        ("LOST", &found.lost),
        ("DOUBLED", &found.doubled),
        ("FOUND", &pages.findings),
    ] {
        for one in all {
            let _ = writeln!(text, "{kind} {one}");
        }
    }
    Report { text, is_good }
}

/// What the solvers said of the tasks that are lost, and last of all. It comes first, so that the table and what was found
/// are what one sees.
fn evidence(found: &Reckoning) -> String {
    let mut text = String::new();
    for (task, (name, log)) in found
        .suspects
        .iter()
        .flat_map(|task| found.logs.iter().map(move |log| (task, log)))
    {
        for line in log.lines().filter(|line| speaks_of(line, *task)) {
            let _ = writeln!(text, "the {name} solver on task {task}: {line}");
        }
    }
    for (name, log) in &found.logs {
        let lines = log.lines().collect::<Vec<_>>();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        let _ = writeln!(text, "the {name} solver's log ends:\n{tail}");
    }
    text
}

fn list<K: std::fmt::Display>(counts: impl Iterator<Item = (K, impl std::fmt::Display)>) -> String {
    let counts = counts.map(|(name, count)| format!("{name} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// Whether a line of a solver's log is about a task.
fn speaks_of(line: &str, task: u64) -> bool {
    let task = task.to_string();
    let (_, said) = line.split_once("ayumi_solver").unwrap_or_default();
    let said = said.split("transaction=").next().unwrap_or_default();
    said.split(|character: char| !character.is_ascii_digit())
        .any(|word| word == task)
}
