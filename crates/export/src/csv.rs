//! MISP's CSV: the columns of its own export, a line an attribute, quoted as RFC 4180 has it.
//!
//! Values of networks are refanged, all others are as they came. Spreadsheets run what starts like a formula: texts for
//! people get an apostrophe in front, as they would by hand; a value that is written so is left out, because with an
//! apostrophe it would match nothing.

use ayumi_misp::{Text, refang};

use crate::observable::{Class, classes};
use crate::report::{Reason, Report};
use crate::select::Selected;
use crate::table::lines;
use crate::value::refang_link;

const HEADER: [&str; 13] = [
    "uuid",
    "event_id",
    "category",
    "type",
    "value",
    "comment",
    "to_ids",
    "date",
    "object_relation",
    "attribute_tag",
    "object_uuid",
    "object_name",
    "object_meta_category",
];

pub(crate) fn write(selected: &[Selected<'_>], report: &mut Report) -> String {
    let rows = selected
        .iter()
        .filter_map(|one| report.count(one, row(one)))
        .collect::<Vec<_>>();
    let header = HEADER.map(str::to_owned);
    lines(std::iter::once(header).chain(rows).map(Vec::from))
}

fn row(one: &Selected<'_>) -> Result<[String; 13], Reason> {
    let (attribute, object) = (one.placed.attribute, one.placed.object);
    let event = one.source.document.event();
    let tags = [&one.own.tags, &one.object.tags].map(|tags| tags.join(","));
    let tags = tags.into_iter().filter(|tags| !tags.is_empty());
    Ok([
        told(Some(&attribute.uuid)),
        told(event.map(|event| &event.id)),
        told(Some(&attribute.category)),
        told(Some(&attribute.r#type)),
        value(one)?,
        told(Some(&attribute.comment)),
        u8::from(attribute.to_ids.is_true()).to_string(),
        told(Some(&attribute.timestamp)),
        told(Some(&attribute.object_relation)),
        harmless(tags.collect::<Vec<_>>().join(",")),
        told(object.map(|object| &object.uuid)),
        told(object.map(|object| &object.name)),
        told(object.map(|object| &object.meta_category)),
    ])
}

fn value(one: &Selected<'_>) -> Result<String, Reason> {
    let value = one.placed.attribute.value.text().unwrap_or_default();
    if value.trim().is_empty() {
        return Err(Reason::Malformed);
    }
    let of_networks = |class: &Class| {
        matches!(
            class,
            Class::Address | Class::Domain | Class::Host | Class::Url | Class::Mail(_)
        )
    };
    let classes = classes(&one.kind()).unwrap_or_default();
    let written = if classes.iter().any(of_networks) {
        let is_link = classes.iter().any(|class| matches!(class, Class::Url));
        let refang = if is_link { refang_link } else { refang };
        refang(value.trim()).into_owned()
    } else {
        value.into_owned()
    };
    if is_formula(&written) {
        return Err(Reason::Formula);
    }
    Ok(written)
}

fn told(text: Option<&Text>) -> String {
    harmless(text.and_then(Text::text).unwrap_or_default().into_owned())
}

/// A cell that no spreadsheet runs: with an apostrophe in front if it would take it for a formula.
pub fn harmless(text: String) -> String {
    if is_formula(&text) {
        format!("'{text}")
    } else {
        text
    }
}

/// Whether a spreadsheet takes it for a formula, whatever blank is before it; a number with its sign is none.
fn is_formula(text: &str) -> bool {
    let is_number = |rest: &str| {
        rest.chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-' | '(' | ')'))
    };
    let shown = text.trim_start_matches(is_blank);
    let blank = &text[..text.len() - shown.len()];
    match shown.chars().next() {
        _ if blank.contains(['\t', '\r', '\n']) => true,
        Some('=' | '@' | '＝' | '＋' | '－' | '＠') => true,
        Some('+' | '-') => !is_number(&shown[1..]),
        _ => false,
    }
}

/// White space, controls, and what Unicode has that is not seen (`Default_Ignorable_Code_Point`, interlinear marks).
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
