//! What the command says where it needs no chain.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn ayumi(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/home/ayumi")
        .env("COLUMNS", "100");
    command.args(arguments).output().unwrap()
}

/// stdout, stderr and the exit status, as a shell would show them.
fn shown(output: &Output) -> String {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{stdout}{stderr}[exit {}]", output.status.code().unwrap())
}

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")
}

#[test]
fn help_tells_the_arguments() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["publish", "use", "search", "buy", "export"] {
        insta::assert_snapshot!(
            format!("help-{command}"),
            shown(&ayumi(folder.path(), &[command, "--help"]))
        );
    }
}

#[test]
fn errors_are_one_line_and_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("text.json", "hello");
    write("twice.json", r#"{"Event": {"info": "a", "info": "b"}}"#);
    write("empty.json", r#"{"Event": {"info": "a", "Attribute": []}}"#);
    write("deep.json", &"[".repeat(100_000));
    write("stix.json", r#"{"type": "bundle", "objects": []}"#);
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    let big = fs::File::create(folder.path().join("big.json")).unwrap();
    big.set_len(100 * 1024 * 1024).unwrap();

    let files = [
        "missing", "folder", "text", "twice", "empty", "deep", "stix", "big",
    ];
    let told = files.map(|name| {
        let file = format!("{name}.json");
        format!(
            "$ ayumi lint {file}\n{}\n",
            shown(&ayumi(folder.path(), &["lint", &file]))
        )
    });
    insta::assert_snapshot!("errors-of-files", told.concat());
}

#[test]
fn settings_that_are_missing_or_wrong_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let operator = "--operator=0x0000000000000000000000000000000000000001";
    let node = "--rpc-url=http://127.0.0.1:1";
    fs::write(folder.path().join("network.toml"), "colour = 1").unwrap();
    let commands: &[&[&str]] = &[
        &["search"],
        &["search", operator, node],
        &["search", operator, "--network=network.toml"],
        &["balance", operator, node],
        &["account", "show"],
        &["account", "show", "--account=nobody", "--json"],
        &["account", "new", "../x"],
        &["show", "x", "--json"],
        &["buy", "1-1", "--quantity=0", "--json"],
        &[
            "feedback",
            "give",
            "1",
            "--outcome=great",
            "--usefulness=9",
            "--json",
        ],
        &["frobnicate", "--json"],
    ];
    let told = commands.iter().map(|arguments| {
        format!(
            "$ ayumi {}\n{}\n",
            arguments.join(" "),
            shown(&ayumi(folder.path(), arguments))
        )
    });
    insta::assert_snapshot!("errors-of-settings", told.collect::<String>());
}

#[test]
fn lint_and_dry_run_tell_what_is_missing_and_what_leaks() {
    let folder = samples();
    let (complete, bare) = ("kagerou-beacons.json", "webmail-spraying.json");
    let publish = |more: &[&'static str]| {
        [&["publish", complete, "--price=0.01", "--stock=5"], more].concat()
    };
    let commands: &[Vec<&str>] = &[
        vec!["lint", complete],
        vec!["lint", bare, "--json"],
        publish(&["--dry-run", "--reward=12.5"]),
        publish(&["--title=Block 192.0.2.77"]),
        publish(&["--description=It calls parcel-status[.]example", "--json"]),
        publish(&["--valid-until=2026-01-01"]),
        publish(&["--valid-until=2020-01-01", "--valid-from=2019-01-01"]),
        vec!["publish", bare, "--price=0", "--stock=1"],
        vec!["publish", complete, "--price=-1", "--stock=5"],
        vec![
            "publish",
            complete,
            "--price=0.0000000000000000001",
            "--stock=5",
        ],
    ];
    let told = commands.iter().map(|arguments| {
        format!(
            "$ ayumi {}\n{}\n",
            arguments.join(" "),
            shown(&ayumi(&folder, arguments))
        )
    });
    insta::assert_snapshot!("listings", told.collect::<String>());
}

#[test]
fn exports_tell_what_they_leave_out() {
    let folder = samples();
    let file = "kagerou-beacons.json";
    let commands: &[&[&str]] = &[
        &["--format=list"],
        &[
            "--format=list",
            "--control-point=firewall",
            "--direction=inbound",
        ],
        &["--format=rpz", "--json"],
        &["--format=suricata", "--control-point=dns"],
        &["--format=csv", "--all"],
        &["--format=zeek", "--at=2027-01-01"],
        &["--format=pdf"],
        &["--format=list", "--force"],
    ];
    let told = commands.iter().map(|options| {
        let at: &[&str] = if options.iter().any(|option| option.starts_with("--at")) {
            &[]
        } else {
            &["--at=2026-03-05"]
        };
        let arguments = [&["export", file], *options, at].concat();
        format!(
            "$ ayumi {}\n{}\n",
            arguments.join(" "),
            shown(&ayumi(&folder, &arguments))
        )
    });
    insta::assert_snapshot!("exports", told.collect::<String>());
}

#[test]
fn a_folder_is_one_export_and_a_file_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    for sample in ["kagerou-beacons.json", "bare-blocklist.json"] {
        fs::copy(samples().join(sample), folder.path().join(sample)).unwrap();
    }
    write("manifest.json", "{}");
    write("notes.txt", "no document");
    write("taken.txt", "something else");
    fs::create_dir(folder.path().join("empty")).unwrap();
    let export = |options: &[&str]| {
        let arguments = [&["export"], options, &["--format=list", "--at=2026-03-05"]].concat();
        format!(
            "$ ayumi {}\n{}\n",
            arguments.join(" "),
            shown(&ayumi(folder.path(), &arguments))
        )
    };
    let told = [
        export(&["."]),
        export(&[".", "-o", "taken.txt"]),
        export(&[".", "-o", "taken.txt", "--force", "--json"]),
        export(&["empty"]),
        export(&["missing.json"]),
        export(&["-"]),
    ];
    insta::assert_snapshot!("exports-of-folders", told.concat());
    let (written, shown) = (
        fs::read_to_string(folder.path().join("taken.txt")).unwrap(),
        export(&["."]),
    );
    assert!(shown.contains(&written), "the file has what stdout has");
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_reads_and_writes_files_whose_names_are_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let odd = |name| OsStr::from_bytes(name);
    let sample = samples().join("kagerou-beacons.json");
    fs::copy(sample, folder.path().join(odd(b"a-\xff.json"))).unwrap();
    fs::write(folder.path().join(odd(b"b-\xff.json")), "{}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
    command.current_dir(folder.path()).env_clear();
    command.args([
        "export",
        ".",
        "--format=list",
        "--at=2026-03-05",
        "--json",
        "-o",
    ]);
    let output = command.arg(odd(b"list-\xff")).output().unwrap();
    assert_ne!(output.status.code(), Some(101), "{}", shown(&output));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("list-\u{fffd}") && told.contains("b-\u{fffd}.json"),
        "{told}"
    );
    assert!(folder.path().join(odd(b"list-\xff")).exists());
}

