//! The memory of the solver with many assets of the largest kind and many open tasks, while large deliveries are fetched.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, Bytes, U256};
use alloy::rpc::types::Filter;
use alloy::sol_types::{SolEvent, SolValue};
use ayumi_chain::Call;
use ayumi_contracts::ICTIOperator::TaskRequested;
use ayumi_contracts::IERC1155::safeTransferFromCall;
use ayumi_contracts::ProductId;
use ayumi_contracts::messages::Fetch;
use ayumi_sealing::{Delivery, SEAL_BYTES, Seed};
use eyre::{Result, ensure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::consortium::Consortium;
use crate::proc;
use crate::report::Report;

/// The largest of 147 public MISP events has 2.6 MB.
const PAYLOAD_BYTES: usize = 2_600_000;

/// Gas of a redemption, the first of an account included.
const REDEEM_GAS: u64 = 160_000;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Amounts {
    /// Assets, each with a consumer that has tickets for it.
    pub assets: u64,
    /// Tasks of each asset that are open.
    pub open_each: u32,
    /// Deliveries that are fetched, all at once.
    pub fetched: u64,
}

/// Measures the most that the solver ever has.
pub async fn measure(report: &mut Report, amounts: Amounts) -> Result<()> {
    let mut consortium = Consortium::new(amounts.assets, 400).await?;
    tell(&consortium, "at first");
    hand_over(&mut consortium, amounts.assets).await?;
    tell(&consortium, "with all assets handed over");
    redeem(&mut consortium, amounts).await?;
    consortium.wait_ready().await?;
    tell(&consortium, "with all tasks open");
    fetch(&mut consortium, amounts).await?;
    tell(&consortium, "after the fetching");
    if let Some((_, most)) = memory(&consortium) {
        report.set_fraction("load.solver_rss_mb", most);
    }
    Ok(())
}

fn memory(consortium: &Consortium) -> Option<(f64, f64)> {
    proc::memory_mb(consortium.solver.as_ref()?.id())
}

fn tell(consortium: &Consortium, when: &str) {
    if let Some((now, most)) = memory(consortium) {
        eprintln!("solver {when}: {now:.1} MB, at most {most:.1} MB so far");
    }
}

/// The same bytes under seeds of their own: other commitments, and files of their own.
async fn hand_over(consortium: &mut Consortium, assets: u64) -> Result<()> {
    let started = Instant::now();
    let payload: Vec<u8> = (0..PAYLOAD_BYTES)
        .map(|at| (at % 251).to_le_bytes()[0])
        .collect();
    let client = ayumi_chain::http(|client| client)?;
    let mut raws = Vec::new();
    while (raws.len() as u64) < assets {
        // What is computed for one goes on while the solver is at work on others.
        let one = || consortium.hand_over(&client, &payload, u32::MAX);
        let (a, b, c, d) = tokio::try_join!(one(), one(), one(), one())?;
        raws.extend([a, b, c, d].map(|(listing, _)| consortium.listed(listing)));
    }
    consortium.mine(&raws).await?;
    eprintln!(
        "{assets} assets of 2.6 MB in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Every consumer redeems its tickets, of the product at its place.
async fn redeem(consortium: &mut Consortium, amounts: Amounts) -> Result<()> {
    consortium.buy(amounts.open_each, product).await?;
    let (scope, chain_id) = (consortium.chain.scope(), consortium.chain.chain_id());
    let contracts = consortium.chain.contracts();
    let mut raws = Vec::new();
    for _ in 0..amounts.open_each {
        for (place, consumer) in consortium.consumers().iter_mut().enumerate() {
            let nonce = alloy::primitives::B256::from(*Seed::random().as_bytes());
            let key = consumer.one_time_key(scope, nonce).public();
            let call = safeTransferFromCall {
                from: consumer.address(),
                to: contracts.operator,
                id: product(place).into(),
                value: U256::ONE,
                data: (key.0, nonce).abi_encode().into(),
            };
            let call = Call::new(contracts.token, &call);
            raws.push(consumer.transaction(chain_id, REDEEM_GAS, &call));
        }
    }
    let seconds = consortium.mine(&raws).await?;
    let count = consortium.chain.operator().taskCount().call().await?;
    ensure!(count == U256::from(raws.len()), "there are {count} tasks");
    #[allow(clippy::cast_precision_loss)] // a count of tasks
    let rate = raws.len() as f64 / seconds;
    eprintln!(
        "{count} tasks opened in {seconds:.0} s: anvil takes {rate:.0} redemptions/s in full blocks"
    );
    Ok(())
}

/// A task of each of the first consumers.
async fn fetch(consortium: &mut Consortium, amounts: Amounts) -> Result<()> {
    let started = Instant::now();
    let expiry = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + 500;
    let (domain, solver) = (consortium.chain.domain(), consortium.solver_account());
    let endpoint = consortium.endpoint.clone();
    let client = ayumi_chain::http(|client| client)?;
    let due = Delivery::bytes_for(PAYLOAD_BYTES as u64)? + SEAL_BYTES;
    // All ask at once; only so many read at once, as the rest of the world is slow.
    let readers = Arc::new(Semaphore::new(64));
    let mut under_way = JoinSet::new();
    let tasks = tasks(consortium).await?;
    for consumer in consortium
        .consumers()
        .iter()
        .take(usize::try_from(amounts.fetched)?)
    {
        let task = tasks[&consumer.address()];
        let message = Fetch {
            task: U256::from(task),
            item: "delivery".into(),
            solver,
            expiry,
        };
        let signature = consumer.sign(&message, &domain);
        let request = client
            .get(format!("{endpoint}/v1/tasks/{task}/delivery"))
            .header(
                "Ayumi-Signature",
                Bytes::from(signature.as_bytes().to_vec()).to_string(),
            )
            .header("Ayumi-Expiry", expiry);
        let readers = Arc::clone(&readers);
        under_way.spawn(async move {
            let mut answer = request.send().await?;
            ensure!(
                answer.status().is_success(),
                "task {task}: {}",
                answer.text().await?
            );
            let _reading = readers.acquire().await?;
            let mut bytes = 0;
            while let Some(part) = answer.chunk().await? {
                bytes += part.len();
            }
            ensure!(bytes == due, "task {task}: {bytes} bytes");
            Ok(())
        });
    }
    while let Some(ended) = under_way.join_next().await {
        ended??;
    }
    eprintln!(
        "{} deliveries of 2.6 MB at once in {:.0} s",
        amounts.fetched,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The last task of each consumer, as the chain has them.
async fn tasks(consortium: &Consortium) -> Result<HashMap<Address, u64>> {
    let head = consortium.chain.head().await?.number;
    let requested = Filter::new().event_signature(TaskRequested::SIGNATURE_HASH);
    let logs = consortium.chain.logs(&requested, 0, head).await?;
    let mut tasks = HashMap::new();
    for log in logs {
        let TaskRequested { task, consumer, .. } = TaskRequested::decode_log_data(&log.inner.data)?;
        tasks.insert(consumer, task.to());
    }
    Ok(tasks)
}

/// The producer's products are in the order of the consumers.
fn product(place: usize) -> ProductId {
    ProductId {
        producer: 1,
        sequence: u32::try_from(place + 1).expect("there are a thousand"),
    }
}
