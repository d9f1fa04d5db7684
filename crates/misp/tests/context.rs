//! What the listing says of a document.

mod support;

use std::fmt::Display;
use std::str::FromStr;

use ayumi_misp::{
    Action, Audience, Category, CommercialUse, Context, ControlPoint, Direction, Document, Flag,
    Level, MAX_TITLE_BYTES, Need, Note, Pap, Set, Tlp, UnknownWord, Word,
};
use serde_json::{Value, json};

use support::sample;

fn read(event: &Value) -> (Context, Vec<Note>) {
    let document =
        Document::parse(json!({"Event": event}).to_string().as_bytes()).expect("it is an event");
    Context::read(&document)
}

fn tagged(tags: &[&str]) -> (Context, Vec<Note>) {
    let tags = tags
        .iter()
        .map(|tag| json!({"name": tag}))
        .collect::<Vec<_>>();
    read(
        &json!({"info": "t", "date": "2026-01-01", "Tag": tags, "Attribute": [{"type": "md5", "value": "0"}]}),
    )
}

fn set<W: Flag>(words: &[W]) -> Set<W> {
    words.iter().copied().collect()
}

#[test]
fn a_sample_with_full_context_misses_nothing() {
    for name in [
        "kagerou-beacons.json",
        "shiranui-seikyusho.json",
        "ember-lynx-second-wave.json",
    ] {
        let (context, notes) = Context::read(&sample(name));
        assert_eq!(context.missing(), [], "{name}");
        assert_eq!(notes, [], "{name}");
        assert_eq!(context.level, Level::Intelligence, "{name}");
    }
}

#[test]
fn the_beacons_sample_states_all_of_this() {
    let (context, _) = Context::read(&sample("kagerou-beacons.json"));
    assert_eq!(
        (context.tlp, context.pap, context.commercial_use),
        (Tlp::Amber, Pap::Green, CommercialUse::Forbidden)
    );
    assert_eq!(
        context.audience,
        set(&[Audience::Operator, Audience::Analyst])
    );
    assert_eq!(context.directions, set(&[Direction::Outbound]));
    let points = [
        ControlPoint::Proxy,
        ControlPoint::Dns,
        ControlPoint::Firewall,
        ControlPoint::Ids,
    ];
    assert_eq!(context.control_points, set(&points));
    assert_eq!(
        context.expected_actions,
        set(&[Action::BlockOutbound, Action::Detect, Action::Hunt])
    );
    assert_eq!(
        (context.valid_from, context.valid_until),
        (1_771_557_300, 2_114_380_799)
    );
    assert_eq!(context.category, Category::NetworkActivity);
    assert_eq!(
        context.title,
        "Kagerou Heron: beacon infrastructure of the spring parcel campaign"
    );
    assert!(context.uuid.is_some());
}

#[test]
fn a_bare_event_misses_everything() {
    let (context, _) = Context::read(&sample("bare-blocklist.json"));
    assert_eq!(context.missing(), Need::ALL);
    assert_eq!(context.level, Level::Ioc);
    assert_eq!(
        context.directions,
        set(&[Direction::Outbound]),
        "ip-dst with to_ids"
    );
}

#[test]
fn an_object_alone_is_described_by_the_tags_of_its_attributes() {
    let (context, _) = Context::read(&sample("heron-loader-object.json"));
    assert_eq!(
        (context.level, context.tlp),
        (Level::Intelligence, Tlp::Clear)
    );
    assert_eq!(context.missing(), [Need::Period, Need::CommercialUse]);
    assert_eq!(context.title, "file");
}

#[test]
fn odd_shapes_are_read_and_a_local_tag_stays_private() {
    let (context, notes) = Context::read(&sample("webmail-spraying.json"));
    assert_eq!(
        (context.level, context.tlp),
        (Level::Information, Tlp::Green)
    );
    assert_eq!(context.directions, set(&[Direction::Inbound]));
    assert_eq!(
        notes,
        [Note::UnknownTag {
            tag: "ayumi:direction=\"sideways\"".to_owned()
        }]
    );
    assert!(!context.tags.iter().any(|tag| tag.contains("night-shift")));
    assert_eq!(context.tags.len(), 3);
}

