use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ayumi_bench::{Account, Outcome, Spread, WINDOW_CLOSES, WINDOW_OPENS};
use eyre::Result;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, sleep_until};

use crate::consumer::{Done, Market, accounts};

/// Has the consumers redeem at the job's pace, and counts what ends in the window.
pub async fn run(market: Arc<Market>) -> Result<Outcome> {
    let job = market.job.clone();
    let mut free = VecDeque::from(accounts(&job));
    let mut ticks = job.per_second.map(ticks);
    let mut under_way: JoinSet<Result<(Account, Done)>> = JoinSet::new();
    let mut outcome = Outcome::default();
    let (mut milliseconds, mut blocks) = (Vec::new(), Vec::new());

    let opens = Instant::now() + Duration::from_secs(job.warm_up_s);
    let closes = opens + Duration::from_secs(job.window_s);
    let mut is_open = false;
    let mut again = 0;
    if ticks.is_none() {
        for account in free.drain(..) {
            under_way.spawn(Arc::clone(&market).redeem(account));
        }
    }
    loop {
        tokio::select! {
            () = sleep_until(opens.into()), if !is_open => {
                is_open = true;
                (outcome.crowded, again) = (0, market.again());
                outcome.range.0 = market.watcher.head() + 1;
                println!("{WINDOW_OPENS}");
            }
            () = sleep_until(closes.into()) => break,
            () = tick(&mut ticks) => match free.pop_front() {
                Some(account) => {
                    under_way.spawn(Arc::clone(&market).redeem(account));
                }
                None => outcome.crowded += 1,
            },
            Some(ended) = under_way.join_next() => {
                let (account, done) = ended??;
                if is_open {
                    milliseconds.push(done.milliseconds);
                    blocks.push(done.blocks);
                }
                if ticks.is_some() {
                    free.push_back(account);
                } else {
                    under_way.spawn(Arc::clone(&market).redeem(account));
                }
            }
        }
    }
    println!("{WINDOW_CLOSES}");
    outcome.seconds = opens.elapsed().as_secs_f64();
    outcome.range.1 = market.watcher.head();
    outcome.deliveries = milliseconds.len() as u64;
    outcome.again = market.again() - again;
    outcome.milliseconds = Spread::of(milliseconds);
    outcome.blocks = Spread::of(blocks);
    Ok(outcome)
}

fn ticks(per_second: f64) -> Interval {
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
    // What came late is made up for: the load stays what it is.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

/// The next redemption's time; never in a closed loop.
async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}
