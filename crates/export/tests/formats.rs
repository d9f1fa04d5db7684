//! What each format looks like, and what it does with values that mean something in it.

mod support;

use ayumi_export::{Format, Options, Reason, export};
use ayumi_misp::Document;
use serde_json::Value;

use support::{attribute, event, everything, options, sample};

fn text(document: &Document, format: Format, options: &Options) -> String {
    export(std::slice::from_ref(document), format, options).text
}

fn one(kind: &str, value: &str, tags: &[&str]) -> Document {
    event(&[], &[attribute(kind, value, tags)])
}

fn records(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes())
        .records()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn csv_has_the_columns_of_misp_and_reads_back() {
    let comment = "\"quoted\",\nand =more";
    let mut attribute = attribute("url", "hxxp://evil[.]example/A,b", &["tlp:green", "x,y"]);
    attribute["comment"] = comment.into();
    let text = text(&event(&[], &[attribute]), Format::Csv, &options());
    assert!(text.starts_with("uuid,event_id,category,type,value,comment,to_ids,date,object_relation,attribute_tag,object_uuid,object_name,object_meta_category\n"));
    let records = records(&text);
    assert_eq!(
        (records[0].get(4), records[0].get(5)),
        (Some("http://evil.example/A,b"), Some(comment))
    );
    assert_eq!(
        (records[0].get(6), records[0].get(9)),
        (Some("1"), Some("tlp:green,x,y"))
    );
}

#[test]
fn no_cell_starts_a_formula() {
    let mut commented = attribute("filename", "a.exe", &["@SUM(A1)"]);
    commented["comment"] = "=cmd|' /C calc'!A0".into();
    let values = ["=1+1", "@x", "-x.exe", "+81-3-1234-5678", "-5"];
    let named = values.map(|value| attribute("filename", value, &[]));
    let document = event(&[], &[&[commented][..], &named].concat());
    let export = export(&[document], Format::Csv, &options());
    assert_eq!(export.report.left_out.get(&Reason::Formula), Some(&3));
    let records = records(&export.text);
    assert_eq!(records[0].get(5), Some("'=cmd|' /C calc'!A0"));
    assert_eq!(records[0].get(9), Some("'@SUM(A1)"));
}

#[test]
fn no_cell_starts_a_formula_behind_blanks_or_spellings() {
    let blanks = [
        "",
        " ",
        "\u{a0}",
        "\u{2003}",
        "\u{3000}",
        "\u{200b}",
        "\u{b}",
        "\u{2028}",
        "\u{202e}",
        "\u{e0020}",
        "\t",
        "\r",
        "\n",
    ];
    let starts = [
        "=HYPERLINK(1)",
        "+a",
        "-a",
        "@SUM(1)",
        "＝1",
        "＋a",
        "－a",
        "＠a",
    ];
    let blanked = blanks
        .iter()
        .flat_map(|blank| starts.map(|start| format!("{blank}{start}")));
    let spelt = ["[@]SUM(1+1)", "{at}SUM(1)", "\u{feff}[at]SUM(1)"].map(str::to_owned);
    for value in blanked.chain(spelt) {
        let export = export(&[one("url", &value, &[])], Format::Csv, &options());
        assert_eq!(
            export.report.left_out.keys().collect::<Vec<_>>(),
            [&Reason::Formula],
            "{value:?}"
        );
        let shown = ayumi_export::csv::harmless(value.clone());
        assert!(
            shown.starts_with('\'') || value.starts_with(['[', '{', '\u{feff}']),
            "{value:?}"
        );
    }
    for plain in ["a=b", "+81-3-1234-5678", "\u{a0}-5", "x@y.example"] {
        assert_eq!(ayumi_export::csv::harmless(plain.to_owned()), plain);
    }
}

