use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "object-template",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "does not say after which template it is made",
    why: "tools that know the template cannot tell what its attributes mean",
    fix: "set template_uuid and template_version as MISP exports them",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (pointer, object) in subject.objects() {
        let uuid = text(&object.template_uuid);
        let version = text(&object.template_version);
        if uuid.is_empty() || version.is_empty() {
            findings.add_value(|| pointer, &text(&object.name), RULE.finds);
        }
    }
}
