use ayumi_misp::MachineTag;

use crate::facts::Facts;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "tag-held-back",
    severity: Severity::Note,
    reader: Reader::Everyone,
    finds: "has a mark that MISP does not pass on, because the tag is local or not exportable",
    why: "the next reader gets the event without it",
    fix: "set the tag as a global one",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (index, tag) in subject.document.tags().places() {
        let name = text(&tag.name);
        let held_back = tag.local.is_true() || tag.exportable.is_false();
        let states = MachineTag::parse(&name).is_some_and(|tag| !Facts::of(&tag).is_empty());
        if held_back && states {
            let pointer = || subject.member(&format!("Tag/{index}"));
            findings.add_value(pointer, &name, RULE.finds);
        }
    }
}
