use ayumi_misp::Note;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "conflicting-marks",
    severity: Severity::Error,
    reader: Reader::Everyone,
    finds: "has marks of one kind that contradict each other",
    why: "two readers will treat the same event differently; the strictest mark counts",
    fix: "keep one TLP, one PAP and one iep:commercial-use tag",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for note in subject.notes {
        if let Note::Contradiction { what } = note {
            let message = format!("has several {what} tags that contradict each other");
            findings.add(|| subject.member("Tag"), message);
        }
    }
}
