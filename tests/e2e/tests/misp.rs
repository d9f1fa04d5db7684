//! What was bought lands in the consumer's MISP, and what the consumer sees there comes back as feedback.

use std::fs;

use ayumi_e2e::{Account, World, samples};
use ayumi_misp_double::{Double, Fault, KEY};
use serde_json::{Value, json};
use uuid::Uuid;

const SAMPLE: &str = "kagerou-beacons.json";

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// An account with a MISP.
fn with_misp(world: &World, name: &str, misp: &Double) -> Account {
    world
        .account(name)
        .with("AYUMI_MISP_URL", misp.url())
        .with("AYUMI_MISP_KEY", KEY)
}

fn publish(producer: &Account, sample: &str, more: &[&str]) -> String {
    let document = samples::sample(sample);
    let file = document.to_str().expect("our paths are text");
    let offer = [
        "publish",
        file,
        "--price",
        "0.1",
        "--stock",
        "9",
        "--incomplete",
    ];
    let until: &[&str] = if more.contains(&"--valid-until") {
        &[]
    } else {
        &["--valid-until", "2099-12-31"]
    };
    let published = producer.must(&[&offer[..], until, more].concat());
    text(&published["product"]).to_owned()
}

/// The sample with another title and a later change, as its producer would export the next edition.
fn next_edition(account: &Account) -> String {
    let bytes = fs::read(samples::sample(SAMPLE)).expect("our samples can be read");
    let mut event = serde_json::from_slice::<Value>(&bytes).expect("our samples are JSON");
    let changed = text(&event["Event"]["timestamp"])
        .parse::<u64>()
        .expect("seconds")
        + 60;
    event["Event"]["timestamp"] = json!(changed.to_string());
    let path = account.write("next.json", event.to_string());
    path.display().to_string()
}

fn uuid_of_sample() -> Uuid {
    let bytes = fs::read(samples::sample(SAMPLE)).expect("our samples can be read");
    let event = serde_json::from_slice::<Value>(&bytes).expect("our samples are JSON");
    text(&event["Event"]["uuid"])
        .parse()
        .expect("our samples have uuids")
}

fn receipts(event: &Value) -> Vec<String> {
    let objects = event["Object"].as_array().into_iter().flatten();
    let receipts = objects.filter(|object| object["name"] == "ayumi-receipt");
    let tasks = receipts.map(|object| {
        let attributes = object["Attribute"]
            .as_array()
            .expect("a receipt has attributes");
        let task = attributes
            .iter()
            .find(|attribute| attribute["object_relation"] == "task");
        text(&task.expect("a receipt names its task")["value"]).to_owned()
    });
    let mut tasks = tasks.collect::<Vec<_>>();
    tasks.sort();
    tasks
}

#[test]
fn what_is_used_lands_and_feedback_is_sighted() {
    let (world, misp) = (World::default(), Double::start());
    let consumer = with_misp(&world, "kitakaze", &misp);
    let product = publish(world.account("hinode"), SAMPLE, &[]);

    // A server that is not there costs no ticket.
    misp.fail("GET", Fault::Page(404));
    let arguments = ["use", &product, "--buy", "--to-misp", "-o", "got.json"];
    consumer.ayumi(&arguments).fails("not-misp");
    assert!(world.deliveries().is_empty());
    // One that fails afterwards costs none either: the same command goes on.
    misp.fail(
        "POST /events/add",
        Fault::Says(403, json!({ "message": "no" })),
    );
    consumer.ayumi(&arguments).fails("misp-not-allowed");
    let used = consumer.must(&arguments);
    assert_eq!(world.deliveries().len(), 1);
    assert_eq!(used["misp"]["state"], "added");
    let same = fs::read(consumer.file("got.json")).ok() == fs::read(samples::sample(SAMPLE)).ok();
    assert!(same, "the document on disk is what was published");
    let uuid = uuid_of_sample();
    let held = misp.event(uuid).expect("it landed");
    assert_eq!(receipts(&held), ["1"]);
    assert_eq!(held["distribution"], "0");
    assert!(held["Tag"].as_array().is_some_and(|tags| !tags.is_empty()));
    assert_eq!(consumer.must(&arguments)["misp"]["state"], "same");

    // What a sensor saw is a proposal, and nothing more.
    consumer.ayumi(&["feedback", "suggest"]).negative();
    let attribute = held["Attribute"][0]["uuid"]
        .as_str()
        .expect("attributes have uuids");
    misp.sight(attribute.parse().expect("a uuid"), 1, "a sensor");
    let proposed = consumer.must(&["feedback", "suggest"]);
    assert_eq!(
        proposed[0]["command"],
        "ayumi feedback give 1 --outcome false-positive --usefulness 2"
    );
    consumer
        .ayumi(&["feedback", "show", "1"])
        .fails("no-feedback");

    // Feedback becomes sightings, whatever fails in between, and each once.
    let give = [
        "feedback",
        "give",
        "1",
        "--outcome",
        "true-positive",
        "--usefulness",
        "4",
        "--to-misp",
    ];
    consumer
        .ayumi(&[&give[..], &["--sighted", "not-there.example"]].concat())
        .fails("usage");
    misp.fail(
        "POST /sightings/add",
        Fault::Says(200, json!({ "message": "no" })),
    );
    consumer.ayumi(&give).fails("misp-refuses");
    let given = consumer.must(&give);
    assert_eq!(given["sightings"]["there"], 0);
    let added = given["sightings"]["added"].as_u64().expect("a number");
    assert!(added > 0);
    assert_eq!(
        consumer.must(&give)["sightings"],
        json!({ "added": 0, "there": added })
    );
    let ours = misp.sightings();
    let ours = ours
        .iter()
        .filter(|it| text(&it["source"]).starts_with("ayumi/"));
    assert_eq!(ours.count() as u64, added);
    consumer.ayumi(&["feedback", "suggest"]).negative();
}

