use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "pap",
    severity: Severity::Note,
    reader: Reader::Operator,
    finds: "has no PAP mark",
    why: "the reader cannot tell whether the adversary may notice what is done",
    fix: "tag it PAP:GREEN where blocking is allowed, PAP:AMBER for passive checks, PAP:RED for what nobody can notice",
    check: Check::Share {
        points: 4,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Pap)
}
