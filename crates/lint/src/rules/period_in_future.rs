use ayumi_misp::moment;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "period-in-future",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "was seen in the future",
    why: "a wrong clock or a typing error: nobody can search logs from then on",
    fix: "correct the date",
    check: Check::Remark(find),
};

/// Clocks differ, and a day has begun elsewhere.
const TOLERANCE: u64 = 2 * 24 * 60 * 60;

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let latest = subject.settings.now.saturating_add(TOLERANCE);
    for item in &subject.items {
        let attribute = item.attribute();
        for (name, place) in [
            ("first_seen", &attribute.first_seen),
            ("last_seen", &attribute.last_seen),
        ] {
            if place.is_absent() {
                continue;
            }
            let written = text(place);
            if moment(&written).is_some_and(|seen| seen > latest) {
                let pointer = || format!("{}/{name}", item.pointer());
                findings.add_value(pointer, &written, RULE.finds);
            }
        }
    }
}
