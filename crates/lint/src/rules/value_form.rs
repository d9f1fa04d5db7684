use crate::finding::Findings;
use crate::form;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "value-form",
    severity: Severity::Error,
    reader: Reader::Operator,
    finds: "does not have the form of its type",
    why: "what a device cannot read it refuses, often with the whole list",
    fix: "correct the value or the type",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in &subject.items {
        if item.value.trim().is_empty() {
            findings.add_item(item, "has no value");
            continue;
        }
        let kinds = item.kind.split('|').count();
        if item.parts().count() < kinds {
            findings.add_item(
                item,
                format_args!("has fewer parts than its type {}", item.kind),
            );
        } else if let Some(expected) = item
            .parts()
            .find_map(|(kind, part)| form::wrong(kind, part))
        {
            findings.add_item(item, format_args!("is no {}: {expected}", item.kind));
        }
    }
}
