use crate::finding::Findings;
use crate::host::{self, Special};
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "private-address",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is an address or name that means something else in every network",
    why: "a device that blocks it cuts off its own network, or nothing",
    fix: "remove it, or clear to_ids and say in the comment whose network it was",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in subject.indicators() {
        for (kind, part) in item.parts() {
            let found = host::host_of(kind, part).and_then(host::special);
            if let Some(Special::Private(what)) = found {
                findings.add_item(item, format_args!("is {what}"));
                break;
            }
        }
    }
}
