use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "author-missing",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "does not say which organisation wrote it",
    why: "there is nobody to ask, and no reason to trust it",
    fix: "set Orgc",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if let Some(event) = subject.document.event() {
        let name = event
            .orgc
            .read()
            .map(|author| text(&author.name))
            .unwrap_or_default();
        if name.trim().is_empty() {
            findings.add(|| subject.pointer(), RULE.finds);
        }
    }
}
