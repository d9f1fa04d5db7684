use ayumi_misp::model::Object;

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::{Subject, text};
use crate::template::Template;

pub(super) const RULE: Rule = Rule {
    id: "object-against-template",
    severity: Severity::Warning,
    reader: Reader::Analyst,
    finds: "is not as its template has it",
    why: "searches by the template's attributes pass over it",
    fix: "name the attributes as the template does, and fill in what it requires",
    check: Check::Remark(find),
};

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (pointer, object) in subject.objects() {
        let Some(template) = subject.settings.templates.get(&text(&object.template_uuid)) else {
            continue;
        };
        for message in differences(object, template) {
            findings.add_value(|| pointer.clone(), &text(&object.name), message);
        }
    }
}

fn differences(object: &Object, template: &Template) -> Vec<String> {
    let live = object
        .attributes
        .iter()
        .filter(|attribute| !attribute.deleted.is_true());
    let relations = live
        .map(|attribute| text(&attribute.object_relation))
        .collect::<Vec<_>>();
    let has = |name: &String| relations.iter().any(|relation| relation == name);
    let mut found = Vec::new();
    let missing = template.required.iter().filter(|name| !has(name));
    found.extend(missing.map(|name| {
        format!(
            "has no {name}, which the template {} requires",
            template.name
        )
    }));
    let one_of = &template.required_one_of;
    if !one_of.is_empty() && !one_of.iter().any(has) {
        found.push(format!(
            "has none of {}, of which the template {} requires one",
            one_of.join(", "),
            template.name
        ));
    }
    for attribute in object
        .attributes
        .iter()
        .filter(|attribute| !attribute.deleted.is_true())
    {
        let relation = text(&attribute.object_relation);
        match template.attributes.get(&*relation) {
            None => found.push(format!(
                "has \"{relation}\", which the template {} does not have",
                template.name
            )),
            Some(element) if element.kind != text(&attribute.r#type) => found.push(format!(
                "has {relation} as a {}, where the template {} has a {}",
                text(&attribute.r#type),
                template.name,
                element.kind
            )),
            Some(_) => {}
        }
    }
    found.extend(repeated(&relations, template));
    found
}

fn repeated(relations: &[std::borrow::Cow<'_, str>], template: &Template) -> Vec<String> {
    let single = template
        .attributes
        .iter()
        .filter(|(_, element)| !element.multiple);
    let often =
        single.filter(|(name, _)| relations.iter().filter(|relation| relation == name).count() > 1);
    often
        .map(|(name, _)| {
            format!(
                "has several {name}, of which the template {} has one",
                template.name
            )
        })
        .collect()
}
