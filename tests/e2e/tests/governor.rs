//! The governor makes a consortium, and nobody else changes it.

use ayumi_e2e::{Account, Outcome, World};

const KEY: &str = "0x0707070707070707070707070707070707070707070707070707070707070707";
const SOMEBODY: &str = "0x00000000000000000000000000000000000a11ce";

/// A consortium that nobody is in yet, and its governor.
fn fresh(world: &World) -> Account {
    let governor = world.governor();
    let deployed = governor
        .without("AYUMI_OPERATOR")
        .must(&["deploy", "--delivery-period", "60"]);
    let operator = deployed["operator"].as_str().expect("an address");
    governor.with("AYUMI_OPERATOR", operator)
}

/// Has an account register a solver of the first organisation.
fn register(account: &Account, endpoint: &str) -> Outcome {
    let solver = ["--organisation", "1", "--endpoint", endpoint];
    let key = ["--sealing-key", KEY];
    account.ayumi(&[&["solver", "register", SOMEBODY], &solver[..], &key].concat())
}

#[test]
fn a_consortium_grows() {
    let world = World::default();
    let governor = fresh(&world);
    assert_eq!(
        governor.ayumi(&["organisation", "list"]).negative(),
        serde_json::json!([])
    );
    assert_eq!(
        governor.must(&["organisation", "add", "Yamabiko Lab"])["organisation"],
        1
    );
    assert_eq!(
        governor.must(&["organisation", "add", "请求 Ltd."])["organisation"],
        2
    );
    let enrolled = governor.must(&[
        "organisation",
        "enrol",
        SOMEBODY,
        "--organisation",
        "Yamabiko Lab",
        "--team",
        "blue",
    ]);
    assert_eq!(
        (&enrolled["organisation"], &enrolled["number"]),
        (&1.into(), &1.into())
    );
    governor.must(&["organisation", "assign", SOMEBODY, "--team", "red"]);
    governor.must(&["organisation", "suspend", SOMEBODY]);
    governor.must(&["organisation", "suspend", "请求 Ltd."]);
    let listed = governor.must(&["organisation", "list"]);
    assert_eq!(listed[0]["accounts"][0]["team"], "red");
    assert_eq!(listed[0]["accounts"][0]["suspended"], true);
    assert_eq!(
        (&listed[0]["suspended"], &listed[1]["suspended"]),
        (&false.into(), &true.into())
    );
    governor.must(&["organisation", "reinstate", SOMEBODY]);
    governor.must(&["organisation", "reinstate", "2"]);
    let listed = governor.must(&["organisation", "list"]);
    assert_eq!(listed[0]["accounts"][0]["suspended"], false);
    assert_eq!(listed[1]["suspended"], false);
}

#[test]
fn a_solver_is_registered_changed_and_suspended() {
    let world = World::default();
    let governor = fresh(&world);
    governor.must(&["organisation", "add", "Yamabiko Lab"]);
    assert_eq!(
        governor.ayumi(&["solver", "list"]).negative(),
        serde_json::json!([])
    );
    let register = |endpoint: &str| register(&governor, endpoint);
    register("ftp://solver.example").fails("usage");
    register("https://solver.example/?q").fails("usage");
    assert_eq!(
        register("https://solver.example/").done()["endpoint"],
        "https://solver.example"
    );
    let again = register("https://solver.example");
    again.fails("already-registered");
    assert!(
        again.error()["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("ayumi solver update")),
        "{again}"
    );
    governor.must(&[
        "solver",
        "update",
        SOMEBODY,
        "--endpoint",
        "https://other.example/base/",
    ]);
    governor.must(&["solver", "suspend", SOMEBODY]);
    let listed = governor.must(&["solver", "list"]);
    assert_eq!(listed[0]["endpoint"], "https://other.example/base");
    assert_eq!(listed[0]["sealingKey"], KEY);
    assert_eq!(listed[0]["organisationName"], "Yamabiko Lab");
    assert_eq!(listed[0]["suspended"], true);
    governor.must(&["solver", "reinstate", SOMEBODY]);
    assert_eq!(governor.must(&["solver", "list"])[0]["suspended"], false);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let world = World::default();
    let governor = world.governor();
    let enrol = |organisation: &str, team: &str| {
        governor.ayumi(&[
            "organisation",
            "enrol",
            SOMEBODY,
            "--organisation",
            organisation,
            "--team",
            team,
        ])
    };
    for unknown in ["Nobody Inc.", "99"] {
        let refused = enrol(unknown, "");
        refused.fails("unknown-organisation");
        assert_eq!(
            refused.error()["hint"],
            "see the organisations: ayumi organisation list"
        );
    }
    let member = world.account("hinode").address.to_string();
    governor
        .ayumi(&["organisation", "enrol", &member, "--organisation", "1"])
        .fails("already-enrolled");
    enrol("1", "a label of more than thirty-two bytes").fails("usage");
    governor
        .ayumi(&["organisation", "enrol", "0x12", "--organisation", "1"])
        .fails("usage");
    governor
        .ayumi(&["organisation", "add", " "])
        .fails("bad-text");
    for (taken, name) in [
        ("Hinode CERT", "Hinode CERT"),
        ("Hinode CERT", " hinode cert "),
    ] {
        let said = governor
            .ayumi(&["organisation", "add", name])
            .fails("organisation-exists");
        assert!(said.contains(taken), "{said}");
    }
    governor
        .ayumi(&["organisation", "suspend", SOMEBODY])
        .fails("unknown-account");
    governor
        .ayumi(&[
            "solver",
            "update",
            SOMEBODY,
            "--endpoint",
            "http://localhost",
        ])
        .fails("unknown-solver");
    governor
        .ayumi(&["solver", "update", SOMEBODY])
        .fails("usage");
    governor
        .ayumi(&["deploy", "--delivery-period", "0"])
        .fails("usage");
}

#[test]
fn nobody_else_governs() {
    let world = World::default();
    for name in ["hinode", "kitakaze", "stranger"] {
        let account = world.account(name);
        account
            .ayumi(&["organisation", "add", "Mine"])
            .fails("not-governor");
        account
            .ayumi(&["organisation", "enrol", SOMEBODY, "--organisation", "1"])
            .fails("not-governor");
        account
            .ayumi(&["organisation", "suspend", "1"])
            .fails("not-governor");
        register(account, "http://localhost").fails("not-governor");
    }
    assert_eq!(
        world
            .governor()
            .must(&["solver", "list"])
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
