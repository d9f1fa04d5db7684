//! The selection, for any document and any options.

mod support;

use std::collections::{BTreeMap, HashMap};

use ayumi_export::{Format, Listing, Options, Reason, Report, export};
use ayumi_misp::{ControlPoint, Direction, Document, Pap, Word};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use support::{AT, attribute, documents, event, everything, options};

const DAY: u64 = 24 * 60 * 60;
const OUTBOUND: &str = "ayumi:direction=\"outbound\"";
const INBOUND: &str = "ayumi:direction=\"inbound\"";

fn report(document: &Document, format: Format, options: &Options) -> Report {
    export(std::slice::from_ref(document), format, options).report
}

fn text(document: &Document, format: Format, options: &Options) -> String {
    export(std::slice::from_ref(document), format, options).text
}

/// The only reason of a document of one attribute; `None` where it is exported.
fn reason(document: &Document, format: Format, options: &Options) -> Option<Reason> {
    let report = report(document, format, options);
    assert_eq!(report.exported + report.left_out_in_all(), 1, "{report:?}");
    report.left_out.into_keys().next()
}

fn one(kind: &str, value: &str, tags: &[&str]) -> Document {
    event(&[], &[attribute(kind, value, tags)])
}

fn with(mut attribute: Value, more: Value) -> Value {
    let more: BTreeMap<String, Value> = serde_json::from_value(more).unwrap();
    attribute.as_object_mut().unwrap().extend(more);
    attribute
}

fn asked(direction: Direction) -> Options {
    Options {
        direction: Some(direction),
        ..options()
    }
}

#[test]
fn the_state_of_an_attribute_is_asked_first() {
    let plain = || attribute("domain", "evil.example", &[]);
    for (attribute, expected) in [
        (plain(), None),
        (
            with(plain(), json!({ "to_ids": "0" })),
            Some(Reason::NotToIds),
        ),
        (
            with(plain(), json!({ "deleted": 1, "to_ids": false })),
            Some(Reason::Deleted),
        ),
    ] {
        assert_eq!(
            reason(&event(&[], &[attribute]), Format::List, &options()),
            expected
        );
    }
    let unmarked = event(&[], &[with(plain(), json!({ "to_ids": false }))]);
    assert_eq!(reason(&unmarked, Format::List, &everything()), None);
    let proposed = event(
        &[],
        &[with(plain(), json!({ "ShadowAttribute": [plain()] }))],
    );
    let report = report(&proposed, Format::List, &everything());
    assert_eq!(
        (report.exported, report.left_out),
        (1, BTreeMap::from([(Reason::Proposal, 1)]))
    );
}

#[test]
fn an_unpublished_event_is_told_only_when_asked_for() {
    let unpublished = json!({ "Event": { "info": "x", "published": "0", "Attribute": [attribute("domain", "evil.example", &[])] }});
    let unpublished = Document::parse(unpublished.to_string().as_bytes()).unwrap();
    assert_eq!(
        reason(&unpublished, Format::List, &options()),
        Some(Reason::Unpublished)
    );
    assert_eq!(reason(&unpublished, Format::List, &everything()), None);
}

#[test]
fn what_is_over_or_to_come_is_left_out() {
    let tagged = |tag: &str| {
        reason(
            &one("domain", "evil.example", &[tag]),
            Format::List,
            &options(),
        )
    };
    assert_eq!(
        tagged("ayumi:valid-until=\"2026-03-05\""),
        None,
        "a day is valid to its end"
    );
    assert_eq!(
        tagged("ayumi:valid-until=\"2026-03-04\""),
        Some(Reason::Expired)
    );
    assert_eq!(
        tagged("ayumi:valid-from=\"2026-03-06\""),
        Some(Reason::NotYetValid)
    );
    assert_eq!(
        tagged("ayumi:valid-until=\"soon\""),
        Some(Reason::UnreadablePeriod)
    );
    assert_eq!(
        tagged("retention:2d"),
        Some(Reason::Expired),
        "counted from 1 March"
    );
    assert_eq!(tagged("retention:1w"), None);
    assert_eq!(tagged("retention:expired"), Some(Reason::Expired));
    let whole = event(
        &["ayumi:valid-until=\"2026-03-04\""],
        &[attribute(
            "domain",
            "evil.example",
            &["ayumi:valid-until=\"2026-12-31\""],
        )],
    );
    assert_eq!(
        reason(&whole, Format::List, &options()),
        Some(Reason::Expired),
        "the earliest end counts"
    );
    let listed = Options {
        listing: Some(Listing {
            valid_until: AT - 1,
            ..Listing::default()
        }),
        ..options()
    };
    assert_eq!(
        reason(&one("domain", "evil.example", &[]), Format::List, &listed),
        Some(Reason::Expired)
    );
}