#[test]
fn what_is_asked_of_a_url_stays() {
    let document = one("url", "hxxp://evil[.]example/a[.]b?c=hxxp://d", &[]);
    let asked = "http://evil.example/a[.]b?c=hxxp://d";
    let csv = records(&text(&document, Format::Csv, &options()));
    assert_eq!(csv[0].get(4), Some(asked));
    let list = text(&document, Format::List, &options());
    assert_eq!(list, format!("{asked}\n"));
}

#[test]
fn a_list_is_one_value_a_line_each_once() {
    let attributes = [
        attribute("domain|ip", "Evil[.]example|192.0.2.1", &[]),
        attribute("hostname", "evil.example", &[]),
        attribute("ip-dst|port", "2001:DB8::1|443", &[]),
        attribute(
            "filename|md5",
            "a b.exe|D41D8CD98F00B204E9800998ECF8427E",
            &[],
        ),
        attribute("filename", "#remark", &[]),
        attribute("filename", "a.exe\u{2028}update.example", &[]),
        attribute("text", "said nobody", &[]),
        attribute("domain", "evil.example extra", &[]),
        attribute("ip-dst", "10.0.0.1", &[]),
        attribute("domain", "co.jp", &[]),
    ];
    let export = export(&[event(&[], &attributes)], Format::List, &options());
    assert_eq!(
        export.text,
        "evil.example\n192.0.2.1\n2001:db8::1\na b.exe\nd41d8cd98f00b204e9800998ecf8427e\n"
    );
    let left_out = export.report.left_out.into_iter().collect::<Vec<_>>();
    assert_eq!(
        left_out,
        [
            (Reason::NoPlace, 1),
            (Reason::Malformed, 3),
            (Reason::Internal, 1),
            (Reason::TooBroad, 1)
        ]
    );
}

/// Reads a file of Zeek's intelligence framework as Zeek does: fields by tabs, bytes in hexadecimal, remarks skipped.
fn zeek(text: &str) -> Vec<Vec<String>> {
    let (header, rows) = text.split_once('\n').unwrap();
    let columns = header
        .strip_prefix("#fields\t")
        .unwrap()
        .split('\t')
        .count();
    let unescaped = |field: &str| {
        let mut parts = field.split("\\x");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let byte = u8::from_str_radix(&part[..2], 16).unwrap();
            format!("{text}{}{}", char::from(byte), &part[2..])
        })
    };
    let rows = rows.lines().filter(|row| !row.starts_with('#'));
    rows.map(|row| {
        let fields = row.split('\t').map(unescaped).collect::<Vec<_>>();
        assert_eq!(fields.len(), columns, "{row}");
        fields
    })
    .collect()
}

#[test]
fn zeek_gets_of_a_url_what_is_requested() {
    let url = "http://user:word@Evil.example:81/a?b#c";
    let text = text(&one("url", url, &[]), Format::Zeek, &options());
    assert_eq!(zeek(&text)[0][0], "evil.example:81/a?b");
}

#[test]
fn zeek_reads_every_value_back() {
    let attributes = [
        attribute("ip-dst", "192.0.2.1", &[]),
        attribute("ip-src", "192.0.2.2", &[]),
        attribute("url", "https://evil.example/x\\y", &[]),
        attribute("filename", "#a\tb\\x41.exe", &[]),
        attribute("ip-dst", "192.0.2.0/24", &[]),
        attribute("filename", "-", &[]),
        attribute("mutex", "m", &[]),
    ];
    let export = export(&[event(&[], &attributes)], Format::Zeek, &options());
    let rows = zeek(&export.text);
    let told = rows
        .iter()
        .map(|row| (&*row[0], &*row[1], &*row[6]))
        .collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            ("192.0.2.1", "Intel::ADDR", "Conn::IN_RESP"),
            ("192.0.2.2", "Intel::ADDR", "Conn::IN_ORIG"),
            ("evil.example/x/y", "Intel::URL", "-"),
            ("#a\tb\\x41.exe", "Intel::FILE_NAME", "-"),
            ("192.0.2.0/24", "Intel::SUBNET", "Conn::IN_RESP"),
        ]
    );
    assert_eq!(rows[0][2], "Hinode CERT");
    assert_eq!(export.report.left_out_in_all(), 2);
}

