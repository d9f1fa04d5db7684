//! TLP 2.0, as OASIS defines it (<https://github.com/oasis-open/cti-stix-common-objects>, `extension-definition-specifications/tlp-2.0`).

use ayumi_misp::{Tlp, Word};
use serde_json::{Value, json};

const EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The id of a mark's definition; `None` where there is no mark.
pub(super) fn id(tlp: Tlp) -> Option<&'static str> {
    match tlp {
        Tlp::Unstated => None,
        Tlp::Clear => Some("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"),
        Tlp::Green => Some("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
        Tlp::Amber => Some("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
        Tlp::AmberStrict => Some("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"),
        Tlp::Red => Some("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"),
    }
}

/// A mark's definition, word for word as OASIS has it.
pub(super) fn definition(tlp: Tlp) -> Option<Value> {
    let id = id(tlp)?;
    Some(json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id,
        "created": "2022-10-01T00:00:00.000Z",
        "name": format!("TLP:{}", tlp.name().to_uppercase()),
        "extensions": { EXTENSION: { "extension_type": "property-extension", "tlp_2_0": tlp.name() } },
    }))
}
