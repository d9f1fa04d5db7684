//! Several producers on one solver, several solvers in one consortium.

use std::fs;
use std::thread;

use ayumi_e2e::{Account, Honesty, Solver, World, samples};
use serde_json::{Value, json};

/// Puts a document on sale at a solver. Returns the product.
fn publish(producer: &Account, document: &str, solver: &Solver) -> String {
    let file = samples::sample(document).display().to_string();
    let url = solver.url();
    let offer = [
        "publish",
        &file,
        "--price",
        "1",
        "--stock",
        "9",
        "--incomplete",
    ];
    let published = producer.must(&[&offer[..], &["--solver", &url]].concat());
    published["product"]
        .as_str()
        .expect("products have ids")
        .to_owned()
}

#[test]
fn several_producers_on_one_solver_and_several_solvers_in_one_consortium() {
    let world = World::alone(&[]);
    let organisations = ["Minato ISAC", "Hinode CERT"];
    let solvers = organisations
        .map(|name| Solver::start(&world, &name.replace(' ', "-"), name, Honesty::Honest));
    let documents = ["kagerou-beacons.json", "ember-lynx-second-wave.json"];
    let mut offers = Vec::new();
    for producer in world.accounts("producer") {
        for solver in &solvers {
            for document in documents {
                offers.push((publish(producer, document, solver), document));
            }
        }
    }
    thread::scope(|scope| {
        for consumer in world.accounts("consumer") {
            let offers = &offers;
            scope.spawn(move || {
                for (product, document) in offers {
                    let file = format!("{product}.json");
                    consumer.must(&["use", product, "--buy", "-o", &file]);
                    let got = fs::read(consumer.file(&file)).ok();
                    assert_eq!(got, fs::read(samples::sample(document)).ok(), "{product}");
                }
            });
        }
    });

    // Only a product's own solver can deliver it: so both did.
    assert_eq!(
        world.deliveries().len(),
        offers.len() * world.accounts("consumer").len()
    );
    for solver in &solvers {
        assert_ne!(sent(&world, solver), json!("0x0"), "{}", solver.address);
    }
}

/// How many transactions a solver sent, in hexadecimal digits.
fn sent(world: &World, solver: &Solver) -> Value {
    world.rpc(
        "eth_getTransactionCount",
        &json!([solver.address, "latest"]),
    )
}
