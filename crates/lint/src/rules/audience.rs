use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "audience",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "does not say for whom it is",
    why: "operators, analysts and executives each read it to find that it is for the others",
    fix: "tag it ayumi:audience=\"operator\", \"analyst\" or \"executive\"",
    check: Check::Share {
        points: 7,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Audience)
}
