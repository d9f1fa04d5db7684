use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "reference-kind",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "refers to something without saying how",
    why: "a line between two things that says nothing is no intelligence",
    fix: "set relationship_type: communicates-with, drops, exploits …",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (pointer, object) in subject.objects() {
        for (index, reference) in object.references.places() {
            let says = !text(&reference.relationship_type).trim().is_empty()
                && !reference.relationship_type.is_false();
            if !reference.deleted.is_true() && !says {
                let pointer = || format!("{pointer}/ObjectReference/{index}/relationship_type");
                findings.add_value(pointer, &text(&reference.referenced_uuid), RULE.finds);
            }
        }
    }
}
