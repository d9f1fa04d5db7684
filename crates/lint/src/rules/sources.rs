use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::{Item, Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "sources",
    severity: Severity::Note,
    reader: Reader::Analyst,
    finds: "names no source",
    why: "what cannot be traced cannot be checked",
    fix: "add a link in the category External analysis, a report, or admiralty-scale:source-reliability",
    check: Check::Share {
        points: 3,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    let reports = subject.document.event().is_some_and(|event| {
        let mut reports = event.event_reports.iter();
        reports.any(|report| !report.deleted.is_true())
    });
    let cited = || {
        subject
            .items
            .iter()
            .any(|item| is_reference(item) || item.facts.has(Fact::Source))
    };
    Share::whole_if(reports || subject.facts.has(Fact::Source) || cited())
}

fn is_reference(item: &Item<'_>) -> bool {
    let category = text(&item.attribute().category);
    let cites = matches!(&*category, "External analysis" | "Internal reference");
    item.kind == "link" || cites && matches!(&*item.kind, "url" | "text" | "comment" | "other")
}
