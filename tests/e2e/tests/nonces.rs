//! A key that something else uses, too: what takes the nonce of a command's transaction neither ends the command nor has it
//! act twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy::primitives::U256;
use ayumi_e2e::{Account, Action, Proxy, Running, World, wait_until};
use serde_json::json;

const ETHER: u64 = 1_000_000_000_000_000_000;

/// A world with product 1-1 for an ether, in which nothing is mined by itself.
fn world() -> World {
    let world = World::default();
    world.account("hinode").publish(world.solver_url());
    world.hold_blocks();
    world
}

/// Starts to buy a ticket, and returns when the transaction was sent. It reaches the node if `arrives`.
fn begin(account: &Account, front: &Proxy, arrives: bool) -> Running {
    let sent = Arc::new(AtomicBool::new(false));
    let say = Arc::clone(&sent);
    front.rule(move |request| {
        if !request.sends() {
            return Action::Forward;
        }
        let say = Arc::clone(&say);
        if arrives {
            return Action::Tap(Box::new(move |answer| {
                say.store(true, Ordering::SeqCst);
                Some(answer)
            }));
        }
        say.store(true, Ordering::SeqCst);
        Action::Cut
    });
    let running = account.start(&["buy", "1-1"]);
    wait_until("the command sends", || {
        sent.load(Ordering::SeqCst).then_some(())
    });
    running
}

/// Another program sends for the account, with the same nonce and for more; then blocks are made again.
fn take_nonce(world: &World, account: &Account) {
    let nonce = world.rpc(
        "eth_getTransactionCount",
        &json!([account.address, "latest"]),
    );
    let transaction = json!({
        "from": account.address,
        "to": account.address,
        "nonce": nonce,
        "gas": "0x5208",
        "maxFeePerGas": "0xe8d4a51000",
        "maxPriorityFeePerGas": "0x174876e800",
    });
    world.rpc("anvil_impersonateAccount", &json!([account.address]));
    let hash = world.rpc("eth_sendTransaction", &json!([transaction]));
    world.rpc("anvil_stopImpersonatingAccount", &json!([account.address]));
    world.rpc("evm_mine", &json!([]));
    let receipt = world.rpc("eth_getTransactionReceipt", &json!([hash]));
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    world.make_blocks();
}

/// The account has one ticket, of two transactions: the other program's, and the purchase.
fn check_bought_once(world: &World, account: &Account) {
    let balance = account.must(&["balance"]);
    assert_eq!(
        balance["tickets"],
        json!([{ "product": "1-1", "tickets": "1" }])
    );
    assert_eq!(world.till(), U256::from(ETHER));
    let sent = json!([account.address, "latest"]);
    assert_eq!(world.rpc("eth_getTransactionCount", &sent), "0x2");
}

#[test]
fn a_command_whose_nonce_is_taken_signs_anew() {
    for arrives in [true, false] {
        let world = world();
        let front = Proxy::before(world.rpc_url());
        let buyer = world.account("kitakaze").with("ETH_RPC_URL", front.url());
        let running = begin(&buyer, &front, arrives);
        take_nonce(&world, &buyer);
        front.open();
        let outcome = running.end();
        assert_eq!(outcome.done()["quantity"], 1);
        assert!(outcome.stderr.contains("signing anew"), "{outcome}");
        check_bought_once(&world, &buyer);
    }
}

#[test]
fn a_killed_command_whose_nonce_is_taken_is_begun_anew() {
    for arrives in [true, false] {
        let world = world();
        let front = Proxy::before(world.rpc_url());
        let buyer = world.account("kitakaze").with("ETH_RPC_URL", front.url());
        begin(&buyer, &front, arrives).kill();
        take_nonce(&world, &buyer);
        front.open();
        let outcome = buyer.ayumi(&["buy", "1-1"]);
        assert_eq!(outcome.done()["quantity"], 1);
        let said = "not done, another transaction took its nonce: buy 1 of 1-1";
        assert!(outcome.stderr.contains(said), "{outcome}");
        check_bought_once(&world, &buyer);
    }
}
