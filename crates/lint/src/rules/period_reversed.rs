use ayumi_misp::{Note, Text, moment};

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "period-reversed",
    severity: Severity::Error,
    reader: Reader::Operator,
    finds: "ends before it starts",
    why: "no reader can tell which of the two dates is wrong",
    fix: "correct the dates",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.notes.contains(&Note::PeriodReversed) {
        findings.add(
            || subject.pointer(),
            "is valid until a day before it is valid from",
        );
    }
    for (pointer, object) in subject.objects() {
        check(&object.first_seen, &object.last_seen, || pointer, findings);
    }
    for item in &subject.items {
        let attribute = item.attribute();
        check(
            &attribute.first_seen,
            &attribute.last_seen,
            || item.pointer(),
            findings,
        );
    }
}

fn check(first: &Text, last: &Text, holder: impl FnOnce() -> String, findings: &mut Findings<'_>) {
    if last.is_absent() || first.is_absent() {
        return;
    }
    let (first, last) = (text(first), text(last));
    if let (Some(from), Some(until)) = (moment(&first), moment(&last))
        && until < from
    {
        let message = format!("was last seen before it was first seen, {first}");
        findings.add_value(|| format!("{}/last_seen", holder()), &last, message);
    }
}
