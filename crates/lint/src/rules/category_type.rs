use ayumi_misp::{Category, Word as _};

use crate::finding::Findings;
use crate::kind;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};

pub(super) const RULE: Rule = Rule {
    id: "category-type",
    severity: Severity::Error,
    reader: Reader::Everyone,
    finds: "is in a category that its type does not go with",
    why: "MISP refuses it",
    fix: "use a category of the type",
    check: Check::Exactness(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in &subject.items {
        let Some(allowed) = kind::categories(&item.kind) else {
            continue;
        };
        let written = text(&item.attribute().category);
        if item.attribute().category.is_absent() {
            continue; // inside objects tools leave it to the template
        }
        let category = Category::from_name(&written).ok();
        if !category.is_some_and(|category| allowed.contains(&category)) {
            let names = allowed
                .iter()
                .map(|category| category.name())
                .collect::<Vec<_>>();
            let message = format!(
                "is a {} in the category \"{written}\"; there are {}",
                item.kind,
                names.join(", ")
            );
            findings.add_member(item, "category", &written, message);
        }
    }
}
