use std::cell::LazyCell;
use std::collections::HashSet;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "reference-dangling",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "refers to something that is not in the document",
    why: "the reader cannot follow it",
    fix: "share what it refers to as well, or remove the reference",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some(event) = subject.document.event() else {
        return; // an object alone may refer to the rest of its event
    };
    if !text(&event.extends_uuid).is_empty() {
        return; // what it refers to may be in the event that it extends
    }
    // Most events have no references.
    let known = LazyCell::new(|| {
        let objects = subject.document.objects();
        let attributes = subject.document.attributes();
        let reports = event.event_reports.iter();
        objects
            .map(|(_, object)| text(&object.uuid))
            .chain(attributes.map(|placed| text(&placed.attribute.uuid)))
            .chain(reports.map(|report| text(&report.uuid)))
            .collect::<HashSet<_>>()
    });
    for (pointer, object) in subject.objects() {
        for (index, reference) in object.references.places() {
            let wanted = text(&reference.referenced_uuid);
            if !reference.deleted.is_true() && !known.contains(&wanted) {
                let pointer = || format!("{pointer}/ObjectReference/{index}");
                findings.add_value(pointer, &wanted, RULE.finds);
            }
        }
    }
}