#[test]
fn a_zone_has_a_name_and_all_below_it_and_addresses_from_the_last_part_to_the_first() {
    let attributes = [
        attribute("domain", "evil.example", &[]),
        attribute("hostname", "www.bad.example", &[]),
        attribute("ip-dst", "192.0.2.1", &[]),
        attribute("ip-dst", "2001:db8:0:0:1:0:0:1", &[]),
        attribute("ip-dst", "2001:db8::/32", &[]),
        attribute("url", "http://evil.example/x", &[]),
    ];
    let text = text(&event(&[], &attributes), Format::Rpz, &options());
    let records = text.lines().skip(3).collect::<Vec<_>>();
    assert_eq!(
        records,
        [
            "evil.example CNAME .",
            "*.evil.example CNAME .",
            "www.bad.example CNAME .",
            "32.1.2.0.192.rpz-ip CNAME .",
            "128.1.0.0.1.zz.db8.2001.rpz-ip CNAME .",
            "32.zz.db8.2001.rpz-ip CNAME .",
        ]
    );
    assert!(
        text.lines().nth(1).unwrap().contains(" 1772668800 "),
        "the serial is the moment asked for"
    );
}

#[test]
fn suricata_alerts_in_the_direction_that_is_stated() {
    let rules = |kind: &str, value: &str, tags: &[&str]| {
        text(&one(kind, value, tags), Format::Suricata, &options())
    };
    let heads = |rules: &str| {
        rules
            .lines()
            .map(|rule| rule.split(" (").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        heads(&rules("ip-dst", "192.0.2.1", &[])),
        ["alert ip $HOME_NET any -> 192.0.2.1 any"]
    );
    assert_eq!(
        heads(&rules("ip-src", "192.0.2.0/24", &[])),
        ["alert ip 192.0.2.0/24 any -> $HOME_NET any"]
    );
    assert_eq!(
        heads(&rules("ip-dst|port", "192.0.2.1|443", &[])),
        [
            "alert tcp $HOME_NET any -> 192.0.2.1 443",
            "alert udp $HOME_NET any -> 192.0.2.1 443",
        ]
    );
    let names = rules("domain", "evil.example", &[]);
    assert_eq!(
        heads(&names),
        ["dns", "tls", "http"].map(|protocol| format!("alert {protocol} $HOME_NET any -> any any"))
    );
    assert!(
        names.contains("dns.query; dotprefix; content:\".evil.example\"; nocase; endswith;"),
        "{names}"
    );
    assert!(
        names.contains("msg:\"Ayumi A title with and lines\";"),
        "{names}"
    );
    let both = rules(
        "user-agent",
        "bad;agent",
        &[
            "ayumi:direction=\"outbound\"",
            "ayumi:direction=\"inbound\"",
        ],
    );
    assert_eq!(heads(&both).len(), 2);
    assert!(both.contains("content:\"bad|3b|agent\""), "{both}");
    assert_eq!(
        rules("user-agent", "agent", &[]),
        "",
        "nobody knows its direction"
    );
}

#[test]
fn a_rule_keeps_its_number_when_others_come_and_go() {
    let number = |text: &str, value: &str| {
        let rule = text
            .lines()
            .find(|rule| rule.contains(value))
            .unwrap()
            .to_owned();
        rule.split("sid:")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    let first = attribute("ip-dst", "192.0.2.1", &[]);
    let second = attribute("ip-dst", "192.0.2.2", &[]);
    let alone = text(
        &event(&[], std::slice::from_ref(&second)),
        Format::Suricata,
        &options(),
    );
    let both = text(&event(&[], &[first, second]), Format::Suricata, &options());
    assert_eq!(number(&alone, "192.0.2.2"), number(&both, "192.0.2.2"));
    assert!(number(&both, "192.0.2.1") >= 3_000_000_000);
}

fn stix(document: &Document, options: &Options) -> Vec<Value> {
    let bundle: Value = serde_json::from_str(&text(document, Format::Stix2, options)).unwrap();
    bundle["objects"].as_array().unwrap().clone()
}

fn of_type<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["type"] == kind)
        .collect()
}

