//! Where the programs are that the tests start.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The project's folder.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        here.canonicalize()
            .expect("the project is where it was built")
    })
}

/// The command `ayumi`.
pub fn ayumi() -> PathBuf {
    built().join("ayumi")
}

/// The daemon `ayumi-solver`.
pub fn solver() -> PathBuf {
    built().join("ayumi-solver")
}

/// The daemon `ayumi-auditor`.
pub fn auditor() -> PathBuf {
    built().join("ayumi-auditor")
}

/// The solver that lies to consumers, or ends where a test says.
pub fn test_solver() -> PathBuf {
    built().join("test-solver")
}

/// Foundry's node.
pub fn anvil() -> PathBuf {
    env::var_os("AYUMI_ANVIL").map_or_else(packaged_anvil, PathBuf::from)
}

fn packaged_anvil() -> PathBuf {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        env::consts::OS
    };
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    root().join(format!(
        "node_modules/@foundry-rs/anvil-{system}-{architecture}/bin/anvil"
    ))
}

/// The folder of the programs, which are built first if they are not those of the sources: cargo builds only the
/// programs of a test's own package by itself. `AYUMI_PROGRAMS` names a folder with programs to take instead.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        if let Some(folder) = env::var_os("AYUMI_PROGRAMS") {
            return folder.into();
        }
        let folder = folder_of_profile();
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(root())
            .args(["build", "--workspace", "--bins", "--quiet"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "the programs are not built");
        folder
    })
}

/// `target/debug` or `target/release`: the folder above that of the test, or of the program itself.
fn folder_of_profile() -> PathBuf {
    let program = env::current_exe().expect("a program knows where it is");
    let folder = program.parent().expect("a program is in a folder");
    if folder.ends_with("deps") {
        return folder
            .parent()
            .expect("deps is in the folder of a profile")
            .to_owned();
    }
    folder.to_owned()
}
