use std::collections::HashSet;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "uuid",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "has no uuid of its own",
    why: "without it MISP imports it again each time, and sightings do not find it",
    fix: "give each event, object and attribute a uuid of its own",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let mut seen = HashSet::new();
    let mut check = |uuid: &str, pointer: &dyn Fn() -> String| {
        if !is_uuid(uuid) {
            findings.add_value(|| format!("{}/uuid", pointer()), uuid, "has no uuid");
        } else if !seen.insert(uuid.to_ascii_lowercase()) {
            findings.add_value(
                || format!("{}/uuid", pointer()),
                uuid,
                "has the uuid of something else in the document",
            );
        }
    };
    if let Some(event) = subject.document.event() {
        check(&text(&event.uuid), &|| subject.pointer());
    }
    for (pointer, object) in subject.objects() {
        check(&text(&object.uuid), &|| pointer.clone());
    }
    for item in &subject.items {
        check(&text(&item.attribute().uuid), &|| item.pointer());
    }
}

fn is_uuid(text: &str) -> bool {
    let parts = text.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
