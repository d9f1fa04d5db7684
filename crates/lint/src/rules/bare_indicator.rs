use ayumi_misp::Text;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Item, Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "bare-indicator",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "carries nothing of its own: no period, tag, object or comment",
    why: "an alert on it will tell its reader nothing",
    fix: "say in the comment what it is, put it into an object, or tag it",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in subject.indicators().filter(|item| is_bare(item)) {
        findings.add_item(item, RULE.finds);
    }
}

fn is_bare(item: &Item<'_>) -> bool {
    let attribute = item.attribute();
    let dates = [&attribute.first_seen, &attribute.last_seen];
    let says = |place: &Text| !place.is_absent() && !text(place).trim().is_empty();
    item.tags.is_empty()
        && item.object().is_none()
        && !says(&attribute.comment)
        && !dates.into_iter().any(says)
}
