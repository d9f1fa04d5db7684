use ayumi_misp::Note;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tag-vocabulary",
    severity: Severity::Warning,
    reader: Reader::Everyone,
    finds: "has a tag that its vocabulary does not have",
    why: "a misspelt tag states nothing, and nobody notices",
    fix: "use a word of the vocabulary; the ayumi taxonomy lists its own",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for note in subject.notes {
        if let Note::UnknownTag { tag } = note {
            let message = format!("has the tag {tag}, which is not of its vocabulary");
            findings.add_value(|| subject.pointer(), tag, message);
        }
    }
}
