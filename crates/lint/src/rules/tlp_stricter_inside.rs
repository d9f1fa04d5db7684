use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, machine};

pub(super) const RULE: Rule = Rule {
    id: "tlp-stricter-inside",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "has a stricter TLP mark than its event",
    why: "who passes the event on by its own mark gives this away",
    fix: "mark the event as strictly, or move what is stricter into an event of its own",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let strictest = |tags: &[String]| machine(tags).filter_map(|(_, tag)| tag.meaning().tlp).max();
    let Some(whole) = strictest(&subject.tags) else {
        return;
    };
    for item in subject.items.iter().filter(|item| !item.tags.is_empty()) {
        if let Some(inside) = strictest(&item.tags).filter(|inside| *inside > whole) {
            let message = format!("is tlp:{inside} in an event that is tlp:{whole}");
            findings.add_value(|| item.pointer(), &item.value, message);
        }
    }
}
