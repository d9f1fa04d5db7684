use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "confidence",
    severity: Severity::Note,
    reader: Reader::Analyst,
    finds: "does not say how sure the author is",
    why: "without it a reader can only trust all or nothing",
    fix: "tag it: estimative-language:confidence-in-analytic-judgment=\"high\", admiralty-scale:information-credibility=\"2\", false-positive:risk=\"low\"; or give an opinion",
    check: Check::Share {
        points: 5,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Confidence)
}
