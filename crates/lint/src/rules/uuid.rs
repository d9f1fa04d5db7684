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
    let mut seen = HashSet::with_capacity(subject.items.len());
    let mut check = |uuid: &str, pointer: &dyn Fn() -> String| {
        let message = match number(uuid) {
            None => "has no uuid",
            Some(number) if !seen.insert(number) => {
                "has the uuid of something else in the document"
            }
            Some(_) => return,
        };
        findings.add_value(|| format!("{}/uuid", pointer()), uuid, message);
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

/// The number that a uuid writes, in either case; `None` if the text is none.
fn number(text: &str) -> Option<u128> {
    let parts = text.split('-').map(str::len);
    let mut digits = text.bytes().filter(|byte| *byte != b'-');
    let add = |number, digit: u8| Some(number << 4 | u128::from(char::from(digit).to_digit(16)?));
    let is_formed = parts.eq([8, 4, 4, 4, 12]);
    is_formed.then(|| digits.try_fold(0, add)).flatten()
}
