use std::collections::HashMap;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Item, Subject};

pub(super) const RULE: Rule = Rule {
    id: "duplicate-value",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is in the event twice",
    why: "it is counted twice, and corrected once",
    fix: "keep the one that says more",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let mut first = HashMap::with_capacity(subject.items.len());
    for item in subject.indicators() {
        let place = (item.kind.as_ref(), item.plain.as_ref(), of_object(item));
        if let Some(earlier) = first.insert(place, item.index) {
            let earlier = subject.items[earlier].pointer();
            findings.add_item(item, format_args!("is the same as {earlier}"));
        }
    }
}

/// The same file name in two objects is two files; only values alone are the same.
fn of_object(item: &Item<'_>) -> Option<usize> {
    item.object()
        .map(|object| std::ptr::from_ref(object).addr())
}
