//! Texts that somebody else wrote, and times.

use ayumi_misp::{Content, Document};
use jiff::Timestamp;

/// On one line: without controls, and with single spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The title of a document, on one line; "" if it has none.
pub(crate) fn title(document: &Document) -> String {
    let title = match document.content() {
        Content::Event(event) => event.info.text(),
        Content::Object(object) => object.name.text(),
    };
    one_line(&title.unwrap_or_default())
}

/// The organisation that created a document, on one line; "" if it does not say.
pub(crate) fn creator(document: &Document) -> String {
    let creator = document.event().and_then(|event| event.orgc.read());
    let name = creator.and_then(|creator| creator.name.text());
    one_line(&name.unwrap_or_default())
}

/// Unix seconds as RFC 3339 in UTC; what is out of range is the nearest that is not.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Cut to `most` characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.char_indices()
        .nth(most)
        .map_or(text, |(end, _)| text[..end].trim_end())
}
