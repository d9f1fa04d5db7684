//! Each format is read by the tool that it is for: the samples, a corpus if `AYUMI_MISP_CORPUS` names one, and values that
//! were made to break them.

mod support;

use std::fs;

use ayumi_export::{Export, Format, Options, export};
use ayumi_misp::{Direction, Document};

use support::{attribute, checker, documents, event, everything, run, sample};

/// Values that mean something in one format or another, under every type that a format has a place for.
fn hostile() -> Document {
    let values = [
        "evil.example",
        "a\";sid:1;)",
        "x'; drop",
        "\\",
        "a\\' OR 'b",
        "x\ty",
        "#x",
        "-",
        "(empty)",
        "=cmd|' /C calc'!A0",
        "evil.example CNAME rpz-passthru.",
        "$INCLUDE /etc/passwd",
        "a|b",
        "|41|",
        "%s%n",
        "\u{202e}txt",
        "日本語.example",
        "192.0.2.1|443",
        "2001:db8::1|80",
        "192.0.2.0/24",
        "0.0.0.0/0",
        "evil.example|192.0.2.1",
        "evil.example|99999",
        "http://evil.example/a;b\"c|d?e=f'g",
        "https://[2001:db8::1]:8443/",
        "http://日本語.example/é",
        "x|d41d8cd98f00b204e9800998ecf8427e",
        "d41d8cd98f00b204e9800998ecf8427e",
        "HKLM\\Software\\x",
        "a@evil.example",
        "a\u{0}b",
        "x\r\ny",
        "rule x { condition: true }",
        "24.0.0.0.10.rpz-client-ip",
        "*.evil.example",
        "com",
        "",
        " ",
    ];
    let kinds = [
        "ip-src",
        "ip-dst",
        "ip-dst|port",
        "ip-src|port",
        "domain",
        "hostname",
        "domain|ip",
        "hostname|port",
        "url",
        "link",
        "email",
        "email-src",
        "email-dst",
        "email-reply-to",
        "email-subject",
        "filename",
        "filename|md5",
        "md5",
        "sha256",
        "malware-sample",
        "user-agent",
        "mutex",
        "regkey",
        "regkey|value",
        "yara",
        "sigma",
        "x509-fingerprint-sha1",
        "text",
    ];
    let attributes = kinds
        .iter()
        .flat_map(|kind| values.map(|value| attribute(kind, value, &[])));
    let stated = [
        "ayumi:direction=\"inbound\"",
        "ayumi:direction=\"outbound\"",
    ];
    let agents = values.map(|value| attribute("user-agent", value, &stated));
    let long = [
        attribute("domain", &format!("{}example", "abcdefgh.".repeat(27)), &[]),
        attribute(
            "url",
            &format!("http://evil.example/{}", "a;".repeat(3_000)),
            &[],
        ),
        attribute("ip-dst", "2001:db8:0:0:1:0:0:1", &[]),
        attribute("ip-dst", "2001:db8:0:1:1:1:1:1", &[]),
        attribute("ip-dst", "2001:db8::/32", &[]),
    ];
    event(
        &[],
        &attributes.chain(agents).chain(long).collect::<Vec<_>>(),
    )
}

fn all() -> Vec<Document> {
    let mut documents = documents();
    documents.push(hostile());
    documents
}

fn written(format: Format, options: &Options) -> Export {
    let export = export(&all(), format, options);
    assert!(export.report.exported > 0, "{format}: {:?}", export.report);
    export
}

#[test]
fn suricata_loads_every_rule() {
    let Some(mut suricata) = checker("suricata") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("ayumi.rules");
    let text = written(Format::Suricata, &everything()).text;
    fs::write(&rules, &text).unwrap();
    let said = run(suricata
        .arg("-T")
        .arg("-v")
        .arg("-S")
        .arg(&rules)
        .arg("-l")
        .arg(folder.path()));
    let loaded = format!(
        "{} rules successfully loaded, 0 rules failed",
        text.lines().count()
    );
    assert!(said.contains(&loaded), "{said}");
}

#[test]
fn named_checkzone_loads_the_zone() {
    let Some(mut named) = checker("named-checkzone") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let zone = folder.path().join("zone");
    fs::write(&zone, written(Format::Rpz, &everything()).text).unwrap();
    let origin = format!("{}.example", "a".repeat(54));
    let said = run(named.arg("-k").arg("fail").arg(&origin).arg(&zone));
    assert!(!said.contains("invalid") && !said.contains("rpz"), "{said}");
}

#[test]
fn the_validator_of_oasis_has_no_error_to_tell() {
    let Some(mut python) = checker("python") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let bundles = all().into_iter().enumerate().map(|(index, document)| {
        let path = folder.path().join(format!("{index}.json"));
        fs::write(
            &path,
            export(&[document], Format::Stix2, &everything()).text,
        )
        .unwrap();
        path
    });
    let bundles = bundles.collect::<Vec<_>>();
    let whole = folder.path().join("whole.json");
    let some = ["kagerou-beacons.json", "heron-loader-object.json"].map(sample);
    fs::write(&whole, export(&some, Format::Stix2, &everything()).text).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/stix.py");
    run(python.arg(script).args(bundles).arg(whole));
}

#[test]
fn pymisp_reads_what_is_left() {
    let Some(mut python) = checker("python") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("misp.json");
    let documents = support::documents();
    let options = Options {
        direction: Some(Direction::Outbound),
        ..everything()
    };
    let export = export(&documents, Format::Misp, &options);
    fs::write(&file, &export.text).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/misp.py");
    let read = run(python.arg("-W").arg("ignore").arg(script).arg(&file));
    assert_eq!(read.lines().count(), export.report.exported);
}
