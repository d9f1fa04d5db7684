//! What who runs a solver sees and sets: figures that are true, limits that hold, and the commands that tell.

mod commands;
mod figures;
mod requests;
mod tls;

use ayumi_e2e::Solver;

const OURS: &str = "Minato ISAC";

const ROOT: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// Where the solver itself serves, without the proxy before it.
fn address(solver: &Solver) -> String {
    let log = solver.log();
    let (_, said) = log.rsplit_once(" serving address=").expect("it serves");
    said.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}