#[test]
fn a_list_of_accounts_tells_the_addresses_that_the_keystores_tell() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("password"), "secret").unwrap();
    let foundry = folder.path().join("foundry");
    let account = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
        command.current_dir(folder.path()).env_clear();
        command.env("FOUNDRY_DIR", &foundry).env("COLUMNS", "200");
        command.args(["account", "--password-file=password"]);
        shown(&command.args(arguments).output().unwrap())
    };
    let none = account(&["list"]);
    assert_eq!(
        none,
        "there are no keystores: make one with ayumi account new NAME\n[exit 0]"
    );

    let made = account(&["new", "tidy", "--json"]);
    let made = made.lines().next().unwrap();
    let made = serde_json::from_str::<serde_json::Value>(made).unwrap();
    let address = made["address"].as_str().unwrap();
    let listed = account(&["list"]).to_lowercase();
    assert!(listed.contains(address), "{listed}");

    let keystore = foundry.join("keystores/tidy");
    let text = fs::read_to_string(&keystore).unwrap();
    let mut json = serde_json::from_str::<serde_json::Value>(&text).unwrap();
    json.as_object_mut().unwrap().remove("address");
    fs::write(&keystore, json.to_string()).unwrap();
    let listed = account(&["list"]);
    assert!(listed.contains("tidy  locked"), "{listed}");
    let shown = account(&["show", "--account=tidy", "--json"]);
    assert!(shown.contains(address), "{shown}");
}
