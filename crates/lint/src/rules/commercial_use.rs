use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "commercial-use",
    severity: Severity::Warning,
    reader: Reader::Executive,
    finds: "does not say whether commercial use is allowed",
    why: "a provider that protects customers with it does not know whether it may",
    fix: "tag it iep:commercial-use=\"MAY\" or iep:commercial-use=\"MUST NOT\"",
    check: Check::Share {
        points: 4,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::CommercialUse)
}
