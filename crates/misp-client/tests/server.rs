//! What the client makes of a server that does as MISP does, and of one that fails.

mod support;

use std::time::Duration;

use ayumi_misp_client::{Access, Client, Error, EventCopy, Key, Pushed, Query, SightingKind};
use ayumi_misp_double::{Double, Fault, KEY};
use serde_json::{Value, json};
use support::{access, bought, client, event, events, names, number, sample};

#[tokio::test]
async fn a_server_says_its_version_to_who_has_a_key() {
    let double = Double::start();
    assert_eq!(client(&double).version().await.unwrap(), "2.4.200");
    let stranger = Access::new(&double.url(), Key::new("another").unwrap()).unwrap();
    let error = Client::new(&stranger).unwrap().version().await.unwrap_err();
    assert_eq!(error.kind(), "misp-not-allowed");
    assert!(
        error.to_string().contains("Authentication failed"),
        "{error}"
    );
    assert!(!format!("{error:?}{stranger:?}").contains("another"));
}

#[tokio::test]
async fn an_event_comes_byte_for_byte() {
    let (double, mut held) = (Double::start(), Vec::new());
    for path in events() {
        let bytes = std::fs::read(&path).unwrap();
        let is_event = serde_json::from_slice::<Value>(&bytes)
            .is_ok_and(|value| value["Event"]["uuid"].is_string());
        if is_event {
            held.push((double.hold(&bytes), bytes));
        }
    }
    assert!(held.len() > 2);
    let client = client(&double);
    for (uuid, bytes) in held {
        if double.event(uuid)
            == Some(serde_json::from_slice::<Value>(&bytes).unwrap()["Event"].clone())
        {
            let same = client.event(uuid).await.unwrap().as_deref() == Some(&bytes[..]);
            assert!(same, "{uuid} is another after its way");
        }
    }
    assert_eq!(client.event(number(0)).await.unwrap(), None);
}

#[tokio::test]
async fn pages_are_turned_until_a_short_one() {
    let double = Double::start();
    for of in 0..250 {
        double.hold(event(of * 10, 1_000 + u64::from(of)).to_string().as_bytes());
    }
    let found = async |query: Query| {
        let (client, mut count) = (client(&double), 0);
        let mut events = client.events(query);
        while let Some((entry, bytes)) = events.next().await.unwrap() {
            let event = serde_json::from_slice::<Value>(&bytes).unwrap();
            assert_eq!(event["Event"]["uuid"], json!(entry.uuid));
            assert_eq!(event["Event"]["info"], json!(entry.info));
            count += 1;
        }
        count
    };
    assert_eq!(found(Query::default()).await, 250);
    let searches = double
        .requests()
        .iter()
        .filter(|it| it.contains("restSearch"))
        .count();
    assert_eq!(searches, 3);
    let since = Query {
        since: Some(1_240),
        ..Query::default()
    };
    assert_eq!(found(since).await, 10);
    let two = Query {
        uuids: vec![number(0), number(10)],
        ..Query::default()
    };
    assert_eq!(found(two).await, 2);
    let tagged = |tag: &str| Query {
        tags: vec![tag.into()],
        ..Query::default()
    };
    assert_eq!(found(tagged("tlp:green")).await, 250);
    assert_eq!(found(tagged("tlp:red")).await, 0);
    let drafts = Query {
        published: Some(false),
        ..Query::default()
    };
    assert_eq!(found(drafts).await, 0);
}

#[tokio::test]
async fn a_server_that_knows_no_pages_is_not_asked_for_ever() {
    let double = Double::start();
    let entries = (0..100).map(|of| event(of, 1)).collect::<Vec<_>>();
    let page = json!({ "response": entries });
    double.fail("POST /events/restSearch", Fault::Says(200, page.clone()));
    double.fail("POST /events/restSearch", Fault::Says(200, page));
    let mut index = client(&double).index(Query::default());
    let mut count = 0;
    while index.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, double.requests().len()), (100, 2));
}

