//! How long the daemon takes from its start until it is ready, with a long past in its store.

use std::time::Instant;

use alloy::eips::BlockNumberOrTag;
use ayumi_chain::Cursor;
use ayumi_solver::store::{Deployment, Store};
use eyre::{Result, eyre};
use serde_json::{Value, json};

use crate::consortium::Consortium;
use crate::past::fabricate;
use crate::report::Report;

/// Measures it after so many tasks.
pub async fn measure(report: &mut Report, tasks: u64) -> Result<()> {
    let mut consortium = Consortium::new(1, 100).await?;
    consortium.stop_solver()?;
    std::fs::remove_file(consortium.folder().join("solver.db"))?;
    let _: Value = consortium.rpc.call("anvil_mine", (1_000,)).await?;

    let genesis = consortium.chain.block(BlockNumberOrTag::Earliest).await?;
    let deployment = Deployment {
        chain_id: consortium.chain.chain_id(),
        genesis: genesis
            .ok_or_else(|| eyre!("there is no first block"))?
            .hash,
        operator: consortium.chain.contracts().operator,
        solver: consortium.solver_account(),
    };
    let head = consortium.chain.head().await?;
    let store = Store::open(&consortium.folder().join("solver.db"), deployment, true)?;
    let end = Cursor {
        number: head.number,
        hash: head.hash,
    };
    fabricate(&store, consortium.solver_account(), tasks, end).await?;
    drop(store);

    let since = Instant::now();
    consortium.start_solver()?;
    consortium.wait_ready().await?;
    let seconds = since.elapsed().as_secs_f64();
    eprintln!("ready {seconds:.3} s after its start, with {tasks} past tasks");
    report.set_fraction("load.startup_seconds", seconds);
    let figures: Value = ayumi_chain::http(|client| client)?
        .get(format!("{}/readyz", consortium.endpoint))
        .send()
        .await?
        .json()
        .await?;
    eprintln!("  {}", json!(figures));
    Ok(())
}