#[test]
fn marks_are_read_in_any_case_and_old_words_too() {
    for (tag, tlp) in [
        ("tlp:clear", Tlp::Clear),
        ("TLP:WHITE", Tlp::Clear),
        ("tlp:Green", Tlp::Green),
        ("tlp:amber", Tlp::Amber),
        ("TLP:AMBER+STRICT", Tlp::AmberStrict),
        ("tlp:red", Tlp::Red),
        ("tlp:unclear", Tlp::Unstated),
    ] {
        assert_eq!(tagged(&[tag]).0.tlp, tlp, "{tag}");
    }
    for (tag, pap) in [
        ("PAP:WHITE", Pap::Clear),
        ("pap:clear", Pap::Clear),
        ("PAP:RED", Pap::Red),
    ] {
        assert_eq!(tagged(&[tag]).0.pap, pap, "{tag}");
    }
    assert_eq!(
        tagged(&["IEP:commercial-use=\"may\""]).0.commercial_use,
        CommercialUse::Allowed
    );
}

#[test]
fn of_several_marks_the_strictest_counts_and_the_contradiction_is_noted() {
    let (context, notes) = tagged(&["tlp:green", "tlp:red", "tlp:amber"]);
    assert_eq!(context.tlp, Tlp::Red);
    assert_eq!(notes, [Note::Contradiction { what: "TLP" }]);
}

#[test]
fn a_mark_on_one_attribute_tightens_but_does_not_state() {
    let event = |event_tag: &str| {
        let attributes = json!([{"type": "md5", "value": "0", "Tag": [{"name": "tlp:amber"}]}, {"type": "md5", "value": "1"}]);
        read(&json!({"info": "t", "Tag": [{"name": event_tag}], "Attribute": attributes}))
    };
    assert_eq!(event("tlp:green").0.tlp, Tlp::Amber);
    let (context, notes) = event("osint");
    assert_eq!(context.tlp, Tlp::Unstated);
    assert_eq!(notes, [Note::PartlyMarked { what: "TLP" }]);
}

#[test]
fn courses_of_action_become_actions_and_control_points() {
    use Action as A;
    use ControlPoint as C;
    for (tag, actions, points) in [
        ("coa:deny=\"proxy\"", vec![A::BlockOutbound], vec![C::Proxy]),
        ("coa:deny=\"waf\"", vec![A::BlockInbound], vec![C::Waf]),
        ("coa:deny=\"firewall\"", vec![], vec![C::Firewall]),
        ("coa:deny=\"email\"", vec![A::FilterMail], vec![C::Mail]),
        ("coa:detect=\"nids\"", vec![A::Detect], vec![C::Ids]),
        ("coa:discover=\"proxy\"", vec![A::Hunt], vec![C::Proxy]),
        ("coa:deceive=\"DNS\"", vec![A::Deceive], vec![C::Dns]),
        (
            "course-of-action:passive=\"detect\"",
            vec![A::Detect],
            vec![],
        ),
        ("course-of-action:active=\"deny\"", vec![], vec![]),
        (
            "ensoc:recommended-action=\"detection\"",
            vec![A::Detect],
            vec![],
        ),
        ("ayumi:expected-action=\"patch\"", vec![A::Patch], vec![]),
        ("ayumi:control-point=\"siem\"", vec![], vec![C::Siem]),
    ] {
        let (context, notes) = tagged(&[tag]);
        assert_eq!(
            (context.expected_actions, context.control_points),
            (set(&actions), set(&points)),
            "{tag}"
        );
        assert_eq!(notes, [], "{tag}");
    }
}

#[test]
fn a_denial_blocks_in_the_direction_that_is_stated() {
    let (context, _) = tagged(&["coa:deny=\"firewall\"", "ayumi:direction=\"inbound\""]);
    assert_eq!(context.expected_actions, set(&[Action::BlockInbound]));
}

#[test]
fn an_address_that_is_not_for_detection_states_no_direction() {
    let event = json!({"info": "t", "Attribute": [{"type": "ip-dst", "value": "192.0.2.1", "to_ids": false}]});
    assert!(read(&event).0.directions.is_empty());
}

