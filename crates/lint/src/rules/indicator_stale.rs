use ayumi_misp::{Text, moment};

use crate::dates::day;
use crate::facts::Fact;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Item, Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "indicator-stale",
    severity: Severity::Note,
    reader: Reader::Operator,
    finds: "is old, and nothing says that it is still valid",
    why: "infrastructure changes hands: what was seen long ago is somebody else's today",
    fix: "set last_seen, or state until when it is valid; --stale-days says what is long",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let limit = u64::from(subject.settings.stale_days) * 24 * 60 * 60;
    let oldest = subject.settings.now.saturating_sub(limit);
    if subject.facts.has(Fact::Until) {
        return;
    }
    for item in subject.indicators().filter(|item| item.is_network) {
        if item.facts.has(Fact::Until) {
            continue;
        }
        if let Some(seen) = last_seen(item).filter(|seen| *seen < oldest) {
            findings.add_item(
                item,
                format_args!("was seen on {} for the last time", day(seen)),
            );
        }
    }
}

fn last_seen(item: &Item<'_>) -> Option<u64> {
    let attribute = item.attribute();
    let places = [
        Some(&attribute.last_seen),
        item.object().map(|object| &object.last_seen),
    ];
    let firsts = [
        Some(&attribute.first_seen),
        item.object().map(|object| &object.first_seen),
    ];
    let read = |place: &Text| {
        if place.is_absent() {
            None
        } else {
            moment(&text(place))
        }
    };
    let latest = |places: [Option<&Text>; 2]| places.into_iter().flatten().filter_map(read).max();
    latest(places).or_else(|| latest(firsts))
}
