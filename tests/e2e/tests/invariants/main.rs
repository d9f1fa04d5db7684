//! What must hold of a solver whatever happens to it, each by its number. Those of the store alone are in
//! `crates/solver/tests`.

mod chain;
mod crashes;
mod running;
mod sending;

use alloy::primitives::U256;
use ayumi_e2e::{Account, Action, Request, Solver, World, json_answer};
use serde_json::{Value, json};

const OURS: &str = "Minato ISAC";

/// A product of this solver, of which the account has tickets.
fn product(world: &World, solver: &Solver, consumer: &Account, tickets: usize) -> String {
    let product = world.account("hinode").publish(&solver.url());
    let tickets = tickets.to_string();
    consumer.must(&["buy", &product, "--quantity", &tickets]);
    product
}

/// The numbers of the first tasks, once each.
fn once(tasks: u64) -> Vec<U256> {
    (1..=tasks).map(U256::from).collect()
}

fn method(request: &Request) -> String {
    request.method().unwrap_or_default()
}

/// A JSON-RPC answer to this very request.
fn answer(request: &Request, member: &str, value: &Value) -> Action {
    let call: Value = serde_json::from_slice(&request.body).expect("requests are JSON");
    let body = json!({ "jsonrpc": "2.0", "id": call["id"], member: value }).to_string();
    Action::Answer(json_answer("200 OK", "application/json", &body))
}

fn error(request: &Request, code: i64, message: &str) -> Action {
    answer(
        request,
        "error",
        &json!({ "code": code, "message": message }),
    )
}

/// How many transactions of the solver were mined.
fn transactions(world: &World, solver: &Solver) -> u64 {
    let count = world.rpc(
        "eth_getTransactionCount",
        &json!([solver.address, "latest"]),
    );
    let count = count.as_str().expect("a number in hexadecimal digits");
    u64::from_str_radix(count.trim_start_matches("0x"), 16).expect("a number")
}