#[test]
fn links_without_a_threat_are_values_only() {
    let object =
        json!({"name": "file", "Attribute": [], "ObjectReference": [{"referenced_uuid": "x"}]});
    assert_eq!(
        read(&json!({"info": "t", "Object": [object]})).0.level,
        Level::Ioc
    );
    let threat = json!([{"name": "misp-galaxy:threat-actor=\"X\""}]);
    assert_eq!(
        read(&json!({"info": "t", "Tag": threat, "Object": [object]}))
            .0
            .level,
        Level::Intelligence
    );
}

#[test]
fn who_is_affected_is_no_threat() {
    assert_eq!(
        tagged(&[
            "misp-galaxy:sector=\"Energy\"",
            "osint:source-type=\"blog-post\""
        ])
        .0
        .level,
        Level::Ioc
    );
    assert_eq!(tagged(&["kill-chain:Delivery"]).0.level, Level::Information);
}

#[test]
fn a_cluster_without_its_tag_counts_as_tagged() {
    let galaxy = json!([{"type": "threat-actor", "GalaxyCluster": [{"value": "Kagerou Heron"}]}]);
    let (context, _) = read(&json!({"info": "t", "Galaxy": galaxy, "Attribute": [{"value": "x"}]}));
    assert_eq!(context.level, Level::Information);
    assert_eq!(context.tags, ["misp-galaxy:threat-actor=\"Kagerou Heron\""]);
}

#[test]
fn retention_counts_from_the_date_and_the_shortest_wins() {
    const NEW_YEAR_2026: u64 = 1_767_225_600;
    assert_eq!(
        tagged(&["retention:1d", "retention:1y"]).0.valid_until,
        NEW_YEAR_2026 + 86_400
    );
    assert_eq!(
        tagged(&["retention:expired"]).0.valid_until,
        NEW_YEAR_2026 + 86_399
    );
    let own = tagged(&["retention:1d", "ayumi:valid-until=\"2026-01-31\""]).0;
    assert_eq!(own.valid_until, NEW_YEAR_2026 + 31 * 86_400 - 1);
}

#[test]
fn a_bad_date_is_noted_and_left_out() {
    let (context, notes) = tagged(&["ayumi:valid-until=\"next year\""]);
    assert_eq!(context.valid_until, 0);
    assert!(matches!(&notes[..], [Note::BadDate { text, .. }] if text == "next year"));
    let attributes = json!([{"value": "x", "first_seen": "yesterday"}, {"value": "y", "first_seen": "2026-01-02T00:00:00Z"}]);
    let (context, notes) = read(&json!({"info": "t", "Attribute": attributes}));
    assert_eq!(context.valid_from, 1_767_312_000);
    let place = "/Event/Attribute/0/first_seen".to_owned();
    assert_eq!(
        notes,
        [Note::BadDate {
            place,
            text: "yesterday".to_owned()
        }]
    );
}

#[test]
fn a_period_that_ends_before_it_starts_is_noted() {
    let (_, notes) = tagged(&[
        "ayumi:valid-from=\"2026-02-01\"",
        "ayumi:valid-until=\"2026-01-01\"",
    ]);
    assert_eq!(notes, [Note::PeriodReversed]);
}

#[test]
fn a_deleted_attribute_states_nothing() {
    let gone = json!({"type": "ip-dst", "category": "Network activity", "value": "192.0.2.1", "to_ids": true, "deleted": "1",
        "first_seen": "2026-01-01", "Tag": [{"name": "tlp:red"}]});
    let (context, _) = read(&json!({"info": "t", "Attribute": [gone]}));
    let expected = Context {
        title: "t".to_owned(),
        ..Context::default()
    };
    assert_eq!(context, expected);
}

#[test]
fn a_long_title_is_cut_between_characters() {
    let (context, _) = read(&json!({"info": "  攻撃\n".repeat(60), "Attribute": [{"value": "x"}]}));
    assert!(context.title_cut && context.title.len() <= MAX_TITLE_BYTES);
    assert!(context.title.starts_with("攻撃 攻撃") && !context.title.ends_with(' '));
}

