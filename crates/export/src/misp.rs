//! MISP JSON: the document itself without the attributes and proposals that are left out, and without objects that have
//! none left. All else stays as it came, unknown keys too. Several documents are one answer of an instance.

use std::collections::HashSet;

use ayumi_misp::{Content, Document};
use serde_json::{Map, Value, json};

use crate::report::Report;
use crate::select::Selected;

pub(crate) fn write(
    documents: &[Document],
    selected: &[Selected<'_>],
    report: &mut Report,
) -> String {
    let mut kept = vec![HashSet::new(); documents.len()];
    for one in selected {
        let _ = report.count(one, Ok(()));
        kept[one.source.index].insert(one.placed.pointer());
    }
    let mut written = documents
        .iter()
        .zip(&kept)
        .map(|(document, kept)| reduced(document, kept))
        .collect::<Vec<_>>();
    let whole = if written.len() == 1 {
        written.remove(0)
    } else {
        json!({ "response": written })
    };
    format!("{whole:#}\n")
}

fn reduced(document: &Document, kept: &HashSet<String>) -> Value {
    let (name, content) = match document.content() {
        Content::Event(event) => ("Event", serde_json::to_value(event)),
        Content::Object(object) => ("Object", serde_json::to_value(object)),
    };
    let mut content = content.expect("the model is JSON");
    let top = document.pointer();
    if let Some(content) = content.as_object_mut() {
        let mut left = reduce_attributes(content, top, kept);
        if let Some(objects) = content.get_mut("Object").and_then(Value::as_array_mut) {
            let mut index = 0;
            objects.retain_mut(|object| {
                let at = format!("{top}/Object/{index}");
                index += 1;
                let Some(object) = object.as_object_mut() else {
                    return false;
                };
                let count = reduce_attributes(object, &at, kept);
                left += count;
                count > 0
            });
        }
        recount(content, left);
    }
    json!({ name: content })
}

/// Keeps the attributes of `holder` that are selected, without proposals for them; how many there are.
fn reduce_attributes(holder: &mut Map<String, Value>, at: &str, kept: &HashSet<String>) -> usize {
    clear_proposals(holder);
    let Some(attributes) = holder.get_mut("Attribute").and_then(Value::as_array_mut) else {
        return 0;
    };
    let mut index = 0;
    attributes.retain_mut(|attribute| {
        let pointer = format!("{at}/Attribute/{index}");
        index += 1;
        if let Some(attribute) = attribute.as_object_mut() {
            clear_proposals(attribute);
        }
        kept.contains(&pointer)
    });
    attributes.len()
}

fn clear_proposals(holder: &mut Map<String, Value>) {
    if let Some(Value::Array(proposals)) = holder.get_mut("ShadowAttribute") {
        proposals.clear();
    }
}

/// Has the count of attributes, where the document gives one, as it is now.
fn recount(content: &mut Map<String, Value>, left: usize) {
    match content.get_mut("attribute_count") {
        Some(count @ Value::String(_)) => *count = left.to_string().into(),
        Some(count @ Value::Number(_)) => *count = left.into(),
        _ => {}
    }
}
