use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "expected-action",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "does not say what to do with it",
    why: "each reader guesses: block, alert, search, or nothing",
    fix: "tag it ayumi:expected-action=\"block-outbound\", or coa:deny=\"proxy\"",
    check: Check::Share {
        points: 10,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of(Fact::Action)
}
