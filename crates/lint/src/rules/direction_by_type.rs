use ayumi_misp::Direction;

use crate::facts::{Fact, Facts};
use crate::finding::Edit;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, machine};

pub(super) const RULE: Rule = Rule {
    id: "direction-by-type",
    severity: Severity::Note,
    reader: Reader::Operator,
    finds: "says its direction by the type ip-src or ip-dst alone",
    why: "tools that do not know MISP's convention turn an outbound address into an inbound rule",
    fix: "tag it ayumi:direction; --fix does",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if is_stated(&subject.tags) {
        return;
    }
    for item in subject.indicators().filter(|item| !is_stated(&item.tags)) {
        let direction = match item.kind.split('|').next() {
            Some("ip-dst") => Direction::Outbound,
            Some("ip-src") => Direction::Inbound,
            _ => continue,
        };
        let edit = |pointer| Edit::Tag {
            pointer,
            tag: format!("ayumi:direction=\"{direction}\""),
        };
        let message = format_args!("is {direction} by its type {} alone", item.kind);
        findings.add_fixable(
            Some(item),
            || item.pointer(),
            Some(&item.value),
            message,
            edit,
        );
    }
}

/// By a tag that names a direction, whatever else it names.
fn is_stated(tags: &[String]) -> bool {
    machine(tags).any(|(_, tag)| Facts::of(&tag).has(Fact::Direction))
}
