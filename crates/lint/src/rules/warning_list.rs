use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "warning-list",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is on a warning list",
    why: "MISP users found that such values give false alarms",
    fix: "remove it, clear to_ids, or say in the comment why it is bad all the same",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let lists = &subject.settings.warning_lists;
    if lists.is_empty() {
        return;
    }
    for item in subject.indicators() {
        let mut parts = item.parts();
        if let Some(name) = parts.find_map(|(kind, part)| lists.find(&item.kind, kind, part)) {
            findings.add_item(item, format_args!("is on the warning list \"{name}\""));
        }
    }
}
