//! An anvil on which gas is free.

use std::path::{Path, PathBuf};

use alloy::node_bindings::{Anvil, AnvilInstance};

const FREE: &str =
    "--base-fee 0 --gas-price 0 --no-priority-fee --hardfork cancun --slots-in-an-epoch 0";

/// Starts one, told this besides. It ends when it is dropped.
pub fn anvil(more: &[&str]) -> AnvilInstance {
    let anvil = Anvil::at(program()).args(FREE.split(' ')).args(more);
    anvil.timeout(60_000).spawn()
}

/// The native binary; the wrapper of npm exits 0 whatever happens.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("AYUMI_ANVIL") {
        return program.into();
    }
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", _) => "darwin-amd64",
        (_, "aarch64") => "linux-arm64",
        _ => "linux-amd64",
    };
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/@foundry-rs");
    packages.join(format!("anvil-{platform}/bin/anvil"))
}
