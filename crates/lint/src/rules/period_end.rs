use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "period-end",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "does not say until when it is valid",
    why: "a block that never ends hits whoever has the address next",
    fix: "tag the event ayumi:valid-until=\"2026-12-31\", or retention:3m",
    check: Check::Share {
        points: 8,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Until)
}
