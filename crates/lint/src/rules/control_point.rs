use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "control-point",
    severity: Severity::Note,
    reader: Reader::Operator,
    finds: "does not say where it is put to use",
    why: "the reader has to find out which device can use it",
    fix: "tag it ayumi:control-point=\"proxy\", or coa:detect=\"nids\"",
    check: Check::Share {
        points: 5,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of_network(Fact::ControlPoint)
}