#[test]
fn what_was_bought_is_synchronised_to_a_server_and_a_feed() {
    let (world, misp) = (World::default(), Double::start());
    let (producer, consumer) = (
        world.account("hinode"),
        with_misp(&world, "kitakaze", &misp),
    );
    consumer.ayumi(&["misp", "sync"]).negative();
    let event = publish(producer, SAMPLE, &[]);
    let object = publish(producer, "heron-loader-object.json", &[]);
    for product in [&event, &event, &object] {
        let file = format!("{product}.json");
        consumer.must(&["use", product, "--buy", "--another", "--force", "-o", &file]);
    }
    let states = |arguments: &[&str]| {
        let rows = consumer.must(arguments);
        let rows = rows.as_array().expect("a list").iter();
        rows.map(|row| text(&row["state"]).to_owned())
            .collect::<Vec<_>>()
    };
    misp.fail("POST /events/add", Fault::DonePage(504));
    assert_eq!(states(&["misp", "sync"]), ["added", "attached", "added"]);
    assert_eq!(misp.count(), 2);
    assert_eq!(
        receipts(&misp.event(uuid_of_sample()).expect("it landed")),
        ["1", "2"]
    );
    misp.forget();
    assert_eq!(states(&["misp", "sync"]), ["same", "same", "same"]);
    assert_eq!(misp.requests(), ["GET /servers/getVersion"]);
    assert_eq!(
        states(&["misp", "sync", "--again", "--product", &object]),
        ["same"]
    );

    assert_eq!(
        states(&["misp", "sync", "--feed", "feed"]),
        ["added", "edited", "added"]
    );
    assert_eq!(
        states(&["misp", "sync", "--feed", "feed"]),
        ["same", "same", "same"]
    );
    let file = consumer
        .file("feed")
        .join(format!("{}.json", uuid_of_sample()));
    let held = serde_json::from_slice::<Value>(&fs::read(&file).expect("it is there"));
    assert_eq!(receipts(&held.expect("JSON")["Event"]), ["1", "2"]);
    fs::remove_file(&file).expect("it was there");
    assert_eq!(
        states(&["misp", "sync", "--feed", "feed"]),
        ["edited", "edited", "same"]
    );

    let pulled = consumer.must(&["misp", "pull", "pulled", "--feed", "feed"]);
    assert_eq!(pulled.as_array().map(Vec::len), Some(2));
    let same = fs::read(&file).ok()
        == fs::read(
            consumer
                .file("pulled")
                .join(file.file_name().expect("a name")),
        )
        .ok();
    assert!(same, "a feed is pulled byte for byte");
}

