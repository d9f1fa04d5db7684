//! Each rule finds what it is there for, and nothing in an event that states everything.

mod support;

use std::collections::BTreeSet;

use ayumi_lint::{RULES, Settings, Templates, WarningLists};
use serde_json::{Value, json};

use support::{NOW, attribute, complete, lint};

/// What is changed in a complete event, so that a rule finds something.
type Change = fn(&mut Value);

fn tag(event: &mut Value, name: &str) {
    event["Tag"]
        .as_array_mut()
        .expect("it has tags")
        .push(json!({"name": name}));
}

fn untag(event: &mut Value, start: &str) {
    let tags = event["Tag"].as_array_mut().expect("it has tags");
    let before = tags.len();
    tags.retain(|tag| !tag["name"].as_str().expect("a name").starts_with(start));
    assert!(tags.len() < before, "there was no {start}");
}

fn add(event: &mut Value, kind: &str, category: &str, value: &str) {
    let attributes = event["Attribute"]
        .as_array_mut()
        .expect("it has attributes");
    let number = u32::try_from(attributes.len()).expect("a few") + 10;
    attributes.push(attribute(kind, category, value, number));
}

fn domain(event: &mut Value, value: &str) {
    add(event, "domain", "Network activity", value);
}

fn object(event: &mut Value, object: Value) {
    if event.get("Object").is_none() {
        event["Object"] = json!([]);
    }
    event["Object"].as_array_mut().expect("a list").push(object);
}

/// A file object with one attribute.
fn file(number: u32) -> Value {
    let mut name = attribute("filename", "Payload delivery", "a.exe", 100 + number);
    name["object_relation"] = json!("filename");
    json!({
        "name": "file",
        "uuid": format!("00000000-0000-4000-a000-{number:012}"),
        "template_uuid": "688c46fb-5edb-40a3-8273-1af7923e2215",
        "template_version": "24",
        "Attribute": [name],
    })
}

