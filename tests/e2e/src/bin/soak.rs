//! Random load under random faults: ends well only if nothing is lost, nothing doubled, and the till is right.
//!
//! `AYUMI_SOAK_SEED` repeats what was drawn. `AYUMI_SOAK_FLAW` puts in what must be found, to show that it is.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ayumi_e2e::soak::{Flaw, Plan, run};
use ayumi_e2e::{interrupt, programs};
use clap::Parser;

/// Random load under random faults
#[derive(Parser)]
struct Args {
    /// How long faults go on
    #[arg(default_value_t = 30.0)]
    minutes: f64,
    /// What everything is drawn from
    #[arg(long, env = "AYUMI_SOAK_SEED")]
    seed: Option<u64>,
    /// What must be found: forget, lie, double or till
    #[arg(long, env = "AYUMI_SOAK_FLAW")]
    flaw: Option<Flaw>,
    /// Where logs are kept [default: target/soak, in a folder named after the seed]
    #[arg(long)]
    logs: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(of_the_clock);
    let plan = Plan {
        seed,
        time: Duration::from_secs_f64(args.minutes.max(0.0) * 60.0),
        flaw: args.flaw,
        folder: args.logs.unwrap_or_else(|| logs(seed)),
    };
    println!("AYUMI_SOAK_SEED={seed}, {} minutes of faults", args.minutes);
    end_on_signal();
    let report = run(&plan);
    print!("{}", report.text());
    if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn logs(seed: u64) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| programs::root().join("target"));
    target.join("soak").join(seed.to_string())
}

fn of_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() % 1_000_000)
}

/// Ctrl-C ends everything in order.
fn end_on_signal() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("there are threads");
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            interrupt();
        }
    });
}
