use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "threat-links",
    severity: Severity::Note,
    reader: Reader::Analyst,
    finds: "is not linked by people: no object reference, report, note, opinion or relationship",
    why: "facts that nobody linked do not tell how the threat works",
    fix: "relate the objects to each other, or write an event report",
    check: Check::Share {
        points: 7,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    Share::whole_if(subject.document.is_linked())
}