const CASES: &[(&str, Change)] = &[
    ("threat-context", |e| untag(e, "misp-galaxy")),
    ("threat-links", |e| e["EventReport"] = json!([])),
    ("confidence", |e| untag(e, "estimative")),
    ("sources", |e| {
        e["EventReport"] = json!([]);
        e["Attribute"].as_array_mut().expect("a list").pop();
    }),
    ("period-start", |e| untag(e, "ayumi:valid-from")),
    ("period-end", |e| untag(e, "ayumi:valid-until")),
    ("expected-action", |e| untag(e, "ayumi:expected-action")),
    ("direction", |e| {
        untag(e, "ayumi:expected-action");
        untag(e, "ayumi:direction");
    }),
    ("control-point", |e| untag(e, "ayumi:control-point")),
    ("audience", |e| untag(e, "ayumi:audience")),
    ("tlp", |e| untag(e, "tlp")),
    ("pap", |e| untag(e, "PAP")),
    ("commercial-use", |e| untag(e, "iep")),
    ("conflicting-marks", |e| tag(e, "tlp:red")),
    ("partly-marked", |e| {
        untag(e, "tlp");
        e["Attribute"][0]["Tag"] = json!([{"name": "tlp:red"}]);
    }),
    ("tlp-stricter-inside", |e| {
        e["Attribute"][0]["Tag"] = json!([{"name": "tlp:red"}]);
    }),
    ("tlp-renamed", |e| {
        untag(e, "tlp");
        tag(e, "TLP:WHITE");
    }),
    ("tlp-only-in-iep", |e| {
        untag(e, "tlp");
        tag(e, "iep:traffic-light-protocol=\"AMBER\"");
    }),
    ("sharing-against-tlp", |e| {
        untag(e, "tlp");
        tag(e, "tlp:red");
        e["distribution"] = json!(3);
    }),
    ("action-against-pap", |e| {
        untag(e, "PAP");
        tag(e, "PAP:RED");
    }),
    ("tag-vocabulary", |e| tag(e, "ayumi:direction=\"sideways\"")),
    ("tag-held-back", |e| e["Tag"][0]["local"] = json!(1)),
    ("period-reversed", |e| {
        e["Attribute"][0]["first_seen"] = json!("2026-10-02T00:00:00Z");
        e["Attribute"][0]["last_seen"] = json!("2026-10-01T00:00:00Z");
    }),
    ("period-unreadable", |e| {
        e["Attribute"][0]["first_seen"] = json!("soon");
    }),
    ("period-over", |e| {
        untag(e, "ayumi:valid-until");
        tag(e, "ayumi:valid-until=\"2026-10-31\"");
    }),
    ("indicator-stale", |e| {
        untag(e, "ayumi:valid-until");
        e["Attribute"][0]["last_seen"] = json!("2020-01-01T00:00:00Z");
    }),
    ("period-in-future", |e| {
        e["Attribute"][0]["first_seen"] = json!("2031-01-01T00:00:00Z");
    }),
    ("retention-only", |e| {
        untag(e, "ayumi:valid-until");
        tag(e, "retention:6m");
    }),
    ("direction-by-type", |e| {
        untag(e, "ayumi:expected-action");
        untag(e, "ayumi:direction");
        add(e, "ip-dst", "Network activity", "5.9.1.2");
    }),
    ("private-address", |e| {
        add(e, "ip-dst|port", "Network activity", "10.0.0.1|443");
    }),
    ("documentation-value", |e| domain(e, "evil.example")),
    ("well-known-service", |e| {
        add(e, "url", "Network activity", "https://www.Google.com/");
    }),
    ("warning-list", |e| domain(e, "cdn.shiranui.jp")),
    ("defanged-value", |e| domain(e, "evil[.]shiranui.jp")),
    ("white-space", |e| domain(e, "evil.shiranui.jp ")),
    ("value-form", |e| {
        add(e, "md5", "Payload delivery", "d41d8cd9");
    }),
    ("useless-to-ids", |e| add(e, "text", "Other", "a remark")),
    ("type-unknown", |e| add(e, "colour", "Other", "red")),
    ("category-type", |e| {
        add(
            e,
            "md5",
            "Network activity",
            "d41d8cd98f00b204e9800998ecf8427e",
        );
    }),
    ("duplicate-value", |e| domain(e, "beacon[.]shiranui.jp")),
    ("no-indicators", |e| {
        untag(e, "ayumi:audience");
        e["Attribute"][0]["to_ids"] = json!(false);
    }),
    ("bare-indicator", |e| {
        e["Attribute"][0]["comment"] = json!(" ");
    }),
    ("object-template", |e| {
        let mut bare = file(1);
        bare["template_version"] = json!("");
        object(e, bare);
    }),
    ("object-against-template", |e| {
        let mut odd = file(1);
        odd["Attribute"][0]["object_relation"] = json!("nickname");
        object(e, odd);
    }),
    ("object-template-version", |e| {
        let mut old = file(1);
        old["template_version"] = json!("23");
        object(e, old);
    }),
    ("object-relation", |e| {
        let mut vague = file(1);
        vague["Attribute"][0]["object_relation"] = json!(null);
        object(e, vague);
    }),
    ("object-unlinked", |e| {
        object(e, file(1));
        object(e, file(2));
    }),
    ("reference-dangling", |e| {
        let mut referring = file(1);
        referring["ObjectReference"] =
            json!([{"referenced_uuid": "x", "relationship_type": "drops"}]);
        object(e, referring);
    }),
    ("reference-kind", |e| {
        let mut referring = file(1);
        referring["ObjectReference"] = json!([{
            "referenced_uuid": "00000000-0000-4000-9000-000000000003", "relationship_type": false}]);
        object(e, referring);
    }),
    ("title-leak", |e| {
        e["info"] = json!("Calls to beacon[.]shiranui.jp");
    }),
    ("title-missing", |e| e["info"] = json!(" ")),
    ("author-missing", |e| e["Orgc"] = json!(null)),
    ("event-date", |e| e["date"] = json!("0000-00-00")),
    ("uuid", |e| e["Attribute"][0]["uuid"] = json!("")),
    ("unpublished", |e| e["published"] = json!(false)),
];

fn settings() -> Settings {
    let folder = tempfile::tempdir().expect("a folder");
    let list = json!({"name": "content networks", "type": "hostname", "list": ["cdn.shiranui.jp"]});
    let template = json!({"name": "file", "uuid": "688c46fb-5edb-40a3-8273-1af7923e2215", "version": 24,
        "requiredOneOf": ["filename"], "attributes": {"filename": {"misp-attribute": "filename", "multiple": true}}});
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).expect("a file");
        path
    };
    Settings {
        warning_lists: WarningLists::read(&write("list.json", &list)).expect("a sound list"),
        templates: Templates::read(&write("template.json", &template)).expect("a sound template"),
        ..Settings::new(NOW)
    }
}

