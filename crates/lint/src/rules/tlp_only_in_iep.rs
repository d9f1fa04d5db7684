use crate::finding::Edit;
use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tlp-only-in-iep",
    severity: Severity::Note,
    reader: Reader::Everyone,
    finds: "has its TLP mark as an iep tag alone",
    why: "most tools look for tlp: tags",
    fix: "add the tlp: tag of the same colour; --fix does",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some(_) = subject.document.event() else {
        return;
    };
    if subject.machine().any(|(_, tag)| tag.namespace == "tlp") {
        return;
    }
    let of_iep = subject
        .machine()
        .filter(|(_, tag)| tag.predicate == "traffic-light-protocol");
    let Some((name, tlp)) = of_iep
        .filter_map(|(name, tag)| Some((name, tag.meaning().tlp?)))
        .max_by_key(|(_, tlp)| *tlp)
    else {
        return;
    };
    let edit = |pointer| Edit::Tag {
        pointer,
        tag: format!("tlp:{tlp}"),
    };
    let message = format!("has its TLP mark as {name} alone");
    findings.add_fixable(None, || subject.pointer(), None, message, edit);
}
