use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "unpublished",
    severity: Severity::Note,
    reader: Reader::Everyone,
    finds: "is not published",
    why: "MISP does not send it on, and feeds leave it out",
    fix: "publish it in MISP",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let unpublished = |event: &ayumi_misp::model::Event| event.published.is_false();
    if subject.document.event().is_some_and(unpublished) {
        findings.add_value(|| subject.member("published"), "false", RULE.finds);
    }
}