#[test]
fn sightings_and_last_seen_end_a_period() {
    let plain = || attribute("domain", "evil.example", &[]);
    let sighted = |kind: &str, at: u64| {
        let sighting = json!([{ "type": kind, "date_sighting": at.to_string() }]);
        reason(
            &event(&[], &[with(plain(), json!({ "Sighting": sighting }))]),
            Format::List,
            &options(),
        )
    };
    assert_eq!(sighted("2", AT - 1), Some(Reason::Expired));
    assert_eq!(sighted("2", AT + 1), None, "it will be over");
    assert_eq!(sighted("0", AT - 1), None);
    let seen = |days: u64, tags: &[&str]| {
        let seen = json!({ "last_seen": (AT - days * DAY).to_string() });
        reason(
            &event(tags, &[with(plain(), seen)]),
            Format::List,
            &options(),
        )
    };
    assert_eq!(seen(119, &[]), None);
    assert_eq!(seen(121, &[]), Some(Reason::Expired));
    assert_eq!(
        seen(121, &["ayumi:valid-until=\"2026-12-31\""]),
        None,
        "a stated end counts instead"
    );
}

#[test]
fn every_statement_of_a_direction_has_to_agree() {
    let stated = |kind, tags: &[&str], whole: &[&str], direction| {
        let value = if kind == "domain" {
            "evil.example"
        } else {
            "192.0.2.1"
        };
        reason(
            &event(whole, &[attribute(kind, value, tags)]),
            Format::List,
            &asked(direction),
        )
    };
    let (out, inn) = (Direction::Outbound, Direction::Inbound);
    assert_eq!(stated("ip-dst", &[], &[], out), None);
    for kind in ["ip-dst", "IP-DST", " ip-dst "] {
        assert_eq!(stated(kind, &[], &[], inn), Some(Reason::OtherDirection));
    }
    assert_eq!(stated("ip-src", &[], &[], inn), None);
    assert_eq!(
        stated("ip-dst", &[INBOUND], &[], inn),
        Some(Reason::ContradictedDirection)
    );
    assert_eq!(
        stated("ip-src", &[], &[OUTBOUND], inn),
        Some(Reason::ContradictedDirection)
    );
    assert_eq!(
        stated("ip-dst", &[], &[OUTBOUND, INBOUND], inn),
        Some(Reason::OtherDirection)
    );
    assert_eq!(stated("domain", &[], &[], out), None, "a name is contacted");
    assert_eq!(
        stated("domain", &[], &[], inn),
        Some(Reason::UnstatedDirection)
    );
    assert_eq!(
        stated("domain", &[], &[OUTBOUND, INBOUND], inn),
        Some(Reason::UnstatedDirection)
    );
    assert_eq!(stated("domain", &[INBOUND], &[], inn), None);
    assert_eq!(
        stated("domain", &[INBOUND], &[], out),
        Some(Reason::OtherDirection)
    );
    assert_eq!(
        stated("domain", &["coa:deny=\"proxy\""], &[], inn),
        Some(Reason::OtherDirection)
    );
}

#[test]
fn what_has_no_traffic_has_no_direction() {
    let digest = one("md5", "d41d8cd98f00b204e9800998ecf8427e", &[]);
    for direction in Direction::ALL {
        assert_eq!(
            reason(&digest, Format::List, &asked(*direction)),
            Some(Reason::UnstatedDirection)
        );
    }
    assert_eq!(reason(&digest, Format::List, &options()), None);
}

