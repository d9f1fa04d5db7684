use ayumi_misp::{Action, Pap};

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "action-against-pap",
    severity: Severity::Error,
    reader: Reader::Operator,
    finds: "asks for an action that its PAP mark forbids",
    why: "who follows the one breaks the other, and may warn the adversary",
    fix: "state actions that the mark allows, or another mark",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let actions = subject.context.expected_actions;
    let forbidden: &[Action] = match subject.context.pap {
        Pap::Red | Pap::Amber => &ACTIVE,
        Pap::Unstated | Pap::Clear | Pap::Green => return,
    };
    for action in forbidden.iter().filter(|action| actions.contains(**action)) {
        let message = format!("expects {action}, and is PAP:{}", subject.context.pap);
        findings.add(|| subject.pointer(), message);
    }
}

/// What whoever is on the other side can notice.
const ACTIVE: [Action; 5] = [
    Action::BlockOutbound,
    Action::BlockInbound,
    Action::FilterMail,
    Action::Deceive,
    Action::TakeDown,
];
