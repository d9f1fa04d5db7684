//! Every MISP event that we have goes through a sale, and arrives byte for byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use ayumi_e2e::{Account, World, samples};

/// Publishes a document, buys it and uses it.
fn trade(producer: &Account, consumer: &Account, document: &Path) {
    let file = document.to_str().expect("the paths are text");
    let name = document
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a file has a name");
    let offer = [
        "publish",
        file,
        "--price",
        "0.001",
        "--stock",
        "1",
        "--incomplete",
    ];
    let words = [
        "--title",
        "An event",
        "--description",
        "",
        "--valid-until",
        "2099-12-31",
    ];
    let published = producer.must(&[&offer[..], &words].concat());
    let product = published["product"].as_str().expect("products have ids");
    let used = consumer.must(&["use", product, "--buy", "-o", name]);
    assert_eq!(
        used["bytes"],
        fs::metadata(document).expect("the document is there").len()
    );
    let same = fs::read(consumer.file(name)).ok() == fs::read(document).ok();
    assert!(same, "{} is another after its delivery", document.display());
}

#[test]
fn every_event_arrives_byte_for_byte() {
    let world = World::default();
    let events = samples::events();
    let (producers, consumers) = (world.accounts("producer"), world.accounts("consumer"));
    let lanes = producers.len().max(consumers.len());
    thread::scope(|scope| {
        for lane in 0..lanes {
            let (producer, consumer) = (
                producers[lane % producers.len()],
                consumers[lane % consumers.len()],
            );
            let events = events
                .iter()
                .skip(lane)
                .step_by(lanes)
                .collect::<Vec<&PathBuf>>();
            scope.spawn(move || {
                for event in events {
                    trade(producer, consumer, event);
                }
            });
        }
    });
    assert_eq!(world.deliveries().len(), events.len());
}
