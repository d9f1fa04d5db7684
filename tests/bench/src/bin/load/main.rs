//! A thousand consumers in one process: each redeems a ticket, fetches, verifies, signs its receipt, waits for the key,
//! opens the file and compares it with what was published.
//!
//! It is lean where the command is careful: redemptions are not simulated, nonces are counted here, and one
//! [watcher](watcher::Watcher) reads the chain for all. Nothing that a consumer has to compute or to ask the solver for is
//! left out. [`Job`] comes on standard input, [`Outcome`] goes to standard output.

mod consumer;
mod pace;
mod watcher;

use std::io::Read;
use std::sync::Arc;

use ayumi_bench::{Job, Rpc};
use eyre::Result;

use consumer::Market;
use watcher::Watcher;

fn main() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let job: Job = serde_json::from_str(&text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(run(job))?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

async fn run(job: Job) -> Result<ayumi_bench::Outcome> {
    let watcher = Watcher::new(Rpc::new(&job.rpc)?, job.operator, job.poll_ms).await?;
    let watcher = Arc::new(watcher);
    let market = Arc::new(Market::new(job, Arc::clone(&watcher))?);
    tokio::select! {
        outcome = pace::run(market) => outcome,
        failure = watcher.watch() => Err(failure),
    }
}
