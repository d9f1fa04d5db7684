//! Courses of action: what is expected to be done, and MISP's objects of that name.

use ayumi_misp::Action;
use ayumi_misp::model::Object;
use serde_json::{Map, Value, json};

use super::{id, or_unnamed, put};
use crate::text::one_line;

/// From when on the words of the actions are what they are.
const CREATED: u64 = 1_767_225_600;

/// The course of action that an expected action stands for; the same object in every bundle.
pub(super) fn course(action: Action) -> Map<String, Value> {
    let mut course = id::base("course-of-action", &format!("action {action}"), CREATED);
    put(&mut course, "name", json!(action));
    put(&mut course, "description", json!(meaning(action)));
    put(
        &mut course,
        "created_by_ref",
        json!(id::made("identity", "ayumi")),
    );
    course
}

/// How it relates to an indicator, in STIX's words.
pub(super) fn relationship(action: Action) -> &'static str {
    match action {
        Action::Detect | Action::Hunt | Action::Investigate => "investigates",
        _ => "mitigates",
    }
}

/// A MISP object that is a course of action; `None` if it says nothing.
pub(super) fn course_of(
    object: &Object,
    mut base: Map<String, Value>,
) -> Option<Map<String, Value>> {
    let live = object
        .attributes
        .iter()
        .filter(|attribute| !attribute.deleted.is_true());
    let told = live.filter_map(|attribute| {
        let relation = attribute.object_relation.text()?.into_owned();
        Some((relation, one_line(&attribute.value.text()?)))
    });
    let told = told.collect::<Vec<_>>();
    let named = told.iter().find(|(relation, _)| relation == "name");
    let rest = told.iter().filter(|(relation, _)| relation != "name");
    let rest = rest.map(|(relation, text)| format!("{relation}: {text}"));
    let description = rest.collect::<Vec<_>>().join("\n");
    if told.is_empty() {
        return None;
    }
    put(
        &mut base,
        "name",
        json!(or_unnamed(named.map_or("", |(_, name)| name))),
    );
    if !description.is_empty() {
        put(&mut base, "description", json!(description));
    }
    Some(base)
}

fn meaning(action: Action) -> &'static str {
    match action {
        Action::BlockOutbound => "Block traffic to it.",
        Action::BlockInbound => "Block traffic from it.",
        Action::Detect => "Alert on it from now on.",
        Action::Hunt => "Search for it in the past.",
        Action::Patch => "Close the vulnerability.",
        Action::Contain => "Isolate what is affected.",
        Action::Investigate => "Find out what happened.",
        Action::Inform => "Tell those concerned.",
        Action::FilterMail => "Stop or quarantine mail.",
        Action::Revoke => "Revoke or reset credentials, keys or certificates.",
        Action::Deceive => "Mislead the adversary: sinkhole, honeypot.",
        Action::TakeDown => "Have the infrastructure taken down.",
    }
}
