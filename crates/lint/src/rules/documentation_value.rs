use crate::finding::Findings;
use crate::host::{self, Special};
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "documentation-value",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is an address or name that is reserved for examples",
    why: "it occurs in no traffic: a test event, or a placeholder that was left",
    fix: "put the real value, or remove it",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in subject.indicators() {
        for (kind, part) in item.parts() {
            let found = host::host_of(kind, part).and_then(host::special);
            if let Some(Special::Documentation(what)) = found {
                findings.add_item(item, format_args!("is {what}"));
                break;
            }
        }
    }
}
