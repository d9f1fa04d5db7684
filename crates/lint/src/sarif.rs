//! Reports for CI, in SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>).
//!
//! Results are written while they come, so that a log of any length takes no memory: [`opening`], a [`result`] for each finding
//! with commas between, [`closing`].

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::rule::Rule;
use crate::rules::RULES;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What comes before the results.
pub fn opening(version: &str) -> String {
    let rules = RULES.iter().map(descriptor).collect::<Vec<_>>();
    let driver = json!({ "name": "ayumi", "version": version, "rules": rules });
    format!(
        "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\
         \"columnKind\":\"unicodeCodePoints\",\"results\":["
    )
}

/// One finding in a file.
pub fn result(finding: &Finding, path: &Path) -> Value {
    let index = RULES.iter().position(|rule| rule.id == finding.rule);
    let mut physical = json!({ "artifactLocation": { "uri": uri(path) } });
    if let Some(place) = finding.place {
        physical["region"] = json!({
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        });
    }
    let text = match &finding.value {
        Some(value) => format!("{value:?} {}. {}", finding.message, finding.fix),
        None => format!("The document {}. {}", finding.message, finding.fix),
    };
    json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": { "text": text },
        "locations": [{
            "physicalLocation": physical,
            "logicalLocations": [{ "fullyQualifiedName": finding.pointer, "kind": "value" }],
        }],
    })
}

/// What comes after the results; `failures` are files that could not be read, with the cause.
pub fn closing(failures: &[(String, String)]) -> String {
    let notifications = failures.iter().map(|(path, cause)| {
        json!({
            "level": "error",
            "message": { "text": cause },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(Path::new(path)) } } }],
        })
    });
    let invocation = json!({
        "executionSuccessful": failures.is_empty(),
        "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
    });
    format!("],\"invocations\":[{invocation}]}}]}}")
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": format!("The place {}.", rule.finds) },
        "fullDescription": { "text": format!("{}: {}.", rule.reader, rule.why) },
        "help": { "text": rule.fix },
        "defaultConfiguration": { "level": rule.severity },
        "properties": { "reader": rule.reader, "points": rule.points(), "exactness": rule.is_exactness() },
    })
}

/// A relative path as it is, an absolute one as a `file:` URI.
fn uri(path: &Path) -> String {
    let mut uri = String::new();
    if path.is_absolute() {
        uri.push_str("file://");
    }
    let text = path.to_string_lossy();
    for byte in text.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri() {
        assert_eq!(uri(Path::new("./a b/é.json")), "a%20b/%C3%A9.json");
        assert_eq!(uri(Path::new("/tmp/a.json")), "file:///tmp/a.json");
    }
}
