use crate::dates::{day, instant};
use crate::finding::Edit;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "retention-only",
    severity: Severity::Note,
    reader: Reader::Operator,
    finds: "says until when it is valid by a retention tag alone",
    why: "each reader has to count from the event's date, and MISP alone does",
    fix: "add the day as ayumi:valid-until; --fix does",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let until = subject.context.valid_until;
    let by_retention = subject
        .machine()
        .any(|(_, tag)| tag.namespace == "retention");
    let by_day = subject.machine().any(|(_, tag)| {
        (tag.namespace.as_str(), tag.predicate.as_str()) == ("ayumi", "valid-until")
    });
    if until == 0 || !by_retention || by_day || subject.document.event().is_none() {
        return;
    }
    let edit = |pointer| Edit::Tag {
        pointer,
        tag: format!("ayumi:valid-until=\"{}\"", instant(until)),
    };
    let message = format!("is valid until {} by a retention tag alone", day(until));
    findings.add_fixable(None, || subject.pointer(), None, message, edit);
}