#[test]
fn a_control_point_takes_what_is_of_use_to_it() {
    let at = |point, kind: &str, value: &str, tags: &[&str]| {
        let options = Options {
            control_point: Some(point),
            ..options()
        };
        text(&one(kind, value, tags), Format::List, &options)
    };
    let pair = "evil.example|192.0.2.1";
    assert_eq!(
        at(ControlPoint::Firewall, "domain|ip", pair, &[]),
        "192.0.2.1\n"
    );
    assert_eq!(
        at(ControlPoint::Endpoint, "filename", "x.exe", &[]),
        "x.exe\n"
    );
    assert_eq!(at(ControlPoint::Firewall, "filename", "x.exe", &[]), "");
    assert_eq!(
        at(
            ControlPoint::Proxy,
            "url",
            "http://evil.example/x",
            &["coa:detect=\"nids\""]
        ),
        ""
    );
    assert_eq!(
        at(ControlPoint::Waf, "ip-dst", "192.0.2.1", &[]),
        "",
        "what goes out is not for what comes in"
    );
    assert_eq!(
        at(ControlPoint::Proxy, "ip-src", "192.0.2.1", &[]),
        "",
        "nor the other way round"
    );
    assert_eq!(
        at(ControlPoint::Waf, "ip-src", "192.0.2.1", &[]),
        "192.0.2.1\n"
    );
}

#[test]
fn a_zone_blocks_nothing_that_must_not_be_blocked() {
    let domain = |tags: &[&str]| {
        reason(
            &one("domain", "evil.example", tags),
            Format::Rpz,
            &options(),
        )
    };
    assert_eq!(domain(&["PAP:GREEN"]), None);
    assert_eq!(domain(&["PAP:AMBER"]), Some(Reason::Pap));
    assert_eq!(domain(&["PAP:RED"]), Some(Reason::Pap));
    assert_eq!(domain(&[INBOUND]), Some(Reason::OtherDirection));
    assert_eq!(
        reason(&one("ip-src", "192.0.2.1", &[]), Format::Rpz, &options()),
        Some(Reason::OtherDirection)
    );
    let listed = Options {
        listing: Some(Listing {
            pap: Pap::Red,
            ..Listing::default()
        }),
        ..options()
    };
    assert_eq!(
        reason(&one("domain", "evil.example", &[]), Format::Rpz, &listed),
        Some(Reason::Pap)
    );
}

#[test]
fn every_attribute_is_exported_or_counted_once() {
    for document in documents() {
        let all = document.attributes_and_proposals().count();
        for format in Format::ALL.iter().copied() {
            for options in [options(), everything(), asked(Direction::Inbound)] {
                let report = report(&document, format, &options);
                assert_eq!(report.exported + report.left_out_in_all(), all, "{format}");
            }
        }
    }
}

/// Any document: types, values, tags and states that a producer could write.
fn any_document() -> impl Strategy<Value = Vec<Value>> {
    let kinds = select(vec![
        "ip-src",
        "ip-dst",
        "ip-dst|port",
        "ip-src|port",
        "domain",
        "hostname",
        "domain|ip",
        "url",
        "email-src",
        "md5",
        "filename|md5",
        "user-agent",
        "text",
        "yara",
    ]);
    let tags = subsequence(
        vec![
            OUTBOUND,
            INBOUND,
            "coa:deny=\"proxy\"",
            "coa:deny=\"waf\"",
            "coa:deny=\"firewall\"",
            "PAP:RED",
            "retention:1d",
            "retention:expired",
            "ayumi:valid-until=\"2026-03-04\"",
            "ayumi:valid-until=\"2026-12-31\"",
            "ayumi:valid-until=\"?\"",
        ],
        0..4,
    );
    let odd = prop_oneof!["\\PC{0,40}", Just("\t=|'\";\\\n".to_owned())];
    let attribute = (
        kinds,
        0..250_u8,
        odd,
        tags,
        any::<(bool, bool, bool)>(),
        0..3_u64,
    )
        .prop_map(
            |(kind, number, odd, tags, (is_odd, to_ids, deleted), seen)| {
                let value = if is_odd { odd } else { plausible(kind, number) };
                let mut attribute = attribute(kind, &value, &tags);
                attribute["to_ids"] = json!(to_ids);
                attribute["deleted"] = json!(deleted && number % 5 == 0);
                attribute["last_seen"] = json!((AT - seen * 100 * DAY).to_string());
                attribute
            },
        );
    prop::collection::vec(attribute, 1..12)
}

