//! `ayumi lint` over files, folders and lists, and what it writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ayumi_misp_double::{Double, Fault, KEY};
use serde_json::{Value, json};
use uuid::Uuid;

fn lint(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
    command
        .current_dir(folder)
        .env_clear()
        .env("COLUMNS", "100");
    command.arg("lint").args(arguments).output().unwrap()
}

/// The same, by a user of a MISP server.
fn lint_at(misp: &Double, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
    command.env_clear().env("AYUMI_MISP_KEY", KEY);
    let url = format!("{}{}", misp.url(), arguments[0]);
    command.args(["lint", &url, "--json"]);
    command.args(&arguments[1..]).output().unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn event(info: &str, value: &str) -> Value {
    json!({"Event": {"info": info, "date": "2026-01-31", "Attribute": [
        {"type": "domain", "category": "Network activity", "value": value, "to_ids": true, "odd": 1.50}]}})
}

/// A folder with two events, a list of three, what is passed over, and a folder beneath.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "a.json",
        &format!("{:#}", event("first", "evil[.]shiranui.jp")),
    );
    write(
        "deeper/b.json",
        &event("calls b.shiranui.jp", "b.shiranui.jp").to_string(),
    );
    let list = ["x", "y", "z"].map(|name| event(name, &format!("{name}.shiranui.jp")));
    write("list.json", &json!({ "response": list }).to_string());
    write(
        "manifest.json",
        r#"{"00000000-0000-4000-8000-000000000001": {"info": "first"}}"#,
    );
    write("hashes.csv", "0,0");
    write(".hidden.json", "not read");
    folder
}

#[test]
fn a_folder_is_read_file_by_file_and_event_by_event() {
    let folder = folder();
    let output = lint(folder.path(), &[".", "--json"]);
    let answer = json_of(&output);
    let told = answer["documents"].as_array().unwrap().iter().map(|told| {
        (
            told["file"].as_str().unwrap(),
            told["pointer"].as_str().unwrap(),
            told["title"].as_str().unwrap(),
        )
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("./a.json", "", "first"),
            ("./deeper/b.json", "", "calls b.shiranui.jp"),
            ("./list.json", "/response/0", "x"),
            ("./list.json", "/response/1", "y"),
            ("./list.json", "/response/2", "z"),
        ]
    );
    let summary = &answer["summary"];
    let counts = ["documents", "skipped", "failed", "leaking", "incomplete"]
        .map(|key| summary[key].as_u64().unwrap());
    assert_eq!(counts, [5, 1, 0, 1, 5]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("manifest of a feed"), "{stderr}");
    let second = &answer["documents"][3]["findings"][0];
    assert!(
        second["pointer"]
            .as_str()
            .unwrap()
            .starts_with("/response/1/Event"),
        "{second}"
    );
    assert_eq!(status(&output), 1);
}

