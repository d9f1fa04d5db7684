use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "threat-context",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "names no threat",
    why: "the values alone do not say what an alert on them means",
    fix: "tag the event, or each indicator, with a galaxy cluster or a threat taxonomy: misp-galaxy:threat-actor=\"…\", kill-chain:Delivery",
    check: Check::Share {
        points: 13,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Threat)
}
