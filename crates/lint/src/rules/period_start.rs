use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "period-start",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "does not say from when it is valid",
    why: "logs can be searched only from a day on",
    fix: "set first_seen on the indicators or their objects, or tag the event ayumi:valid-from=\"2026-01-31\"",
    check: Check::Share {
        points: 6,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::From)
}
