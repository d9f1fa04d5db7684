use ayumi_misp::Audience;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "no-indicators",
    severity: Severity::Note,
    reader: Reader::Operator,
    finds: "has nothing that is marked for detection",
    why: "operators have nothing to load into a device",
    fix: "set to_ids on what a device should look for, or say that it is for analysts: ayumi:audience=\"analyst\"",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let for_analysts = subject.context.audience;
    let is_meant = !for_analysts.is_empty() && !for_analysts.contains(Audience::Operator);
    if subject.indicators().next().is_none() && !is_meant {
        findings.add(|| subject.pointer(), RULE.finds);
    }
}
