use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "object-template-version",
    severity: Severity::Note,
    reader: Reader::Analyst,
    finds: "is made after another version of its template",
    why: "a newer version may have a place for what is in the comment now",
    fix: "update the object in MISP",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (pointer, object) in subject.objects() {
        let Some(template) = subject.settings.templates.get(&text(&object.template_uuid)) else {
            continue;
        };
        let written = text(&object.template_version);
        if let (Some(known), Ok(used)) = (template.version(), written.parse::<u64>())
            && known != used
        {
            let message = format!(
                "is made after version {used} of the template {}, of which {known} is known",
                template.name
            );
            findings.add_value(|| format!("{pointer}/template_version"), &written, message);
        }
    }
}