fn plausible(kind: &str, number: u8) -> String {
    let parts = kind.split('|').map(|part| match part {
        "ip-src" | "ip-dst" | "ip" => format!("198.51.100.{number}"),
        "port" => format!("{}", 1 + u16::from(number)),
        "domain" | "hostname" => format!("host{number}.example"),
        "url" => format!("hxxps://host{number}[.]example/x"),
        "email-src" => format!("a{number}@host.example"),
        "md5" => format!("{number:032x}"),
        _ => format!("word {number}"),
    });
    parts.collect::<Vec<_>>().join("|")
}

fn any_options() -> impl Strategy<Value = Options> {
    let direction = prop::option::of(select(Direction::ALL));
    let point = prop::option::of(select(ControlPoint::ALL));
    (direction, point, any::<(bool, bool)>(), 0..400_u64).prop_map(
        |(direction, control_point, (without_to_ids, unpublished), days)| Options {
            direction,
            control_point,
            at: AT - 200 * DAY + days * DAY,
            without_to_ids,
            unpublished,
            listing: None,
        },
    )
}

/// The tags of the attribute that a rule names by its uuid.
fn by_uuid(attributes: &[Value]) -> HashMap<String, &Value> {
    let uuid = |attribute: &Value| attribute["uuid"].as_str().unwrap().to_owned();
    attributes
        .iter()
        .map(|attribute| (uuid(attribute), attribute))
        .collect()
}

fn has_tag(attribute: &Value, tag: &str) -> bool {
    attribute["Tag"]
        .as_array()
        .unwrap()
        .iter()
        .any(|one| one["name"] == tag)
}

/// Whether anything says outbound, or nothing says inbound.
fn must_not_come_in(attribute: &Value) -> bool {
    let kind = attribute["type"].as_str().unwrap();
    let says_out = has_tag(attribute, OUTBOUND) || has_tag(attribute, "coa:deny=\"proxy\"");
    let says_in = has_tag(attribute, INBOUND) || has_tag(attribute, "coa:deny=\"waf\"");
    kind.starts_with("ip-dst") || says_out && !says_in || !says_in && !kind.starts_with("ip-src")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn each_is_exported_or_counted_and_the_bytes_are_the_same_again(attributes in any_document(), options in any_options()) {
        let document = event(&[], &attributes);
        for format in Format::ALL.iter().copied() {
            let export = export(std::slice::from_ref(&document), format, &options);
            prop_assert_eq!(export.report.exported + export.report.left_out_in_all(), attributes.len());
            prop_assert_eq!(&export, &ayumi_export::export(std::slice::from_ref(&document), format, &options));
        }
    }

    #[test]
    fn no_inbound_rule_has_what_is_not_stated_to_come_in(attributes in any_document(), options in any_options()) {
        let document = event(&[], &attributes);
        let attributes = by_uuid(&attributes);
        for rule in text(&document, Format::Suricata, &options).lines() {
            prop_assert!(rule.starts_with("alert "), "{}", rule);
            let uuid = rule.split("misp_uuid ").nth(1).unwrap()[..36].to_owned();
            if rule.contains("-> $HOME_NET any (") {
                prop_assert!(!must_not_come_in(attributes[&uuid]), "{}", rule);
            }
        }
    }

    #[test]
    fn inbound_alone_never_gives_what_is_not_stated_to_come_in(attributes in any_document(), options in any_options()) {
        let options = Options { direction: Some(Direction::Inbound), ..options };
        let document = event(&[], &attributes);
        let attributes = by_uuid(&attributes);
        let kept: Value = serde_json::from_str(&text(&document, Format::Misp, &options)).unwrap();
        for attribute in kept["Event"]["Attribute"].as_array().unwrap() {
            prop_assert!(!must_not_come_in(attributes[attribute["uuid"].as_str().unwrap()]), "{}", attribute);
        }
    }

    #[test]
    fn nothing_that_is_over_is_exported(attributes in any_document(), options in any_options()) {
        let document = event(&[], &attributes);
        let kept: Value = serde_json::from_str(&text(&document, Format::Misp, &options)).unwrap();
        for attribute in kept["Event"]["Attribute"].as_array().unwrap() {
            prop_assert!(!has_tag(attribute, "ayumi:valid-until=\"?\""));
            let ends = [("ayumi:valid-until=\"2026-03-04\"", AT - 1), ("retention:1d", AT - 3 * DAY), ("retention:expired", AT - 3 * DAY - 1)];
            for (tag, end) in ends {
                prop_assert!(!has_tag(attribute, tag) || options.at <= end, "{} at {}", tag, options.at);
            }
        }
    }
}

