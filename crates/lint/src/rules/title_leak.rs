use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "title-leak",
    severity: Severity::Error,
    reader: Reader::Everyone,
    finds: "is an indicator that the title gives away",
    why: "titles are shown to people who may not see the event, and are published on chain",
    fix: "say what the threat is without its indicators",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for leak in subject.leaks() {
        findings.add_value(
            || format!("{}/value", leak.pointer),
            &leak.value,
            RULE.finds,
        );
    }
}
