use std::collections::HashSet;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "object-unlinked",
    severity: Severity::Note,
    reader: Reader::Analyst,
    finds: "is an object that nothing refers to, and that refers to nothing",
    why: "objects side by side do not tell how the attack went",
    fix: "add references: downloads, communicates-with, drops …",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.document.event().is_none() || subject.objects().nth(1).is_none() {
        return;
    }
    let referred = subject
        .objects()
        .flat_map(|(_, object)| {
            object
                .references
                .iter()
                .filter(|reference| !reference.deleted.is_true())
        })
        .map(|reference| text(&reference.referenced_uuid))
        .collect::<HashSet<_>>();
    for (pointer, object) in subject.objects() {
        let refers = object
            .references
            .iter()
            .any(|reference| !reference.deleted.is_true());
        let is_related = object.relationships.iter().next().is_some();
        if !refers && !is_related && !referred.contains(&text(&object.uuid)) {
            findings.add_value(|| pointer, &text(&object.name), RULE.finds);
        }
    }
}
