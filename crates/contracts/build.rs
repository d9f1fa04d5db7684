//! Takes the creation code of the contracts from what forge compiled.

use std::path::Path;
use std::{env, fs};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    println!("cargo::rerun-if-changed=build.rs");
    for contract in ["Consortium", "CTIOperator"] {
        let artifact = root.join(format!("out/{contract}.sol/{contract}.json"));
        println!("cargo::rerun-if-changed={}", artifact.display());
        let code = creation_code(&artifact).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; run scripts/toolchain first, which compiles the contracts",
                artifact.display()
            )
        });
        fs::write(Path::new(&target).join(contract), code).expect("OUT_DIR can be written to");
    }
}

fn creation_code(artifact: &Path) -> Result<Vec<u8>, String> {
    let text = fs::read(artifact).map_err(|error| error.to_string())?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let code = json["bytecode"]["object"]
        .as_str()
        .ok_or("no creation code in it")?;
    hex::decode(code.trim_start_matches("0x")).map_err(|error| error.to_string())
}
