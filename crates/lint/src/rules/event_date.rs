use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "event-date",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "has no date",
    why: "the reader cannot tell whether it is of today or of last year",
    fix: "set date, YYYY-MM-DD",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if let Some(event) = subject.document.event() {
        let written = text(&event.date);
        if written.trim().parse::<jiff::civil::Date>().is_err() {
            findings.add_value(|| subject.member("date"), &written, RULE.finds);
        }
    }
}
