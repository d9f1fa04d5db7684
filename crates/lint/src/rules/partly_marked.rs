use ayumi_misp::Note;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "partly-marked",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "has marks on some attributes, and none on the whole",
    why: "nobody knows what the other attributes and the title are marked",
    fix: "put the strictest mark on the event too",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for note in subject.notes {
        if let Note::PartlyMarked { what } = note {
            let message = format!("states its {what} on some attributes only");
            findings.add(|| subject.pointer(), message);
        }
    }
}
