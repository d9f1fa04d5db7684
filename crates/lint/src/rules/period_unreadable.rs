use ayumi_misp::{Note, Text, moment};

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "period-unreadable",
    severity: Severity::Error,
    reader: Reader::Operator,
    finds: "is not a date that can be used",
    why: "programs read no period where people see one",
    fix: "write ISO 8601 with its zone: 2026-01-31T09:00:00+00:00",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for note in subject.notes {
        match note {
            // Those of fields are found below, whether or not they decide on the event's period.
            Note::BadDate { place, text } if !place.starts_with('/') => {
                findings.add_value(|| subject.pointer(), text, RULE.finds);
            }
            Note::RetentionWithoutDate { tag } => {
                let message = format!("is missing or no date, and {tag} counts from it");
                findings.add_value(|| subject.member("date"), tag, message);
            }
            _ => {}
        }
    }
    for (pointer, object) in subject.objects() {
        let dates = [&object.first_seen, &object.last_seen];
        check(dates, || pointer.clone(), findings);
    }
    for item in &subject.items {
        let dates = [&item.attribute().first_seen, &item.attribute().last_seen];
        check(dates, || item.pointer(), findings);
    }
}

fn check(dates: [&Text; 2], holder: impl Fn() -> String, findings: &mut Findings<'_>) {
    for (name, place) in ["first_seen", "last_seen"].into_iter().zip(dates) {
        if place.is_absent() {
            continue;
        }
        let written = text(place);
        if !written.trim().is_empty() && moment(&written).is_none() {
            findings.add_value(|| format!("{}/{name}", holder()), &written, RULE.finds);
        }
    }
}
