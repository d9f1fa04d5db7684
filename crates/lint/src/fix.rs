//! Writes what follows from the document itself, and changes no other byte: order of keys, spelling of numbers and white
//! space stay.
//!
//! What is written, and what is not because a person has to judge it, is in `docs/lint.md`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::finding::Edit;
use crate::locate;
use crate::report::Report;

/// A change of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The JSON pointer of what changes.
    pub pointer: String,
    /// The bytes that are replaced; none where something is inserted.
    pub range: Range<usize>,
    /// What was there.
    pub before: String,
    /// What is to be there.
    pub after: String,
}

/// The edits that a report asks for.
pub fn edits(report: &Report) -> Vec<Edit> {
    let edits = report
        .findings
        .iter()
        .filter_map(|finding| finding.edit.clone());
    edits.collect()
}

/// The changes of bytes that make the edits, in the order of the bytes.
pub fn changes(bytes: &[u8], edits: &[Edit]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut tags = BTreeMap::<&str, Vec<&str>>::new();
    let mut replaced = Vec::new();
    for edit in edits {
        match edit {
            Edit::Replace { pointer, with } => replaced.push((pointer, with)),
            Edit::Tag { pointer, tag } => tags.entry(pointer).or_default().push(tag),
        }
    }
    let found = locate::spans(bytes, replaced.iter().map(|(pointer, _)| pointer.as_str()));
    for ((pointer, with), range) in replaced.into_iter().zip(found) {
        changes.extend(range.map(|range| Change {
            pointer: pointer.clone(),
            before: text(&bytes[range.clone()]),
            after: quoted(with),
            range,
        }));
    }
    let holders = locate::spans(bytes, tags.keys().copied());
    let lists = tags
        .keys()
        .map(|holder| format!("{holder}/Tag"))
        .collect::<Vec<_>>();
    let lists = locate::spans(bytes, lists.iter().map(String::as_str));
    for (((holder, tags), around), list) in tags.into_iter().zip(holders).zip(lists) {
        changes.extend(around.and_then(|around| insert_tags(bytes, holder, &tags, around, list)));
    }
    changes.sort_by_key(|change| (change.range.start, change.range.end));
    changes
}

/// The bytes with the changes made.
pub fn apply(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut fixed = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for change in changes {
        fixed.extend_from_slice(&bytes[at..change.range.start]);
        fixed.extend_from_slice(change.after.as_bytes());
        at = change.range.end;
    }
    fixed.extend_from_slice(&bytes[at..]);
    fixed
}

/// The change that adds the tags; none where `Tag` is no list, since what it holds would be lost.
fn insert_tags(
    bytes: &[u8],
    holder: &str,
    tags: &[&str],
    around: Range<usize>,
    list: Option<Range<usize>>,
) -> Option<Change> {
    let tags = tags
        .iter()
        .map(|tag| format!("{{\"name\": {}}}", quoted(tag)));
    let tags = tags.collect::<Vec<_>>();
    let pointer = format!("{holder}/Tag");
    let Some(list) = list else {
        let start = around.start + 1;
        let space = space_at(bytes, start);
        let list = tags.join(", ");
        return Some(Change {
            pointer,
            range: start..start,
            before: String::new(),
            after: format!("{space}\"Tag\": [{list}],"),
        });
    };
    let written = &bytes[list.clone()];
    if is_nothing(written) {
        return Some(Change {
            pointer,
            before: text(written),
            after: format!("[{}]", tags.join(", ")),
            range: list,
        });
    }
    let tail = written
        .iter()
        .rposition(|byte| !b" \n\r\t]".contains(byte))?;
    (written[0] == b'[').then(|| {
        let space = space_at(bytes, list.start + 1);
        let end = list.start + tail + 1;
        let list = tags.iter().map(|tag| format!(",{space}{tag}"));
        Change {
            pointer,
            range: end..end,
            before: String::new(),
            after: list.collect(),
        }
    })
}

/// An empty list, or what PHP writes for one.
fn is_nothing(written: &[u8]) -> bool {
    match serde_json::from_slice(written) {
        Ok(Value::Array(list)) => list.is_empty(),
        Ok(Value::Object(map)) => map.is_empty(),
        Ok(Value::String(text)) => text.is_empty(),
        Ok(Value::Null) => true,
        _ => false,
    }
}

/// The white space from there on, which whatever is inserted takes up.
fn space_at(bytes: &[u8], start: usize) -> String {
    let space = bytes[start..]
        .iter()
        .take_while(|byte| b" \n\r\t".contains(byte));
    text(&space.copied().collect::<Vec<_>>())
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(text: &str) -> String {
        let edit = Edit::Tag {
            pointer: "/Event".to_owned(),
            tag: "a:b=\"c\"".to_owned(),
        };
        let fixed = apply(text.as_bytes(), &changes(text.as_bytes(), &[edit]));
        String::from_utf8(fixed).expect("text stays text")
    }

    #[test]
    fn a_tag_is_added_to_whatever_is_there() {
        for (before, after) in [
            (
                r#"{"Event":{"id":1.0}}"#,
                r#"{"Event":{"Tag": [{"name": "a:b=\"c\""}],"id":1.0}}"#,
            ),
            (
                r#"{"Event":{"Tag":[]}}"#,
                r#"{"Event":{"Tag":[{"name": "a:b=\"c\""}]}}"#,
            ),
            (
                r#"{"Event":{"Tag":null}}"#,
                r#"{"Event":{"Tag":[{"name": "a:b=\"c\""}]}}"#,
            ),
            (
                r#"{"Event":{"Tag":""}}"#,
                r#"{"Event":{"Tag":[{"name": "a:b=\"c\""}]}}"#,
            ),
            (
                r#"{"Event":{"Tag": { } }}"#,
                r#"{"Event":{"Tag": [{"name": "a:b=\"c\""}] }}"#,
            ),
            (
                r#"{"Event":{"Tag":[ ]}}"#,
                r#"{"Event":{"Tag":[{"name": "a:b=\"c\""}]}}"#,
            ),
            (
                r#"{"Event":{"Tag":[{"name":"x]"}]}}"#,
                r#"{"Event":{"Tag":[{"name":"x]"},{"name": "a:b=\"c\""}]}}"#,
            ),
            (
                "{\"Event\": {\n  \"Tag\": [\n    {}\n  ]\n}}",
                "{\"Event\": {\n  \"Tag\": [\n    {},\n    {\"name\": \"a:b=\\\"c\\\"\"}\n  ]\n}}",
            ),
            (
                "{\"Event\": {\n  \"id\": 1\n}}",
                "{\"Event\": {\n  \"Tag\": [{\"name\": \"a:b=\\\"c\\\"\"}],\n  \"id\": 1\n}}",
            ),
        ] {
            assert_eq!(tagged(before), after);
        }
    }

    #[test]
    fn tags_that_are_no_list_stay_as_they_are() {
        for tag in [
            r#"{"0":{"name":"tlp:red"}}"#,
            r#"{"name":"tlp:red"}"#,
            r#""x""#,
            r#"" ""#,
            "0",
            "false",
        ] {
            let text = format!(r#"{{"Event":{{"Tag":{tag}}}}}"#);
            assert_eq!(tagged(&text), text);
        }
    }
}
