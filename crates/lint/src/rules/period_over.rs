use crate::dates::day;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "period-over",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is no longer valid",
    why: "blocking what is over costs false alarms and finds nothing",
    fix: "extend the period if it is still seen; else say so with a sighting of the type expiration",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let until = subject.context.valid_until;
    if until != 0 && until < subject.settings.now {
        findings.add(
            || subject.pointer(),
            format!("was valid until {} only", day(until)),
        );
    }
}