#[test]
fn a_complete_event_has_no_finding_and_a_hundred_points() {
    let report = lint(&complete(), &settings());
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.score, 100);
}

#[test]
fn each_rule_finds_what_it_is_there_for() {
    let settings = settings();
    for (rule, change) in CASES {
        let mut event = complete();
        change(&mut event["Event"]);
        let report = lint(&event, &settings);
        let found = report.findings.iter().find(|finding| finding.rule == *rule);
        let found = found.unwrap_or_else(|| panic!("{rule} found nothing; {:?}", report.counts));
        assert!(
            found.pointer.starts_with("/Event"),
            "{rule} at {}",
            found.pointer
        );
        assert!(
            found
                .place
                .is_some_and(|place| place.line == 1 && place.column > 1),
            "{rule}"
        );
    }
}

#[test]
fn each_rule_has_a_case_and_a_name_of_its_own() {
    let rules = RULES.iter().map(|rule| rule.id).collect::<BTreeSet<_>>();
    let cases = CASES.iter().map(|(rule, _)| *rule).collect::<BTreeSet<_>>();
    assert_eq!(rules, cases);
    assert_eq!(rules.len(), RULES.len());
}

#[test]
fn a_share_is_told_with_its_numbers() {
    let mut event = complete();
    untag(&mut event["Event"], "ayumi:valid-until");
    domain(&mut event["Event"], "second.shiranui.jp");
    event["Event"]["Attribute"][0]["Tag"] = json!([{"name": "ayumi:valid-until=\"2026-12-31\""}]);
    let report = lint(&event, &settings());
    let found = report
        .findings
        .iter()
        .find(|finding| finding.rule == "period-end");
    let message = &found.expect("one of two has no end").message;
    assert!(message.ends_with("on 1 of 2 indicators"), "{message}");
    assert_eq!(report.score, 96, "half of 8 points");
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let mut event = complete();
    (0..9).for_each(|_| domain(&mut event["Event"], "evil[.]shiranui.jp"));
    let report = lint(
        &event,
        &Settings {
            limit: 2,
            ..settings()
        },
    );
    let told = report
        .findings
        .iter()
        .filter(|finding| finding.rule == "defanged-value")
        .count();
    assert_eq!((told, report.counts["defanged-value"]), (2, 9));
    assert!(report.score < 100 - 10, "all nine count");
}

#[test]
fn the_page_of_the_rules_is_written_from_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lint-rules.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let hint = "write it anew: ayumi lint --rules --markdown >docs/lint-rules.md";
    assert!(page == ayumi_lint::manual::page(), "{hint}");
}

/// Whatever is done for each attribute with all of a document, or of its object, would take minutes of this one.
#[test]
fn a_long_document_takes_as_long_as_it_is() {
    const COUNT: u32 = 10_000;
    let tags = (0..COUNT).map(|index| json!({"name": format!("made:tag=\"{index}\"")}));
    let tags = tags.collect::<Vec<_>>();
    let urls = |from: u32| {
        let url = |number: u32| {
            let value = format!("http://a.shiranui.jp/{number}");
            attribute("url", "Network activity", &value, number)
        };
        (from..from + COUNT).map(url).collect::<Vec<_>>()
    };
    let mut event = complete();
    event["Event"]["info"] = json!("word ".repeat(COUNT as usize));
    event["Event"]["Tag"] = json!(tags);
    event["Event"]["Attribute"] = json!(urls(10));
    let mut files = (0..COUNT / 2).map(file).collect::<Vec<_>>();
    for (index, file) in (1..).zip(&mut files) {
        let next = format!("00000000-0000-4000-a000-{:012}", index % (COUNT / 2));
        file["ObjectReference"] = json!([{"referenced_uuid": next, "relationship_type": "drops"}]);
    }
    object(
        &mut event["Event"],
        json!({"name": "url", "Tag": tags, "Attribute": urls(10 + COUNT)}),
    );
    let objects = event["Event"]["Object"].as_array_mut().expect("a list");
    objects.extend(files);
    let settings = Settings::new(NOW);
    let report = lint(&event, &settings);
    assert_eq!(report.counts.get("reference-dangling"), None);
    assert_eq!(report.counts.get("object-unlinked"), Some(&1));
}
