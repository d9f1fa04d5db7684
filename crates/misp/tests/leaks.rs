//! Which texts would put an indicator on a public chain.

mod support;

use ayumi_misp::Document;
use serde_json::{Value, json};

use support::{sample, samples};

fn document(attributes: &Value) -> Document {
    Document::parse(
        json!({"Event": {"info": "t", "Attribute": attributes}})
            .to_string()
            .as_bytes(),
    )
    .expect("an event")
}

fn leaks(kind: &str, value: &str, text: &str) -> bool {
    !document(&json!([{"type": kind, "value": value, "to_ids": true}]))
        .leaks(text)
        .is_empty()
}

#[test]
fn an_indicator_is_found_however_it_is_spelled() {
    for (kind, value, text) in [
        ("ip-dst", "192.0.2.77", "C2 at 192[.]0[.]2[.]77 since May"),
        ("ip-dst", "192[.]0[.]2[.]77", "C2 at 192.0.2.77"),
        ("ip-src", "2001:DB8:0:0:0:0:0:1", "scans from 2001:db8::1."),
        ("domain", "evil.example", "Phishing on www.EVIL[.]example"),
        ("domain", "evil.example", "偽サイトevil.exampleによる攻撃"),
        (
            "url",
            "https://evil.example/gate.php",
            "hxxps://evil[.]example/gate.php",
        ),
        (
            "url",
            "http://evil.example:8080/gate.php?a=1",
            "the gate on evil.example",
        ),
        ("url", "http://[2001:db8::7]/x", "the gate on 2001:db8::7"),
        (
            "email-src",
            "boss@evil.example",
            "mail from boss[at]evil[.]example",
        ),
        (
            "md5",
            "D41D8CD98F00B204E9800998ECF8427E",
            "dropper d41d8cd98f00b204e9800998ecf8427e",
        ),
        (
            "filename",
            "tracking_viewer.scr",
            "The Tracking_Viewer.scr campaign",
        ),
        (
            "filename|sha256",
            "a.doc|0123456789abcdef0123456789abcdef",
            "file 0123456789ABCDEF0123456789abcdef",
        ),
        ("ip-dst|port", "192.0.2.77|443", "C2 192.0.2.77"),
        ("domain|ip", "evil.example|192.0.2.77", "C2 192.0.2.77"),
        (
            "malware-sample",
            "bin.exe|d41d8cd98f00b204e9800998ecf8427e",
            "d41d8cd98f00b204e9800998ecf8427e",
        ),
        (
            "onion-address",
            "abcdefghij234567.onion",
            "see abcdefghij234567.onion",
        ),
    ] {
        assert!(leaks(kind, value, text), "{kind} {value} in {text}");
    }
}

#[test]
fn what_is_no_indicator_is_not_found() {
    for (kind, value, text) in [
        ("ip-dst", "192.0.2.1", "C2 at 192.0.2.10"),
        ("domain", "vil.example", "evil.example"),
        ("text", "Kagerou Heron", "Kagerou Heron: beacons"),
        ("comment", "evil.example", "evil.example"),
        ("threat-actor", "Kagerou Heron", "Kagerou Heron: beacons"),
        (
            "vulnerability",
            "CVE-2026-00000",
            "CVE-2026-00000 exploited",
        ),
        ("ip-dst|port", "192.0.2.77|8443", "port 8443"),
        ("port", "445", "port 445"),
        ("filename", "report", "A report"),
        ("domain", "example", "example"),
        ("domain", "", "anything"),
        ("url", "https://", "https://"),
    ] {
        assert!(!leaks(kind, value, text), "{kind} {value} in {text}");
    }
}

#[test]
fn a_reference_leaks_only_when_it_is_for_detection() {
    let link = |to_ids| {
        document(&json!([{"type": "link", "value": "https://reports.example/a", "to_ids": to_ids}]))
    };
    assert!(
        link(false)
            .leaks("see https://reports.example/a")
            .is_empty()
    );
    assert_eq!(link(true).leaks("see https://reports.example/a").len(), 1);
}

#[test]
fn deleted_attributes_and_proposals_are_part_of_what_is_delivered() {
    let document = document(&json!([
        {"type": "domain", "value": "gone.example", "deleted": true},
        {"type": "domain", "value": "old.example", "ShadowAttribute": [{"type": "domain", "value": "new.example"}]},
    ]));
    let places = document
        .leaks("gone.example new.example")
        .into_iter()
        .map(|leak| leak.pointer)
        .collect::<Vec<_>>();
    assert_eq!(
        places,
        ["/Event/Attribute/0", "/Event/Attribute/1/ShadowAttribute/0"]
    );
}

#[test]
fn a_leak_names_its_place_in_the_document() {
    let leaks = sample("kagerou-beacons.json").leaks("PARCEL-STATUS[.]example");
    let places = leaks
        .iter()
        .map(|leak| leak.pointer.as_str())
        .collect::<Vec<_>>();
    assert_eq!(
        places,
        ["/Event/Attribute/1", "/Event/Object/1/Attribute/0"]
    );
    assert_eq!(leaks[1].value, "parcel-status.example");
}

#[test]
fn the_titles_of_the_samples_leak_nothing() {
    for (name, bytes) in samples() {
        let document = Document::parse(&bytes).expect("a sample is a document");
        let (context, _) = ayumi_misp::Context::read(&document);
        assert_eq!(document.leaks(&context.title), [], "{name}");
    }
}