#[tokio::test]
async fn what_changes_nothing_is_asked_again() {
    let double = Double::start();
    let uuid = double.hold(event(0, 1).to_string().as_bytes());
    for fault in [Fault::Page(502), Fault::Cut, Fault::Limited(0)] {
        double.fail("GET", fault);
    }
    assert!(client(&double).event(uuid).await.unwrap().is_some());
    assert_eq!(double.requests().len(), 4);
    for _ in 0..4 {
        double.fail("GET", Fault::Page(503));
    }
    let error = client(&double).event(uuid).await.unwrap_err();
    assert_eq!(error.kind(), "misp-fails");
    assert!(
        error.to_string().contains(r#"a page, "Bad Gateway""#),
        "{error}"
    );
}

#[tokio::test]
async fn a_limit_that_is_far_off_is_said() {
    let double = Double::start();
    double.fail("GET", Fault::Limited(9_999));
    let error = client(&double).version().await.unwrap_err();
    assert_eq!(error.kind(), "misp-rate-limit");
    assert_eq!(error.hint(), "run the command again in 9999 s");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (double, other) = (Double::start(), Double::start());
    double.fail(
        "GET",
        Fault::Redirect(format!("{}/servers/getVersion", other.url())),
    );
    let error = client(&double).version().await.unwrap_err();
    assert!(matches!(error, Error::Redirected { .. }), "{error}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn answers_are_bounded_in_size_and_time() {
    let double = Double::start();
    double.fail("GET", Fault::Huge);
    let error = client(&double).version().await.unwrap_err();
    assert_eq!(error.kind(), "misp-too-large");
    double.fail("GET", Fault::Silence);
    let hasty = access(&double).within(Duration::from_millis(50));
    let error = Client::new(&hasty).unwrap().version().await.unwrap_err();
    assert_eq!(error.kind(), "misp-slow");
    drop(double);
}

#[tokio::test]
async fn what_is_no_misp_is_said_to_be_none() {
    let double = Double::start();
    let client = client(&double);
    for (fault, kind) in [
        (Fault::Page(200), "not-misp"),
        (Fault::Page(404), "not-misp"),
        (Fault::Says(200, json!([1])), "not-misp"),
        (Fault::Says(200, json!({ "message": "no" })), "not-misp"),
        (Fault::Page(401), "misp-not-allowed"),
    ] {
        double.fail("GET", fault.clone());
        assert_eq!(
            client.version().await.unwrap_err().kind(),
            kind,
            "{fault:?}"
        );
    }
    double.fail(
        "GET",
        Fault::Says(200, json!({ "name": "x", "message": "Invalid event" })),
    );
    assert_eq!(
        client.event(number(0)).await.unwrap_err().kind(),
        "misp-refuses"
    );
}

#[tokio::test]
async fn nobody_at_home_is_unreachable() {
    let url = Double::start().url();
    let access = Access::new(&url, Key::new(KEY).unwrap()).unwrap();
    let quick = access.with_patience(ayumi_misp_client::Patience {
        pause: Duration::ZERO,
        ..Default::default()
    });
    let error = Client::new(&quick).unwrap().version().await.unwrap_err();
    assert_eq!(error.kind(), "misp-unreachable");
}

#[tokio::test]
async fn an_event_is_added_then_edited_and_left_alone() {
    let (double, old, new) = (Double::start(), event(0, 10), event(0, 20));
    let client = client(&double);
    let copy = |event: &Value| EventCopy::of(event.to_string().as_bytes()).unwrap();
    assert_eq!(client.push(&copy(&old)).await.unwrap(), Pushed::Added);
    assert_eq!(client.push(&copy(&old)).await.unwrap(), Pushed::Same);
    assert_eq!(client.push(&copy(&new)).await.unwrap(), Pushed::Edited);
    assert_eq!(client.push(&copy(&old)).await.unwrap(), Pushed::Newer);
    let changes = double.requests();
    let changes = changes.iter().filter(|request| !request.contains("view"));
    assert_eq!(
        changes.collect::<Vec<_>>(),
        [
            "POST /events/add",
            &format!("POST /events/edit/{}", number(0)),
        ]
    );
}

#[tokio::test]
async fn a_change_whose_answer_is_not_heard_has_one_effect() {
    for fault in [
        Fault::DonePage(502),
        Fault::DoneCut,
        Fault::Page(500),
        Fault::Cut,
    ] {
        let double = Double::start();
        let client = client(&double);
        double.fail("POST /events/add", fault.clone());
        client.push(&bought(&event(0, 10), 1)).await.unwrap();
        double.fail("POST /objects/add", fault.clone());
        client.push(&bought(&event(0, 10), 2)).await.unwrap();
        double.fail("POST /events/edit", fault.clone());
        client.push(&bought(&event(0, 30), 2)).await.unwrap();
        double.fail("POST /sightings/add", fault.clone());
        let both = [number(1), number(2)];
        let kind = SightingKind::Seen;
        client
            .add_sightings(number(0), &both, kind, "us")
            .await
            .unwrap();
        assert_eq!(double.sightings().len(), 2, "{fault:?}");
        assert_eq!(double.count(), 1);
        let held = double.event(number(0)).unwrap();
        assert_eq!(
            names(&held),
            ["ayumi-receipt", "ayumi-receipt"],
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn what_was_bought_lands_with_its_tags_and_its_receipt() {
    let double = Double::start();
    let document = sample("kagerou-beacons.json");
    let document = serde_json::from_slice::<Value>(&document).unwrap();
    let copy = bought(&document, 42);
    assert_eq!(client(&double).push(&copy).await.unwrap(), Pushed::Added);
    let held = double.event(copy.uuid()).unwrap();
    assert_eq!(held["Tag"], document["Event"]["Tag"]);
    assert_eq!(
        (&held["distribution"], &held["published"]),
        (&json!("0"), &json!(false))
    );
    let objects = held["Object"].as_array().unwrap();
    let receipt = objects
        .iter()
        .find(|object| object["name"] == "ayumi-receipt")
        .unwrap();
    let value = |relation: &str| {
        let attributes = receipt["Attribute"].as_array().unwrap();
        let found = attributes
            .iter()
            .find(|attribute| attribute["object_relation"] == relation);
        found.unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("task"), "42");
    assert_eq!(value("transaction"), format!("0x{:064x}", 42));
    assert_eq!(value("content-root"), format!("0x{:064x}", 7));
    assert_eq!(value("chain-id"), "31337");
}

#[tokio::test]
async fn an_object_that_was_bought_alone_gets_an_event() {
    let double = Double::start();
    let document = sample("heron-loader-object.json");
    let document = serde_json::from_slice::<Value>(&document).unwrap();
    let copy = bought(&document, 1);
    assert_eq!(copy, bought(&document, 1), "its uuid is the same each time");
    client(&double).push(&copy).await.unwrap();
    let held = double.event(copy.uuid()).unwrap();
    assert_eq!(held["info"], "Bought");
    assert_eq!(held["Orgc"]["name"], "Hinode CERT");
    assert_eq!(names(&held).len(), 2);
}

#[tokio::test]
async fn a_server_that_says_yes_and_does_nothing_is_not_asked_for_ever() {
    let double = Double::start();
    let client = client(&double);
    client.push(&bought(&event(0, 10), 1)).await.unwrap();
    let yes = json!({ "Object": { "id": "1" } });
    double.fail("POST /objects/add", Fault::Says(200, yes));
    let error = client.push(&bought(&event(0, 10), 2)).await.unwrap_err();
    assert_eq!(error.kind(), "not-misp");
}

#[tokio::test]
async fn a_sighting_is_added_once_and_a_failure_with_status_200_is_one() {
    let double = Double::start();
    double.hold(event(0, 1).to_string().as_bytes());
    let client = client(&double);
    let (both, kind) = ([number(1), number(2)], SightingKind::FalsePositive);
    let sighted = client
        .add_sightings(number(0), &both, kind, "us")
        .await
        .unwrap();
    assert_eq!((sighted.added, sighted.there), (2, 0));
    let again = client
        .add_sightings(number(0), &both, kind, "us")
        .await
        .unwrap();
    assert_eq!((again.added, again.there), (0, 2));
    double.sight(number(1), 0, "a sensor");
    let found = client.sightings(number(0)).await.unwrap().unwrap();
    let of = |kind| {
        found
            .iter()
            .filter(|sighting| sighting.kind == kind)
            .count()
    };
    assert_eq!(
        (of(SightingKind::Seen), of(SightingKind::FalsePositive)),
        (1, 2)
    );
    assert_eq!(client.sightings(number(77)).await.unwrap(), None);

    let stranger = [number(500)];
    let error = client
        .add_sightings(number(0), &stranger, kind, "us")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "misp-refuses");
    assert!(
        error.to_string().contains("No valid attributes found"),
        "{error}"
    );
    let error = client
        .add_sightings(number(77), &both, kind, "us")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "misp-no-event");
}
