//! The public listing of a document, as far as the document states it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{Content, Document};
use crate::error::Note;
use crate::kept::Text;
use crate::period::Period;
use crate::tag::{MachineTag, Tags, machine};
use crate::usage::Usage;
use crate::vocabulary::{
    Action, Audience, CommercialUse, ControlPoint, Direction, Level, Pap, Tlp,
};
use crate::words::{Set, Word};
use crate::{Category, tag};

/// The longest title on chain, in bytes of UTF-8.
pub const MAX_TITLE_BYTES: usize = 200;

/// What a product states in public. [`Context::read`] fills it from a document; a producer may state more.
///
/// Marks (TLP, PAP, commercial use): the strictest on the document or any attribute counts. Marks on attributes alone
/// state nothing of the document unless every attribute has one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Context {
    /// How much it tells beyond its values.
    pub level: Level,
    /// Who may see it.
    pub tlp: Tlp,
    /// What may be done with it.
    pub pap: Pap,
    /// Whether it may be used commercially.
    pub commercial_use: CommercialUse,
    /// For whom it is.
    pub audience: Set<Audience>,
    /// In which direction the traffic goes that it describes.
    pub directions: Set<Direction>,
    /// Where it is put to use.
    pub control_points: Set<ControlPoint>,
    /// What the producer expects to be done.
    pub expected_actions: Set<Action>,
    /// From when it is valid, in Unix seconds; 0 is not said.
    pub valid_from: u64,
    /// Until when it is valid, in Unix seconds; 0 is not said.
    pub valid_until: u64,
    /// The category of most attributes.
    pub category: Category,
    /// A title: the event's `info` or the object's name, on one line and at most [`MAX_TITLE_BYTES`]; "" if it has none.
    pub title: String,
    /// Whether the title had to be cut.
    pub title_cut: bool,
    /// The document's uuid in MISP.
    pub uuid: Option<Uuid>,
    /// The tags on the document that are meant for others, as they were written.
    pub tags: Vec<String>,
}

impl Context {
    /// What `document` states, and what it states badly.
    pub fn read(document: &Document) -> (Self, Vec<Note>) {
        let mut notes = Vec::new();
        let tags = Tags::of(document);
        let usage = Usage::of(document, &tags, &mut notes);
        let period = Period::of(document, &tags, &mut notes);
        let (title, title_cut) = title(document);
        let context = Self {
            level: Level::of(document, &tags),
            tlp: mark(&tags, "TLP", tlp, &mut notes),
            pap: mark(&tags, "PAP", pap, &mut notes),
            commercial_use: mark(&tags, "commercial use", commercial_use, &mut notes),
            audience: usage.audience,
            directions: usage.directions,
            control_points: usage.control_points,
            expected_actions: usage.actions,
            valid_from: period.from,
            valid_until: period.until,
            category: Category::of(document),
            title,
            title_cut,
            uuid: uuid(document, &mut notes),
            tags: tags.public,
        };
        (context, notes)
    }
}

/// A vocabulary that a document has one value of; words are ordered from unstated to strictest.
fn mark<W: Word + Ord + Default>(
    tags: &Tags,
    what: &'static str,
    read: fn(&MachineTag) -> Option<W>,
    notes: &mut Vec<Note>,
) -> W {
    let strictest = |tags: &[String]| {
        machine(tags)
            .filter_map(|(_, tag)| read(&tag))
            .max()
            .unwrap_or_default()
    };
    let whole = strictest(&tags.whole);
    if machine(&tags.whole)
        .filter_map(|(_, tag)| read(&tag))
        .any(|word| word != whole)
    {
        notes.push(Note::Contradiction { what });
    }
    let parts = tags
        .attributes
        .iter()
        .map(|tags| strictest(tags))
        .collect::<Vec<_>>();
    let strictest_part = parts.iter().copied().max().unwrap_or_default();
    if whole == W::default() && parts.contains(&W::default()) {
        if strictest_part != W::default() {
            notes.push(Note::PartlyMarked { what });
        }
        return whole;
    }
    whole.max(strictest_part)
}

pub(crate) fn tlp(tag: &MachineTag) -> Option<Tlp> {
    let (("tlp", colour, "") | ("iep", "traffic-light-protocol", colour)) = tag.parts() else {
        return None;
    };
    match colour {
        "white" | "clear" => Some(Tlp::Clear),
        "green" => Some(Tlp::Green),
        "amber" => Some(Tlp::Amber),
        "amber+strict" => Some(Tlp::AmberStrict),
        "red" => Some(Tlp::Red),
        _ => None,
    }
}

pub(crate) fn pap(tag: &MachineTag) -> Option<Pap> {
    match tag.parts() {
        ("pap", "white" | "clear", "") => Some(Pap::Clear),
        ("pap", "green", "") => Some(Pap::Green),
        ("pap", "amber", "") => Some(Pap::Amber),
        ("pap", "red", "") => Some(Pap::Red),
        _ => None,
    }
}

pub(crate) fn commercial_use(tag: &MachineTag) -> Option<CommercialUse> {
    match tag.parts() {
        ("iep", "commercial-use", "may") => Some(CommercialUse::Allowed),
        ("iep", "commercial-use", "must not") => Some(CommercialUse::Forbidden),
        _ => None,
    }
}

fn title(document: &Document) -> (String, bool) {
    let stated = match document.content() {
        Content::Event(event) => event.info.text(),
        Content::Object(object) => object.name.text(),
    };
    let on_one_line = stated.unwrap_or_default().replace(char::is_control, " ");
    let words = on_one_line.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = words.floor_char_boundary(MAX_TITLE_BYTES);
    (words[..kept].trim_end().to_owned(), kept < words.len())
}

fn uuid(document: &Document, notes: &mut Vec<Note>) -> Option<Uuid> {
    let stated: &Text = match document.content() {
        Content::Event(event) => &event.uuid,
        Content::Object(object) => &object.uuid,
    };
    let text = stated.text().filter(|text| !text.is_empty())?;
    if tag::is_uuid(&text) {
        return Uuid::try_parse(&text).ok();
    }
    notes.push(Note::BadUuid {
        text: text.into_owned(),
    });
    None
}
