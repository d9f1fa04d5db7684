//! The auditor's index: how long the first look at a chain of 100,000 events takes beside a bare download of it, how soon a
//! block shows, and what questions take with ten million events.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolValue;
use ayumi_audit::{Ask, By, Query, Reader, Tracker, Writer};
use ayumi_bench::Rpc;
use ayumi_chain::{Call, Chain};
use ayumi_contracts::ICTIOperator::{
    Delivery, Feedback, Outcome, Response, answerFeedbackCall, giveFeedbackCall,
};
use ayumi_contracts::IERC1155::safeTransferFromCall;
use ayumi_contracts::ProductId;
use ayumi_contracts::messages::Receipt;
use ayumi_e2e::programs;
use eyre::{Result, ensure, eyre};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::consortium::Consortium;
use crate::proc;
use crate::report::Report;

#[path = "../../../crates/audit/tests/support/mod.rs"]
mod town;

use town::{DEPLOYMENT, Town};

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    /// Events of the real chain.
    pub events: u64,
    /// Events of the one on paper.
    pub many: u64,
}

/// Who trades on the real chain.
const CONSUMERS: u64 = 250;

/// Events that a task makes: bought (2), requested (3), delivered, told of, answered.
const EVENTS_A_TASK: u64 = 8;

/// The same of the chain on paper, where each is settled as well.
const PAPER_EVENTS_A_TASK: u64 = 11;

/// Gas of a block while the chain is filled, so that it has some twenty events.
const SMALL_BLOCK: u64 = 1_200_000;

/// Gas of any transaction here but a delivery of twenty.
const GAS: u64 = 200_000;

/// Tasks of a delivery.
const BATCH: usize = 20;

/// Blocks of a request of the bare download: five to ten megabytes, the fastest that was found.
const FLOOR_BLOCKS: u64 = 500;

/// How often each is timed; the median counts.
const TIMES: usize = 5;

/// Blocks that are waited for.
const LIVE: u64 = 60;

/// Days, organisations, accounts of each, and products of the chain on paper.
const DAYS: u64 = 1_000;
const ORGANISATIONS: u32 = 50;
const ACCOUNTS: usize = 4;
const PRODUCTS: usize = 2_000;
const PRICE: u64 = 1_000;

/// Pages that are looked at.
const PAGES: [&str; 8] = [
    "/",
    "/?since=2028-08-01",
    "/organisations",
    "/organisations?organisation=7",
    "/teams",
    "/products",
    "/activity",
    "/verify",
];

/// Events of the chain on paper that are written at once.
const PART: usize = 20_000;

/// Measures it all.
pub async fn measure(report: &mut Report, amounts: Amounts) -> Result<()> {
    let mut consortium = Consortium::new(CONSUMERS, 100).await?;
    consortium.stop_solver()?;
    fill(&mut consortium, amounts.events).await?;
    first_sync(report, &consortium).await?;
    live(report, &consortium).await?;
    drop(consortium);
    many(report, amounts.many)
}

