//! Redemptions of the median event through the command's own library, against the real solver, on anvil.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy::primitives::U256;
use ayumi_chain::{Chain, Network, Wallet};
use ayumi_cli::{Session, UseOptions};
use ayumi_contracts::ProductId;
use ayumi_e2e::{World, programs};
use eyre::{Result, ensure, eyre};
use serde_json::json;
use tokio::task::JoinSet;

use crate::report::Report;

/// The sample that is as large as the median of 147 public MISP events.
const EVENT: &str = "tests/samples/ember-lynx-second-wave.json";

/// Milliseconds between two looks at the chain.
const POLL_MS: u64 = 25;

/// Has `consumers` at once redeem `tasks` tickets in all, and compares every file.
pub fn measure(
    report: &mut Report,
    key: &str,
    block_time: Option<u64>,
    tasks: usize,
    consumers: usize,
) -> Result<()> {
    let world = World::default();
    let product = publish(&world, tasks)?;
    let each = tasks / consumers;
    let sessions = (0..consumers)
        .map(|number| open(&world, number))
        .collect::<Result<Vec<_>>>()?;
    world.wait_for(buy(&sessions, product, each))?;
    if let Some(seconds) = block_time {
        world.rpc("evm_setAutomine", &json!([false]));
        world.rpc("evm_setIntervalMining", &json!([seconds]));
    }

    let started = Instant::now();
    let mut latencies = world.wait_for(redeem(&sessions, product, each, world.folder()))?;
    let seconds = started.elapsed().as_secs_f64();

    latencies.sort_unstable();
    let percentile =
        |percent: usize| latencies[(latencies.len() * percent / 100).min(latencies.len() - 1)];
    #[allow(clippy::cast_precision_loss)] // a count of tasks
    report.set_fraction(
        &format!("{key}.tasks_per_second"),
        latencies.len() as f64 / seconds,
    );
    report.set(&format!("{key}.p50_ms"), percentile(50));
    report.set(&format!("{key}.p95_ms"), percentile(95));
    ensure!(
        world.deliveries().len() == each * consumers,
        "not every redemption was delivered once"
    );
    Ok(())
}

fn publish(world: &World, stock: usize) -> Result<ProductId> {
    let file = programs::root().join(EVENT);
    let file = file
        .to_str()
        .ok_or_else(|| eyre!("the project's path is not UTF-8"))?;
    let arguments = [
        "publish",
        file,
        "--price",
        "0.000001",
        "--stock",
        &stock.to_string(),
    ];
    let published = world.accounts("producer")[0].must(&arguments);
    Ok(published["product"].as_str().unwrap_or_default().parse()?)
}

/// A consumer of its own, a member of the organisation of the world's first one.
fn open(world: &World, number: usize) -> Result<Session> {
    let wallet = Wallet::random();
    let address = wallet.address().to_string();
    let organisation = world.accounts("consumer")[0]
        .organisation
        .clone()
        .unwrap_or_default();
    world.governor().must(&[
        "organisation",
        "enrol",
        &address,
        "--organisation",
        &organisation,
        "--team",
        "load",
    ]);
    world.rpc("anvil_setBalance", &json!([address, "0x56bc75e2d63100000"]));
    let state = world.folder().join(format!("load-{number}"));
    let network = Network {
        poll_ms: POLL_MS,
        patience_s: 30,
        ..Network::default()
    };
    let (url, operator) = (world.rpc_url().parse()?, world.chain().contracts().operator);
    Ok(world.wait_for(async {
        let chain = Chain::connect(url, network, operator).await?;
        Session::open(chain, wallet, &state).await
    })?)
}

async fn buy(sessions: &[Session], product: ProductId, each: usize) -> Result<()> {
    for session in sessions {
        session
            .buy(product, u32::try_from(each)?, Some(U256::MAX))
            .await?
            .recorded();
    }
    Ok(())
}

/// Milliseconds from a redemption to its opened file, of each.
async fn redeem(
    sessions: &[Session],
    product: ProductId,
    each: usize,
    folder: &Path,
) -> Result<Vec<u64>> {
    let expected = Arc::new(std::fs::read(programs::root().join(EVENT))?);
    let mut consumers = JoinSet::new();
    for (number, session) in sessions.iter().cloned().enumerate() {
        let (expected, folder) = (Arc::clone(&expected), folder.to_owned());
        consumers.spawn(async move {
            let mut latencies = Vec::new();
            for round in 0..each {
                let file = folder.join(format!("{number}-{round}.json"));
                let wait = Duration::from_mins(2);
                let options = UseOptions {
                    file: Some(file.clone()),
                    another: true,
                    wait,
                    ..UseOptions::default()
                };
                latencies.push(session.use_product(product, &options).await?.milliseconds);
                ensure!(
                    std::fs::read(&file)? == *expected,
                    "{} differs from what was published",
                    file.display()
                );
            }
            Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(ended) = consumers.join_next().await {
        latencies.extend(ended??);
    }
    Ok(latencies)
}
