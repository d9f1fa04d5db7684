use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, U256};
use ayumi_chain::Call;
use ayumi_cli::args::WhichSolver;
use ayumi_cli::{Intent, Offer};
use ayumi_contracts::{ICTIToken, ProductId};
use serde_json::Value;

use super::Shared;
use super::books::Offered;
use super::random::Random;
use super::stage::Party;
use crate::samples;

/// Wei for a ticket.
const PRICE: u64 = 1_000_000_000_000_000;

/// Tickets on offer: enough.
const STOCK: u32 = 1_000_000;

/// Publishes something new, settles and collects from time to time, until it is to end.
pub async fn produce(shared: Arc<Shared>, party: Arc<Party>) {
    let mut random = Random::of(shared.seed, &party.name);
    while shared.rest(random.millis(4_000, 15_000)).await {
        let solver = random.pick(&shared.seats).address;
        if random.chance(60) {
            let name = format!("{} {}", party.name, random.between(0, u64::MAX - 1));
            publish(&shared, &party, &mut random, &name, solver).await;
        } else {
            settle(&shared, &party).await;
            collect(&shared, &party, &mut random).await;
        }
    }
}

/// Publishes a document that is like no other, and goes on until it is: whatever comes between, it is one product.
pub async fn publish(
    shared: &Shared,
    party: &Party,
    random: &mut Random,
    name: &str,
    solver: Address,
) -> Option<ProductId> {
    let bytes = document(name, random.between(0, 20_000));
    let mut offer = Offer::new(bytes.clone()).expect("our documents are MISP");
    (offer.price, offer.stock) = (U256::from(PRICE), STOCK);
    offer.reward_bps = *random.pick(&[0, 2_500]);
    loop {
        let solver = WhichSolver::Account(solver);
        let publishing = party.session.publish(&offer, None, Some(&solver));
        match shared.interrupted(random, publishing).await {
            Some(Ok(sent)) => {
                let product = sent.recorded().product;
                shared
                    .books
                    .note(&format!("{} published {product}", party.name));
                let mut pages = shared.books.pages();
                pages.published.insert(product);
                pages.offers.push(Offered {
                    product,
                    bytes: Arc::new(bytes),
                    bare: false,
                });
                return Some(product);
            }
            Some(Err(error)) => shared.suffered(&party.name, "publish", &error),
            None => {}
        }
        if shared.is_over() {
            shared.books.found(&format!("{name} is not published"));
            return None;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Assigns a solver that was never given the document: what is bought of it must be declined.
pub async fn bare(shared: &Shared, party: &Party, product: ProductId, solver: Address) {
    let call = ICTIToken::assignSolverCall {
        product: product.into(),
        solver,
    };
    let token = party.session.chain().contracts().token;
    let intent = Intent::new(format!("assign {product} for nothing"), &());
    let sent = party.session.send(intent, &Call::new(token, &call)).await;
    sent.expect("nothing is amiss yet").recorded();
    for offer in &mut shared.books.pages().offers {
        offer.bare |= offer.product == product;
    }
}

/// Settles what is due.
pub async fn settle(shared: &Shared, party: &Party) -> bool {
    match party.session.settle(&[]).await {
        Ok(sent) => !sent.recorded().tasks.is_empty(),
        Err(error) => {
            shared.suffered(&party.name, "settle", &error);
            false
        }
    }
}

/// Collects the credit, if there is any, and writes down how much. A transaction that was sent is seen through, so that
/// its amount is in the books.
pub async fn collect(shared: &Shared, party: &Party, random: &mut Random) {
    match party.session.balance().await {
        Ok(balance) if balance.credit.is_zero() => return,
        Ok(_) => {}
        Err(error) => return shared.suffered(&party.name, "balance", &error),
    }
    while !shared.is_over() {
        let collecting = party.session.collect(None);
        match shared.interrupted(random, collecting).await {
            Some(Ok(sent)) => {
                let (amount, _) = sent.recorded();
                let name = &party.name;
                shared.books.note(&format!("{name} collected {amount}"));
                shared.books.pages().collected += amount;
                return;
            }
            Some(Err(error)) => {
                shared.suffered(&party.name, "collect", &error);
                if matches!(error.kind(), "no-credit" | "transaction-failed") {
                    return;
                }
            }
            None => {}
        }
    }
}

/// A MISP event with this title, and so many characters more.
fn document(title: &str, length: u64) -> Vec<u8> {
    let sample = std::fs::read(samples::sample(samples::SAMPLE));
    let sample = sample.expect("it is in the project");
    let mut document: Value = serde_json::from_slice(&sample).expect("it is JSON");
    document["Event"]["info"] = Value::from(title);
    let length = usize::try_from(length).expect("it is short");
    document["Event"]["Attribute"][0]["comment"] = Value::from("ayumi ".repeat(length / 6));
    serde_json::to_vec_pretty(&document).expect("values can be written")
}
