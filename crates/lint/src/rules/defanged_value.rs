use crate::finding::Edit;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "defanged-value",
    severity: Severity::Error,
    reader: Reader::Operator,
    finds: "is written so that nobody clicks on it",
    why: "a device looks for the text as it is, and finds nothing",
    fix: "write it as it occurs in traffic; --fix does",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in &subject.items {
        if item.plain != item.value.trim() {
            let pointer = || format!("{}/value", item.pointer());
            let message = format_args!("is defanged; devices need {}", item.plain);
            let edit = |pointer| Edit::Replace {
                pointer,
                with: item.plain.clone().into_owned(),
            };
            findings.add_fixable(Some(item), pointer, Some(&item.value), message, edit);
        }
    }
}