#[test]
fn what_cannot_be_read_stops_nothing_and_is_an_error_in_the_end() {
    let folder = folder();
    fs::write(folder.path().join("0-broken.json"), "{\"Event\": ").unwrap();
    fs::write(
        folder.path().join("cut.json"),
        r#"[{"Event": {}}, {"Event": "#,
    )
    .unwrap();
    let output = lint(folder.path(), &[".", "--json"]);
    assert_eq!(json_of(&output)["documents"].as_array().unwrap().len(), 5);
    assert_eq!(json_of(&output)["failed"].as_array().unwrap().len(), 2);
    assert_eq!(status(&output), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_name_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = folder();
    let file = folder.path().join(OsStr::from_bytes(b"odd-\xff.json"));
    fs::write(&file, event("a", "evil[.]example").to_string()).unwrap();
    for arguments in [&["--json"][..], &["--sarif"], &["--fix", "--json"]] {
        let told = lint(folder.path(), &[&["."], arguments].concat());
        assert!(status(&told) < 2, "{arguments:?}: {told:?}");
    }
}

#[test]
fn the_exit_status_follows_the_bar() {
    let folder = folder();
    let path = folder.path();
    let score = json_of(&lint(path, &["a.json", "--json"]))["score"]
        .as_u64()
        .unwrap();
    assert_eq!(
        status(&lint(path, &["a.json"])),
        1,
        "it states next to nothing"
    );
    assert_eq!(
        status(&lint(path, &["a.json", "--min-score", &score.to_string()])),
        0
    );
    assert_eq!(
        status(&lint(
            path,
            &["a.json", "--min-score", &(score + 1).to_string()]
        )),
        1
    );
    assert_eq!(
        status(&lint(path, &["deeper/b.json", "--min-score", "0"])),
        1,
        "its title leaks"
    );
    assert_eq!(status(&lint(path, &["manifest.json"])), 2);
    assert_eq!(status(&lint(path, &["a.json", "--min-score", "101"])), 2);
    let empty = path.join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(status(&lint(path, &["empty"])), 2);
}

#[test]
fn people_see_the_place_the_reason_and_the_fix() {
    let folder = folder();
    let output = lint(folder.path(), &["a.json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "error[defanged-value]: 1 place\n  --> a.json:",
        " /Event/Attribute/0/value \"evil[.]shiranui.jp\" is defanged; devices need evil.shiranui.jp",
        "   = operator: a device looks for the text as it is, and finds nothing",
        "   = fix: write it as it occurs in traffic; --fix does",
        "warning[tlp]: the document has no TLP mark",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    let line = text
        .lines()
        .find(|line| line.contains("/Event/Attribute/0/value"))
        .unwrap();
    let place = line
        .split(' ')
        .find_map(|word| word.strip_prefix("a.json:"))
        .unwrap();
    let (line, column) = place.split_once(':').unwrap();
    let written = fs::read_to_string(folder.path().join("a.json")).unwrap();
    let written = written
        .lines()
        .nth(line.parse::<usize>().unwrap() - 1)
        .unwrap();
    assert!(
        written[column.parse::<usize>().unwrap() - 1..].starts_with("\"evil[.]"),
        "{place}"
    );
}

#[test]
fn sarif_has_the_shape_that_ci_reads() {
    let folder = folder();
    let log = json_of(&lint(folder.path(), &[".", "--sarif"]));
    assert_eq!(
        (
            log["version"].as_str(),
            log["runs"].as_array().unwrap().len()
        ),
        (Some("2.1.0"), 1)
    );
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(
            rules[index]["defaultConfiguration"]["level"],
            result["level"]
        );
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let location = &result["locations"][0];
        let place = &location["physicalLocation"];
        let file = folder
            .path()
            .join(place["artifactLocation"]["uri"].as_str().unwrap());
        let lines = fs::read_to_string(file).unwrap().lines().count() as u64;
        let region = ["startLine", "startColumn", "endLine", "endColumn"]
            .map(|key| place["region"][key].as_u64().unwrap());
        assert!(
            region.iter().all(|number| *number > 0) && region[0] <= region[2] && region[2] <= lines,
            "{region:?}"
        );
        assert!(location["logicalLocations"][0]["fullyQualifiedName"].is_string());
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let empty = lint(folder.path(), &["manifest.json", "--sarif"]);
    assert_eq!(status(&empty), 2);
}

/// `scripts/checkers` installs it. Where it is not, this says so and proves nothing; `scripts/test` has it.
#[test]
fn sarif_is_valid_for_its_own_tool() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let tools = std::env::var_os("AYUMI_CHECKERS").map(PathBuf::from);
    let tool = tools.unwrap_or(target.join("checkers/bin")).join("sarif");
    if !tool.exists() {
        eprintln!("SKIPPED: the SARIF tool is missing; run scripts/checkers");
        return;
    }
    let folder = folder();
    for (name, value) in [
        ("a b#c?.json", "\u{202e}\"x\u{7}"),
        ("日本.json", "x\r\n|y"),
    ] {
        let text = event("a \"title\" of evil[.]example\n", value).to_string();
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(folder.path().join("broken.json"), "{\"Event\":").unwrap();
    let written = tempfile::tempdir().unwrap();
    let samples = root.join("tests/samples");
    for (place, of) in [(folder.path(), "."), (&samples, ".")] {
        let log = written.path().join("log.sarif");
        fs::write(&log, lint(place, &[of, "--sarif"]).stdout).unwrap();
        let judged = Command::new(&tool)
            .args(["validate", "--log", "ForceOverwrite", "--output"])
            .args([&written.path().join("judged.sarif"), &log])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&judged.stdout).into_owned();
        assert!(
            judged.status.success() && !said.contains("error"),
            "{of}: {said}"
        );
    }
}

#[test]
fn a_fix_is_shown_then_written_once() {
    let folder = folder();
    let path = folder.path().join("a.json");
    let before = fs::read_to_string(&path).unwrap();
    let shown = lint(folder.path(), &["a.json", "--fix", "--dry-run"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        text.contains(
            "@@ /Event/Attribute/0/value @@\n-\"evil[.]shiranui.jp\"\n+\"evil.shiranui.jp\""
        ),
        "{text}"
    );
    assert_eq!(
        (status(&shown), fs::read_to_string(&path).unwrap()),
        (1, before.clone())
    );

    let other = lint(folder.path(), &["a.json", "--fix", "-o", "fixed.json"]);
    assert_eq!(
        (status(&other), fs::read_to_string(&path).unwrap()),
        (0, before.clone())
    );
    let written = lint(folder.path(), &["a.json", "--fix"]);
    assert_eq!(status(&written), 0);
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(after, before.replace("evil[.]", "evil."), "no other byte");
    assert_eq!(
        after,
        fs::read_to_string(folder.path().join("fixed.json")).unwrap()
    );

    let again = lint(folder.path(), &["a.json", "--fix", "--dry-run"]);
    assert_eq!(
        (status(&again), fs::read_to_string(&path).unwrap()),
        (0, after)
    );
}

#[test]
fn a_whole_folder_is_fixed_lists_included() {
    let folder = folder();
    let list = ["hxxp://x[.]jp/", "https://y.jp/"].map(|url| {
        json!({"Event": {"info": "t", "Attribute": [{"type": "url", "category": "Network activity", "value": url}]}})
    });
    fs::write(folder.path().join("list.json"), json!(list).to_string()).unwrap();
    let output = lint(folder.path(), &[".", "--fix", "--json"]);
    assert_eq!(
        (
            status(&output),
            json_of(&output)["files"].as_array().unwrap().len()
        ),
        (0, 2)
    );
    let fixed = fs::read_to_string(folder.path().join("list.json")).unwrap();
    assert!(
        fixed.contains("http://x.jp/") && fixed.contains("https://y.jp/"),
        "{fixed}"
    );
}

#[test]
fn tags_are_proposed_and_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let galaxy = json!({"type": "threat-actor", "values": [{"value": "Kagerou Heron", "meta": {"synonyms": ["KH-7"]}}]});
    fs::write(folder.path().join("galaxy.json"), galaxy.to_string()).unwrap();
    fs::write(
        folder.path().join("e.json"),
        event("Tools of KH-7", "x.shiranui.jp").to_string(),
    )
    .unwrap();
    let output = lint(
        folder.path(),
        &["e.json", "--json", "--suggest", "--galaxies", "galaxy.json"],
    );
    let suggestion = &json_of(&output)["suggestions"][0];
    assert_eq!(
        suggestion["tag"],
        "misp-galaxy:threat-actor=\"Kagerou Heron\""
    );
    assert_eq!(
        (
            suggestion["confidence"].as_str(),
            suggestion["pointer"].as_str()
        ),
        (Some("high"), Some("/Event/info"))
    );
    assert_eq!(json_of(&output)["level"], "ioc");
}

#[test]
fn rules_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let output = lint(folder.path(), &["--rules"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        status(&output) == 0 && text.contains("defanged-value") && text.contains("exactness"),
        "{text}"
    );
    let rules = json_of(&lint(folder.path(), &["--rules", "--json"]));
    let points = rules
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["points"].as_u64().unwrap());
    assert_eq!(points.sum::<u64>(), 85);
    assert_eq!(status(&lint(folder.path(), &[])), 2, "a path is missing");
}

#[test]
fn data_that_is_none_is_named() {
    let folder = folder();
    let output = lint(folder.path(), &["a.json", "--warning-list", "a.json"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        status(&output) == 2 && text.contains("a warning list"),
        "{text}"
    );
}

#[test]
fn a_server_is_read_event_by_event() {
    let misp = Double::start();
    let [first, second, _] = ["first", "second", "third"].map(|name| {
        let mut event = event(name, &format!("{name}[.]shiranui.jp"));
        event["Event"]["uuid"] = json!(Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()));
        misp.hold(event.to_string().as_bytes())
    });

    let answer = json_of(&lint_at(&misp, &["", "--min-score", "0"]));
    let mut titles = answer["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| told["title"].as_str().unwrap())
        .collect::<Vec<_>>();
    titles.sort_unstable();
    assert_eq!(titles, ["first", "second", "third"]);

    let page = format!("/events/view/{first}");
    let alone = json_of(&lint_at(&misp, &[&page]));
    assert_eq!(alone["title"], "first");
    assert_eq!(alone["file"], format!("{}{page}", misp.url()));
    assert!(
        alone["counts"]["defanged-value"].as_u64() > Some(0),
        "{alone}"
    );

    // One that cannot be had keeps none of the others away, and is no success.
    let gone = format!("GET /events/view/{second}");
    misp.fail(&gone, Fault::Says(404, json!({ "message": "no" })));
    let output = lint_at(&misp, &["", "--min-score", "0"]);
    assert_eq!(status(&output), 2);
    assert_eq!(json_of(&output)["documents"].as_array().unwrap().len(), 2);
    misp.fail(&gone, Fault::Says(404, json!({ "message": "no" })));
    let output = lint_at(&misp, &[&format!("/events/view/{second}")]);
    assert_eq!(status(&output), 2);

    // A key that is refused keeps all of them away from then on; what came before is told whole.
    misp.fail(&gone, Fault::Says(403, json!({ "message": "no" })));
    let output = lint_at(&misp, &["", "--min-score", "0"]);
    assert_eq!(status(&output), 2);
    assert_eq!(json_of(&output)["failed"].as_array().unwrap().len(), 1);

    let output = lint_at(&misp, &["", "--fix"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("ayumi misp pull"), "{told}");
}