#[test]
fn an_event_of_the_producers_misp_is_published_and_those_of_a_server_are_pulled_and_pushed() {
    let (world, misp, other) = (World::default(), Double::start(), Double::start());
    let producer = with_misp(&world, "hinode", &misp);
    let mut answer = serde_json::from_slice::<Value>(
        &fs::read(samples::sample(SAMPLE)).expect("our samples can be read"),
    )
    .expect("our samples are JSON");
    answer["Event"]["event_creator_email"] = json!("me@misp.example");
    answer["Event"]["RelatedEvent"] = json!([{ "Event": { "info": "our other case" } }]);
    let uuid = misp.hold(answer.to_string().as_bytes()).to_string();

    let offer = [
        "--price",
        "0.1",
        "--stock",
        "9",
        "--valid-until",
        "2099-12-31",
        "--incomplete",
    ];
    let publish = [&["publish", "--misp-event", &uuid], &offer[..]].concat();
    assert_eq!(producer.must(&publish)["product"], "1-1");
    let consumer = world.account("kitakaze");
    consumer.must(&["use", "1-1", "--buy", "-o", "got.json"]);
    let got = fs::read_to_string(consumer.file("got.json")).expect("it was delivered");
    assert!(
        !got.contains("our other case") && !got.contains("me@misp.example"),
        "{got}"
    );
    let nowhere = Uuid::nil().to_string();
    let absent = [&["publish", "--misp-event", &nowhere], &offer[..]].concat();
    producer.ayumi(&absent).fails("misp-no-event");
    producer
        .without("AYUMI_MISP_KEY")
        .ayumi(&publish)
        .fails("no-misp-key");

    let pull = ["misp", "pull", "pulled"];
    assert_eq!(producer.must(&pull)[0]["state"], "new");
    let file = producer.file("pulled").join(format!("{uuid}.json"));
    assert_eq!(fs::read(&file).ok(), Some(answer.to_string().into_bytes()));
    assert_eq!(producer.must(&pull)[0]["state"], "same");
    fs::write(&file, "{").expect("it is ours");
    assert_eq!(producer.must(&pull)[0]["state"], "changed");
    producer
        .ayumi(&["misp", "pull", "pulled", "--tag", "no:such=\"tag\""])
        .negative();
    misp.fail(&format!("GET /events/view/{uuid}"), Fault::Page(200));
    fs::write(&file, "{").expect("it is ours");
    assert_eq!(producer.ayumi(&pull).negative()[0]["state"], "failed");

    let there = producer.with("AYUMI_MISP_URL", other.url());
    producer.must(&pull);
    let push = ["misp", "push", file.to_str().expect("our paths are text")];
    assert_eq!(there.must(&push)[0]["state"], "added");
    assert_eq!(there.must(&push)[0]["state"], "same");
    there
        .with("AYUMI_MISP_KEY", "wrong")
        .ayumi(&push)
        .fails("misp-not-allowed");
    there
        .with("AYUMI_MISP_URL", "http://misp.example")
        .ayumi(&push)
        .fails("misp-url");
}

#[test]
fn a_next_edition_answers_feedback_and_holders_are_told() {
    let world = World::default();
    let (producer, consumer, other) = (
        world.account("hinode"),
        world.account("kitakaze"),
        world.account("tsubame"),
    );
    let first = publish(producer, SAMPLE, &[]);
    let stale = publish(producer, "ember-lynx-second-wave.json", &[]);
    for (account, product) in [(consumer, &first), (other, &first), (consumer, &stale)] {
        let file = format!("{product}.json");
        account.must(&["use", product, "--buy", "-o", &file]);
    }
    consumer.must(&["buy", &first]);
    let give = |account: &Account, task: &str| {
        account.must(&[
            "feedback",
            "give",
            task,
            "--outcome",
            "no-hit",
            "--usefulness",
            "2",
        ]);
    };
    give(consumer, "1");
    give(consumer, "3");
    consumer.ayumi(&["holdings"]).negative();
    assert_eq!(
        consumer
            .must(&["holdings", "--all"])
            .as_array()
            .map(Vec::len),
        Some(2)
    );

    let file = next_edition(producer);
    let offer = [
        "--price",
        "0.1",
        "--stock",
        "9",
        "--valid-until",
        "2099-12-31",
        "--incomplete",
    ];
    let tried = |task: &str| {
        let answers = ["--answers", task];
        producer.ayumi(&[&["revise", &first, &file], &offer[..], &answers].concat())
    };
    tried("3").fails("other-product");
    tried("2").fails("no-feedback");
    tried("99").fails("unknown-task");
    assert_eq!(
        world.account("hinode").must(&["show", &first])["status"],
        "on-sale"
    );
    let next = tried("1").done();
    let next = text(&next["product"]);

    let tasks = consumer.ayumi(&["tasks"]);
    assert!(
        tasks
            .stderr
            .contains(&format!("1 ticket of {first}, which was revised as {next}")),
        "{tasks}"
    );
    let rows = tasks.done();
    assert_eq!(
        rows[0]["notice"],
        format!("revised as {next}, which answers your feedback")
    );
    assert_eq!(rows[1]["notice"], Value::Null);
    assert_eq!(
        other.must(&["tasks"])[0]["notice"],
        format!("revised as {next}")
    );
    let mine = consumer.must(&["search", "--mine"]);
    assert_eq!(
        (&mine[0]["newest"], &mine[0]["tickets"], &mine[0]["tasks"]),
        (&json!(next), &json!("1"), &json!(1))
    );
    assert_eq!(mine.as_array().map(Vec::len), Some(2));
    assert_eq!(
        producer.must(&["feedback", "show", "1"])["response"],
        "revised"
    );

    producer.must(&["withdraw", &stale]);
    let held = consumer.must(&["holdings"]);
    assert_eq!(
        (&held[0]["changes"], &held[0]["newest"]),
        (&json!(["revised"]), &json!(next))
    );
    assert_eq!(held[1]["changes"], json!(["withdrawn"]));
    world.pass(100 * 365 * 86_400);
    let held = consumer.must(&["holdings"]);
    assert_eq!(held[0]["changes"], json!(["expired", "revised"]));
}