#[test]
fn an_address_that_states_no_direction_does_not_go_out_with_its_name() {
    let pair = |tags: &[&str]| one("domain|ip", "evil.example|198.51.100.1", tags);
    let outbound = asked(Direction::Outbound);
    let firewall = Options {
        control_point: Some(ControlPoint::Firewall),
        ..outbound.clone()
    };
    assert_eq!(text(&pair(&[]), Format::List, &outbound), "evil.example\n");
    for format in [Format::List, Format::Suricata, Format::Rpz] {
        assert_eq!(
            reason(&pair(&[]), format, &firewall),
            Some(Reason::UnstatedDirection)
        );
    }
    for options in [options(), outbound.clone()] {
        let rules = text(&pair(&[]), Format::Suricata, &options);
        assert!(
            rules.contains("dns.query") && !rules.contains("198.51.100.1"),
            "{rules}"
        );
    }
    let stated = text(&pair(&[OUTBOUND]), Format::Suricata, &outbound);
    assert!(
        stated.contains("$HOME_NET any -> 198.51.100.1 any"),
        "{stated}"
    );
    let inbound = text(&pair(&[INBOUND]), Format::Suricata, &options());
    assert!(
        inbound.contains("198.51.100.1 any -> $HOME_NET any") && !inbound.contains("dns.query"),
        "{inbound}"
    );
}

#[test]
fn a_zone_blocks_the_name_of_a_pair_and_not_its_address() {
    for tags in [&[][..], &[OUTBOUND]] {
        let pair = one("domain|ip", "evil.example|198.51.100.1", tags);
        let zone = text(&pair, Format::Rpz, &options());
        assert!(
            zone.contains("\nevil.example CNAME .") && !zone.contains("rpz-ip"),
            "{zone}"
        );
    }
}

/// Whatever is done for each attribute with all of a document would take minutes of this one.
#[test]
fn a_long_document_takes_as_long_as_it_is() {
    const COUNT: usize = 2_000;
    let link = |index: usize| attribute("url", &format!("http://evil.example/{index}"), &[]);
    let uuid = |kind: usize, index: usize| format!("00000000-0000-4000-{kind:04}-{index:012}");
    let linked = |index: usize| {
        json!({ "name": "url", "uuid": uuid(8001, index),
            "Attribute": [with(link(COUNT + index), json!({ "uuid": uuid(8002, index) }))],
            "ObjectReference": [{ "referenced_uuid": uuid(8001, (index + 1) % (COUNT / 2)), "relationship_type": "drops" }] })
    };
    let tag = |index: usize| json!({ "name": format!("made:tag=\"{index}\"") });
    let large = |index: usize| {
        with(
            link(2 * COUNT + index),
            json!({ "uuid": uuid(8003, index) }),
        )
    };
    let tagged = json!({ "name": "url", "uuid": uuid(8004, 0), "Tag": [tag(0)],
        "Attribute": (0..COUNT).map(large).collect::<Vec<_>>() });
    let objects = (0..COUNT / 2).map(linked).chain([tagged]);
    let event = json!({ "Event": {
        "info": "word ".repeat(COUNT), "date": "2026-03-01", "published": true,
        "Tag": (0..COUNT).map(tag).collect::<Vec<_>>(),
        "Attribute": (0..COUNT).map(|index| with(link(index), json!({ "uuid": uuid(8000, index) }))).collect::<Vec<_>>(),
        "Object": objects.collect::<Vec<_>>(),
    }});
    let document = Document::parse(event.to_string().as_bytes()).unwrap();
    for format in Format::ALL {
        let export = export(std::slice::from_ref(&document), *format, &options());
        let expected = if *format == Format::Rpz {
            0
        } else {
            COUNT * 5 / 2
        };
        assert_eq!(export.report.exported, expected, "{format}");
    }
}
