//! The soak finds what it must: each flaw that is put in makes it fail, and tells why.

use std::process::{Command, Output};

/// A soak of a few seconds with this flaw.
fn soak(flaw: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi-soak"));
    command.args(["0.1", "--seed", "7", "--flaw", flaw]);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    command.arg("--logs").arg(folder.path());
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the soak was built");
    let said = [stdout, stderr].concat();
    (
        status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn finds(flaw: &str, what: &[&str]) {
    let (good, said) = soak(flaw);
    assert!(!good, "{flaw} was not found: {said}");
    for what in what {
        assert!(said.contains(what), "{what:?} is not in: {said}");
    }
}

#[test]
fn a_delivery_that_is_in_no_books_is_found() {
    finds(
        "forget",
        &[
            "LOST task",
            "nobody has the file",
            "log ends",
            ": delivered",
        ],
    );
}

#[test]
fn a_solver_that_lies_is_found() {
    finds("lie", &["FOUND", "is not what the producer"]);
}

#[test]
fn tickets_that_nobody_wanted_are_found() {
    finds("double", &["DOUBLED", "tickets of"]);
}

#[test]
fn a_till_that_is_not_even_is_found() {
    finds("till", &["1 left after all was paid"]);
}
