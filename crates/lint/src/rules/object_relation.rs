use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "object-relation",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "has no role in its object",
    why: "nobody can tell which of the object's values it is",
    fix: "set object_relation as the template names it",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in &subject.items {
        let relation = &item.attribute().object_relation;
        if item.object().is_some() && text(relation).is_empty() {
            let pointer = || format!("{}/object_relation", item.pointer());
            findings.add_value(pointer, &item.value, RULE.finds);
        }
    }
}
