use ayumi_misp::Many;
use ayumi_misp::model::Tag;

use crate::finding::Edit;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "tlp-renamed",
    severity: Severity::Note,
    reader: Reader::Everyone,
    finds: "has the mark tlp:white, which TLP 2.0 calls tlp:clear",
    why: "filters for tlp:clear pass over it",
    fix: "write tlp:clear; --fix does",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    renamed(subject.document.tags(), || subject.pointer(), findings);
    for item in &subject.items {
        renamed(&item.attribute().tags, || item.pointer(), findings);
    }
}

fn renamed(tags: &Many<Tag>, holder: impl Fn() -> String, findings: &mut Findings<'_>) {
    let is = |tag: &Tag, name: &str| text(&tag.name).trim().eq_ignore_ascii_case(name);
    let has_both = tags.iter().any(|tag| is(tag, "tlp:clear"));
    for (index, tag) in tags.places().filter(|(_, tag)| is(tag, "tlp:white")) {
        let pointer = || format!("{}/Tag/{index}/name", holder());
        let name = text(&tag.name);
        if has_both {
            findings.add_value(pointer, &name, "stands beside tlp:clear, which is the same");
            continue;
        }
        let edit = |pointer| Edit::Replace {
            pointer,
            with: "tlp:clear".to_owned(),
        };
        findings.add_fixable(None, pointer, Some(&name), RULE.finds, edit);
    }
}
