use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tlp",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "has no TLP mark",
    why: "the reader may not pass it on, or passes on what should stay",
    fix: "tag it tlp:clear, tlp:green, tlp:amber, tlp:amber+strict or tlp:red",
    check: Check::Share {
        points: 8,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Tlp)
}
