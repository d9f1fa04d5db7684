use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "title-missing",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "has no title",
    why: "nobody finds or opens it",
    fix: "say in one line what threat it is about",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.document.event().is_some() && subject.context.title.is_empty() {
        findings.add(|| subject.member("info"), RULE.finds);
    }
}
