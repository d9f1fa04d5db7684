use std::collections::HashMap;
use std::sync::LazyLock;

use crate::finding::Findings;
use crate::host;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "well-known-service",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is a service that everybody uses",
    why: "blocking it breaks work, and an alert on it says nothing",
    fix: "clear to_ids, or give the full URL, file or port that is bad",
    check: Check::Exactness(find),
};

static SERVICES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/well-known.tsv").lines();
    lines.filter_map(|line| line.split_once('\t')).collect()
});

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in subject.indicators() {
        if let Some(what) = item.parts().find_map(|(kind, part)| service(kind, part)) {
            findings.add_item(item, format_args!("is {what}"));
        }
    }
}

/// A URL with a path names more than its host.
fn service(kind: &str, part: &str) -> Option<&'static str> {
    if matches!(kind, "url" | "uri") && !host::is_bare_url(part) || kind.starts_with("email") {
        return None;
    }
    let host = host::host_of(kind, part)?.to_ascii_lowercase();
    let bare = host.strip_prefix("www.").unwrap_or(&host);
    SERVICES.get(bare).copied()
}