/// Everybody buys, redeems, is delivered to, tells and is answered, again and again.
async fn fill(consortium: &mut Consortium, events: u64) -> Result<()> {
    let started = Instant::now();
    let (product, _) = consortium.own_product().await?;
    let rounds = events / (CONSUMERS * EVENTS_A_TASK);
    let _: Value = consortium
        .rpc
        .call("evm_setBlockGasLimit", (SMALL_BLOCK,))
        .await?;
    for _ in 0..rounds {
        consortium.buy(1, |_| product).await?;
        let from = consortium.chain.head().await?.number + 1;
        let redemptions = redeem(consortium, product);
        consortium.mine(&redemptions).await?;
        let tasks = requested(consortium, from).await?;
        let receipts = sign(consortium, &tasks);
        let deliveries = consortium.delivered(&receipts, BATCH).await?;
        consortium.mine(&deliveries).await?;
        let feedback = tell(consortium, &tasks);
        consortium.mine(&feedback).await?;
        let answers = answer(consortium, &tasks);
        consortium.mine(&answers).await?;
    }
    let head = consortium.chain.head().await?.number;
    eprintln!(
        "{} tasks in {head} blocks, made in {:.0} s",
        rounds * CONSUMERS,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What each redemption of a round is kept under, and nobody is to see.
fn key_of(consumer: Address) -> B256 {
    keccak256(consumer)
}

fn redeem(consortium: &mut Consortium, product: ProductId) -> Vec<Bytes> {
    let (chain_id, contracts) = (consortium.chain.chain_id(), consortium.chain.contracts());
    let consumers = consortium.consumers().iter_mut();
    let raws = consumers.map(|consumer| {
        let key = key_of(consumer.address());
        let call = safeTransferFromCall {
            from: consumer.address(),
            to: contracts.operator,
            id: product.into(),
            value: U256::ONE,
            data: (key, keccak256(key)).abi_encode().into(),
        };
        consumer.transaction(chain_id, GAS, &Call::new(contracts.token, &call))
    });
    raws.collect()
}

/// The tasks requested since a block, in the order of the consumers.
async fn requested(consortium: &mut Consortium, from: u64) -> Result<Vec<U256>> {
    let operator = consortium.chain.operator();
    let requested = operator
        .TaskRequested_filter()
        .from_block(from)
        .query()
        .await?;
    let tasks = requested
        .iter()
        .map(|(event, _)| (event.consumer, event.task));
    let tasks: HashMap<_, _> = tasks.collect();
    let consumers = consortium.consumers().iter();
    let tasks = consumers.map(|consumer| tasks.get(&consumer.address()).copied());
    let tasks: Option<_> = tasks.collect();
    tasks.ok_or_else(|| eyre!("a redemption was not mined"))
}

fn sign(consortium: &mut Consortium, tasks: &[U256]) -> Vec<Delivery> {
    let domain = consortium.chain.domain();
    let consumers = tasks.iter().zip(consortium.consumers());
    let receipts = consumers.map(|(task, consumer)| {
        let (key, root) = (key_of(consumer.address()), keccak256([1]));
        let receipt = Receipt {
            task: *task,
            ciphertextRoot: root,
            keyHash: keccak256(key),
        };
        let signature = consumer.sign(&receipt, &domain);
        let vs: U256 = signature.s() | (U256::from(signature.v()) << 255);
        Delivery {
            task: *task,
            ciphertextRoot: root,
            key,
            r: signature.r().into(),
            vs: vs.into(),
        }
    });
    receipts.collect()
}

fn tell(consortium: &mut Consortium, tasks: &[U256]) -> Vec<Bytes> {
    let (chain_id, operator) = (
        consortium.chain.chain_id(),
        consortium.chain.contracts().operator,
    );
    let consumers = tasks.iter().zip(consortium.consumers());
    let raws = consumers.map(|(task, consumer)| {
        let feedback = Feedback {
            actions: 5,
            outcome: Outcome::TruePositive,
            usefulness: 4,
        };
        let call = giveFeedbackCall {
            task: *task,
            feedback,
            noteHash: keccak256(task.to_le_bytes::<32>()),
        };
        consumer.transaction(chain_id, GAS, &Call::new(operator, &call))
    });
    raws.collect()
}

fn answer(consortium: &mut Consortium, tasks: &[U256]) -> Vec<Bytes> {
    let operator = consortium.chain.contracts().operator;
    let raws = tasks.iter().map(|task| {
        let call = answerFeedbackCall {
            task: *task,
            response: Response::Acknowledged,
            noteHash: B256::ZERO,
        };
        consortium.of_producer(GAS, &Call::new(operator, &call))
    });
    raws.collect()
}

async fn first_sync(report: &mut Report, consortium: &Consortium) -> Result<()> {
    let tasks: u64 = consortium.chain.operator().taskCount().call().await?.to();
    let head = consortium.chain.head().await?.number;
    let rpc = consortium.rpc.clone();
    let (mut floors, mut seconds, mut memory, mut events) = (Vec::new(), Vec::new(), 0.0_f64, 0);
    for _ in 0..TIMES {
        floors.push(download(&rpc, &consortium.chain, head).await?);
        let folder = TempDir::new()?;
        let index = folder.path().join("index.db");
        let (took, most) = command(&consortium.chain, &index)?;
        seconds.push(took);
        memory = memory.max(most);
        events = Reader::open(&index)?.status()?.events;
    }
    ensure!(
        events >= tasks * EVENTS_A_TASK,
        "{tasks} tasks have made no more than {events} events"
    );
    let (floor, took) = (median(&mut floors), median(&mut seconds));
    eprintln!(
        "{events} events in {head} blocks: {took:.3} s; a bare download {floor:.3} s; {memory:.1} MB"
    );
    report.set("index.events", events);
    report.set_fraction("index.seconds", took);
    report.set_fraction("index.floor_seconds", floor);
    report.set_fraction("index.times_the_floor", took / floor);
    report.set_fraction("index.rss_mb", memory);
    Ok(())
}

/// Every log, and nothing done with it.
async fn download(rpc: &Rpc, chain: &Chain, head: u64) -> Result<f64> {
    let contracts = chain.contracts();
    let started = Instant::now();
    let mut bytes = 0;
    for from in (0..=head).step_by(usize::try_from(FLOOR_BLOCKS)?) {
        let to = head.min(from + FLOOR_BLOCKS - 1);
        bytes += rpc
            .bytes(
                "eth_getLogs",
                json!([{
                    "address": [contracts.consortium, contracts.token, contracts.operator],
                    "fromBlock": format!("{from:#x}"),
                    "toBlock": format!("{to:#x}"),
                }]),
            )
            .await?;
    }
    let seconds = started.elapsed().as_secs_f64();
    eprintln!(
        "  bare download: {:.1} MB in {seconds:.3} s",
        f64::from(u32::try_from(bytes)?) / 1e6
    );
    Ok(seconds)
}

/// The command, from its start to its end: seconds, and the most memory that it had.
fn command(chain: &Chain, index: &Path) -> Result<(f64, f64)> {
    let started = Instant::now();
    let mut child = Command::new(programs::ayumi())
        .args([
            "audit",
            "sync",
            "--json",
            "--rpc-url",
            chain.url().as_str(),
            "--operator",
        ])
        .arg(chain.contracts().operator.to_string())
        .arg("--index")
        .arg(index)
        .stdout(Stdio::null())
        .spawn()?;
    let mut most = 0.0_f64;
    loop {
        if let Some((_, memory)) = proc::memory_mb(child.id()) {
            most = most.max(memory);
        }
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "ayumi audit sync ends with {status}");
            return Ok((started.elapsed().as_secs_f64(), most));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// From the moment that a block is there to the moment that a reader sees it.
async fn live(report: &mut Report, consortium: &Consortium) -> Result<()> {
    let folder = TempDir::new()?;
    let index = folder.path().join("index.db");
    let mut tracker = Tracker::open(consortium.chain.clone(), &index).await?;
    tracker.catch_up().await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let following = tokio::spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        tracker.follow(shutdown, |_| {}).await
    });
    let reader = Reader::open(&index)?;
    let mut waits = Vec::new();
    for turn in 0..LIVE {
        // At any time between two looks.
        tokio::time::sleep(Duration::from_millis(40 + turn * 37 % 150)).await;
        let _: Value = consortium.rpc.call("evm_mine", json!([])).await?;
        let mined = Instant::now();
        let number = consortium.chain.head().await?.number;
        while reader.as_of()?.0 < number {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waits.push(mined.elapsed().as_secs_f64() * 1_000.0);
    }
    let _ = stop.send(());
    following.await??;
    waits.sort_by(f64::total_cmp);
    let [p50, p90] = [50, 90].map(|part| waits[waits.len() * part / 100]);
    eprintln!("a mined block shows after {p50:.0} ms, p90 {p90:.0} ms");
    report.set_fraction("index.live_p50_ms", p50);
    report.set_fraction("index.live_p90_ms", p90);
    Ok(())
}

/// Questions to an index with a long past.
fn many(report: &mut Report, events: u64) -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("index.db");
    let started = Instant::now();
    let written = fabricate(&path, events)?;
    eprintln!(
        "{written} events written in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    let bytes = std::fs::metadata(&path)?.len();
    let reader = Reader::open(&path)?;
    let mut times = Vec::new();
    for (ask, query) in questions()? {
        let mut of_this = Vec::new();
        for _ in 0..TIMES {
            let started = Instant::now();
            reader.answer(ask, &query)?;
            of_this.push(started.elapsed().as_secs_f64() * 1_000.0);
        }
        eprintln!(
            "  {} {:?}: {:.1} ms",
            ask.name(),
            query.pairs(),
            median(&mut of_this)
        );
        times.extend(of_this);
    }
    times.sort_by(f64::total_cmp);
    let p95 = times[times.len() * 95 / 100];
    #[allow(clippy::cast_precision_loss)] // sizes of files
    let size_mb = bytes as f64 / 1e6;
    let (now, _) = proc::memory_mb(std::process::id()).ok_or_else(|| eyre!("there is no /proc"))?;
    eprintln!("p95 of all questions {p95:.1} ms; file {size_mb:.0} MB; this process {now:.0} MB");
    report.set("index.events_many", written);
    report.set_fraction("index.query_p95_ms_at_10m", p95);
    report.set_fraction(
        "index.query_max_ms_at_10m",
        times.last().copied().unwrap_or_default(),
    );
    report.set_fraction("index.file_mb_at_10m", size_mb);
    report.set_fraction("index.reader_mb_at_10m", now);
    paint(report, &path)
}

/// When pages first show something in a browser.
fn paint(report: &mut Report, index: &Path) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../browser/paint.mjs");
    let programs = programs::ayumi();
    let asked = Command::new("node")
        .arg(script)
        .arg(index)
        .args(PAGES)
        .env("AYUMI_PROGRAMS", programs.parent().unwrap_or(&programs))
        .output()?;
    let said = String::from_utf8_lossy(&asked.stderr);
    if said.contains("there is no Chromium") {
        // Nothing else needs one.
        eprintln!("no page was looked at: there is no Chromium");
        return Ok(());
    }
    ensure!(asked.status.success(), "no page was looked at: {said}");
    let medians: HashMap<String, f64> = serde_json::from_slice(&asked.stdout)?;
    for page in PAGES {
        eprintln!(
            "  {page} first shows something after {:.0} ms",
            medians[page]
        );
    }
    let most = medians.into_values().fold(0.0, f64::max);
    report.set_fraction("index.first_paint_ms_at_10m", most);
    Ok(())
}

/// What a page asks for.
fn questions() -> Result<Vec<(Ask, Query)>> {
    let (since, until) = ("2028-01-03".parse().ok(), "2028-04-02".parse().ok());
    let all = Query::default();
    let quarter = Query {
        since,
        until,
        ..Query::default()
    };
    let by = |query: &Query, by| Query {
        by: Some(by),
        ..query.clone()
    };
    let one = Query {
        organisation: Some("7".into()),
        ..Query::default()
    };
    let product = Query {
        product: Some("5-3".parse()?),
        ..Query::default()
    };
    let page = |query: &Query| Query {
        limit: Some(100),
        ..query.clone()
    };
    let mut questions = Vec::new();
    for query in [&all, &quarter, &one] {
        questions.extend([
            (Ask::Overview, query.clone()),
            (Ask::Timeline, query.clone()),
            (Ask::Timeline, by(query, By::Month)),
            (Ask::Activity, by(query, By::Account)),
            (Ask::Activity, by(query, By::Organisation)),
            (Ask::Organisations, query.clone()),
            (Ask::Gap, by(query, By::Organisation)),
            (Ask::Gap, by(query, By::Producer)),
            (Ask::Gap, page(&by(query, By::Product))),
            (Ask::Products, page(query)),
            (Ask::Money, page(query)),
            (Ask::Findings, page(query)),
            (Ask::Tasks, page(query)),
            (
                Ask::Events,
                page(&Query {
                    since: query.since,
                    until: query.until,
                    ..Query::default()
                }),
            ),
        ]);
    }
    questions.extend([
        (Ask::Overview, product.clone()),
        (Ask::Timeline, product.clone()),
        (Ask::Gap, product.clone()),
        (Ask::Tasks, page(&product)),
        (Ask::Status, all),
    ]);
    Ok(questions)
}

/// A consortium of fifty organisations that trades for a thousand days.
fn fabricate(path: &Path, events: u64) -> Result<u64> {
    let mut writer = Writer::open(path, DEPLOYMENT)?;
    let mut town = Town::default();
    let mut accounts = Vec::new();
    for organisation in 0..ORGANISATIONS {
        let organisation = town.organisation(&format!("Organisation {organisation}"));
        accounts.extend((0..ACCOUNTS).map(|_| town.enrol(organisation, "soc")));
    }
    let products: Vec<_> = (0..PRODUCTS)
        .map(|place| town.publish(accounts[place % accounts.len()], PRICE, 0b1001))
        .collect();
    let tasks_a_day = events / PAPER_EVENTS_A_TASK / DAYS;
    let (mut entries, mut written, mut turn) = (Vec::new(), 0, 0_usize);
    for _ in 0..DAYS {
        let mut left = tasks_a_day;
        while left > 0 {
            let count = left.min(20);
            let first = town.tasks.len() as u64 + 1;
            for _ in 0..count {
                // Spread by steps without a common divisor; products come into fashion and go out of it.
                turn += 1;
                let fashion = turn / 200;
                let product = (fashion + turn * 7 % 97) % products.len();
                let consumer = (turn * 31 + turn / 7) % accounts.len();
                town.buy(products[product], accounts[consumer], 1);
                town.request(products[product], accounts[consumer]);
            }
            let tasks = first..first + count;
            let pause = 86_400 / (tasks_a_day / 20 + 1) / 5;
            finish(&mut town, &mut entries, tasks, pause);
            left -= count;
        }
        town.at = town::START + (town.at - town::START).next_multiple_of(86_400);
        if entries.len() >= PART {
            let end = town.block(0);
            entries.extend(end.entries);
            written += entries.len() as u64;
            writer.append(&entries, end.head, false)?;
            entries.clear();
        }
    }
    let end = town.block(0);
    entries.extend(end.entries);
    written += entries.len() as u64;
    writer.append(&entries, end.head, false)?;
    Ok(written)
}

/// Delivered, told of, answered, settled, in blocks of their own.
fn finish(
    town: &mut Town,
    entries: &mut Vec<ayumi_chain::Entry>,
    tasks: std::ops::Range<u64>,
    pause: u64,
) {
    let end = |town: &mut Town, entries: &mut Vec<_>| entries.extend(town.block(pause).entries);
    end(town, entries);
    tasks.clone().for_each(|task| town.deliver(task));
    end(town, entries);
    for task in tasks.clone() {
        let actions = [9, 1, 3, 0][usize::try_from(task % 4).unwrap_or(0)];
        town.feedback(
            task,
            actions,
            u8::try_from(task % 5 + 1).unwrap_or(1),
            B256::ZERO,
        );
    }
    end(town, entries);
    tasks.clone().for_each(|task| {
        town.answer(task, B256::ZERO);
    });
    end(town, entries);
    tasks.for_each(|task| town.settle(task, PRICE, 100));
    end(town, entries);
}
