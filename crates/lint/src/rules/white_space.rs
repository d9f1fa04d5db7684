use crate::finding::Edit;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Item, Subject};

pub(super) const RULE: Rule = Rule {
    id: "white-space",
    severity: Severity::Error,
    reader: Reader::Operator,
    finds: "has white space around it",
    why: "a device looks for the white space too",
    fix: "remove it; --fix does",
    check: Check::Exactness(find),
};

/// Types of which the white space may be meant.
const PROSE: [&str; 9] = [
    "attachment",
    "comment",
    "email-body",
    "email-header",
    "other",
    "pattern-in-file",
    "text",
    "yara",
    "sigma",
];

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in &subject.items {
        let is_only_space = item.plain == item.value.trim();
        if item.value.trim().len() == item.value.len() || !is_only_space || is_prose(item) {
            continue;
        }
        let pointer = || format!("{}/value", item.pointer());
        let edit = |pointer| Edit::Replace {
            pointer,
            with: item.value.trim().to_owned(),
        };
        findings.add_fixable(Some(item), pointer, Some(&item.value), RULE.finds, edit);
    }
}

fn is_prose(item: &Item<'_>) -> bool {
    PROSE.contains(&&*item.kind) || item.value.contains('\n') && item.value.trim().contains('\n')
}