#[test]
fn stix_keeps_periods_directions_marks_and_courses_of_action() {
    let objects = stix(&sample("kagerou-beacons.json"), &options());
    let indicators = of_type(&objects, "indicator");
    let address = indicators
        .iter()
        .find(|one| one["name"] == "192.0.2.77")
        .unwrap();
    assert_eq!(
        address["pattern"],
        "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.77']"
    );
    assert_eq!(address["valid_from"], "2026-02-20T03:15:00.000Z");
    assert_eq!(address["valid_until"], "2036-12-31T23:59:59.000Z");
    let extension = address["extensions"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    assert_eq!(extension["last_seen"], "2026-03-04T22:40:11.000Z");
    assert_eq!(extension["directions"], serde_json::json!(["outbound"]));
    assert!(!of_type(&objects, "course-of-action").is_empty());
    assert!(!of_type(&objects, "marking-definition").is_empty());
    let report = of_type(&objects, "report")[0];
    let known = objects
        .iter()
        .map(|object| &object["id"])
        .collect::<Vec<_>>();
    let refs = report["object_refs"].as_array().unwrap();
    assert!(
        refs.iter().all(|id| known.contains(&id)),
        "the report refers to what is there"
    );
    for relationship in of_type(&objects, "relationship") {
        assert!(
            known.contains(&&relationship["source_ref"])
                && known.contains(&&relationship["target_ref"]),
            "{relationship}"
        );
    }
}

#[test]
fn a_stix_pattern_quotes_what_it_holds() {
    let objects = stix(&one("mutex", r"a\' OR b", &[]), &options());
    assert_eq!(
        of_type(&objects, "indicator")[0]["pattern"],
        r"[mutex:name = 'a\\\' OR b']"
    );
    let objects = stix(
        &one("filename|sha256", &format!("x|{}", "0".repeat(64)), &[]),
        &options(),
    );
    let pattern = format!(
        "[file:name = 'x' AND file:hashes.'SHA-256' = '{}']",
        "0".repeat(64)
    );
    assert_eq!(of_type(&objects, "indicator")[0]["pattern"], pattern);
}

#[test]
fn misp_keeps_all_but_what_is_left_out() {
    let document = sample("kagerou-beacons.json");
    let kept: Value = serde_json::from_str(&text(&document, Format::Misp, &options())).unwrap();
    let original = serde_json::to_value(document.event().unwrap()).unwrap();
    for (key, value) in original.as_object().unwrap() {
        if !matches!(
            &**key,
            "Attribute" | "Object" | "attribute_count" | "ShadowAttribute"
        ) {
            assert_eq!(&kept["Event"][key], value, "{key}");
        }
    }
    let attributes = kept["Event"]["Attribute"].as_array().unwrap();
    let original = original["Attribute"].as_array().unwrap();
    assert!(!attributes.is_empty() && attributes.iter().all(|one| original.contains(one)));
    assert!(
        attributes.iter().all(|one| one["type"] != "link"),
        "the report is not for detection"
    );
    let all = text(&document, Format::Misp, &everything());
    assert!(all.contains("\"type\": \"link\""));
}

#[test]
fn several_documents_are_one_export() {
    let documents = [
        sample("kagerou-beacons.json"),
        sample("bare-blocklist.json"),
    ];
    let both = export(&documents, Format::List, &options());
    let apart = documents
        .each_ref()
        .map(|document| export(std::slice::from_ref(document), Format::List, &options()));
    assert_eq!(
        both.report.exported,
        apart[0].report.exported + apart[1].report.exported
    );
    let misp: Value =
        serde_json::from_str(&export(&documents, Format::Misp, &options()).text).unwrap();
    assert_eq!(misp["response"].as_array().unwrap().len(), 2);
}
