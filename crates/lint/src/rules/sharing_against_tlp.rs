use ayumi_misp::Tlp;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "sharing-against-tlp",
    severity: Severity::Error,
    reader: Reader::Everyone,
    finds: "is marked for fewer readers than MISP sends it to",
    why: "MISP distributes by its own setting, not by the mark",
    fix: "set the distribution to your organisation or a sharing group",
    check: Check::Remark(find),
};

/// MISP's numbers of what leaves the community on its own.
const CONNECTED: &str = "2";
const ALL: &str = "3";

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some(event) = subject.document.event() else {
        return;
    };
    let distribution = text(&event.distribution);
    let wide = match &*distribution {
        CONNECTED => "connected communities",
        ALL => "all communities",
        _ => return,
    };
    let tlp = subject.context.tlp;
    let against =
        tlp == Tlp::Red || tlp == Tlp::AmberStrict || tlp == Tlp::Amber && distribution == ALL;
    if against {
        let message = format!("is tlp:{tlp} and is distributed to {wide}");
        findings.add_value(|| subject.member("distribution"), &distribution, message);
    }
}