#[test]
fn a_bad_uuid_is_noted_and_an_empty_one_is_not() {
    let with =
        |uuid: &str| read(&json!({"info": "t", "uuid": uuid, "Attribute": [{"value": "x"}]}));
    assert_eq!(with("").1, []);
    assert_eq!(
        with("12").1,
        [Note::BadUuid {
            text: "12".to_owned()
        }]
    );
    let upper = with("2F0C1F6A-5B0E-4F7A-8F0E-0D9A4C1B2A3C")
        .0
        .uuid
        .map(|uuid| uuid.to_string());
    assert_eq!(
        upper.as_deref(),
        Some("2f0c1f6a-5b0e-4f7a-8f0e-0d9a4c1b2a3c")
    );
}

#[test]
fn the_majority_decides_the_category() {
    let categories = [
        "Other",
        "Payload delivery",
        "network activity",
        "payload delivery",
        "nonsense",
    ];
    let attributes = categories.map(|category| json!({"category": category}));
    assert_eq!(
        read(&json!({"info": "t", "Attribute": attributes}))
            .0
            .category,
        Category::PayloadDelivery
    );
    assert_eq!(
        read(&json!({"info": "t", "Attribute": [{}]})).0.category,
        Category::Unstated
    );
}

fn assert_words_round_trip<W: Word + Display + FromStr<Err = UnknownWord>>() {
    for (index, word) in W::ALL.iter().copied().enumerate() {
        assert_eq!(usize::from(word.index()), index);
        assert_eq!(W::from_index(word.index()), Some(word));
        assert_eq!(word.to_string().parse(), Ok(word));
    }
    assert_eq!(W::from_index(u8::MAX), None);
    assert!(
        "nonsense"
            .parse::<W>()
            .is_err_and(|error| error.hint().contains(W::ALL[0].name()))
    );
}

fn assert_sets_round_trip<W: Flag>() {
    let all = set(W::ALL);
    assert_eq!(all.to_string().parse(), Ok(all));
    assert_eq!(Set::from_bits(all.bits()), Ok(all));
    assert!(Set::<W>::from_bits(all.bits() + 1).is_err());
    assert_eq!("".parse(), Ok(Set::<W>::EMPTY));
}

#[test]
fn every_word_is_read_as_it_is_written() {
    assert_words_round_trip::<Level>();
    assert_words_round_trip::<Tlp>();
    assert_words_round_trip::<Pap>();
    assert_words_round_trip::<CommercialUse>();
    assert_words_round_trip::<Audience>();
    assert_words_round_trip::<Direction>();
    assert_words_round_trip::<ControlPoint>();
    assert_words_round_trip::<Action>();
    assert_words_round_trip::<Category>();
}

#[test]
fn every_set_is_read_as_it_is_written() {
    assert_sets_round_trip::<Audience>();
    assert_sets_round_trip::<Direction>();
    assert_sets_round_trip::<ControlPoint>();
    assert_sets_round_trip::<Action>();
}

/// The contracts have the same numbers.
#[test]
fn the_numbers_on_chain_are_fixed() {
    assert_eq!(
        [Level::Ioc, Level::Information, Level::Intelligence].map(Word::index),
        [0, 1, 2]
    );
    let tlp = [
        Tlp::Unstated,
        Tlp::Clear,
        Tlp::Green,
        Tlp::Amber,
        Tlp::AmberStrict,
        Tlp::Red,
    ];
    assert_eq!(tlp.map(Word::index), [0, 1, 2, 3, 4, 5]);
    let points = [
        ControlPoint::Proxy,
        ControlPoint::Dns,
        ControlPoint::Firewall,
        ControlPoint::Waf,
        ControlPoint::Ids,
    ];
    assert_eq!(set(&points).bits(), 0b1_1111);
    assert_eq!(
        set(&[
            ControlPoint::Endpoint,
            ControlPoint::Mail,
            ControlPoint::Siem
        ])
        .bits(),
        32 | 64 | 128
    );
    let actions = [
        (Action::BlockOutbound, 1),
        (Action::Inform, 128),
        (Action::FilterMail, 256),
        (Action::TakeDown, 2048),
    ];
    assert!(
        actions
            .into_iter()
            .all(|(action, bits)| set(&[action]).bits() == bits)
    );
}
