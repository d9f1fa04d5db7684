use crate::finding::Findings;
use crate::kind;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "type-unknown",
    severity: Severity::Error,
    reader: Reader::Everyone,
    finds: "is of a type that MISP does not have",
    why: "MISP refuses it, and exports leave it out",
    fix: "use one of MISP's types",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in &subject.items {
        if kind::categories(&item.kind).is_none() {
            let message = match &*item.kind {
                "" => "has no type".to_owned(),
                unknown => format!("is of the type \"{unknown}\", which MISP does not have"),
            };
            findings.add_member(item, "type", &item.kind, message);
        }
    }
}
