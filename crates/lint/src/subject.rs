//! A document as rules look at it: what it states as a whole, and each attribute with what that states.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use ayumi_misp::model::{Attribute, Object};
use ayumi_misp::{Content, Context, Document, Kept, MachineTag, Many, Note, Placed, Text, moment};

use crate::facts::{Fact, Facts};
use crate::rule::Share;
use crate::{Settings, kind, refang};

/// MISP's number of a sighting that says: no longer valid.
const EXPIRATION: &str = "2";

/// A document with what is known about it before any rule looks.
pub(crate) struct Subject<'a> {
    pub(crate) document: &'a Document,
    pub(crate) settings: &'a Settings,
    pub(crate) context: &'a Context,
    pub(crate) notes: &'a [Note],
    /// The tags on the document itself.
    pub(crate) tags: Vec<String>,
    /// What the document itself states.
    pub(crate) facts: Facts,
    /// The attributes that are not deleted, in and outside objects.
    pub(crate) items: Vec<Item<'a>>,
    leaks: OnceCell<Vec<ayumi_misp::Leak>>,
}

/// An attribute that is not deleted.
pub(crate) struct Item<'a> {
    /// In [`Subject::items`].
    pub(crate) index: usize,
    placed: Placed<'a>,
    pub(crate) kind: Cow<'a, str>,
    /// The value as it is written.
    pub(crate) value: Cow<'a, str>,
    /// The value refanged and without white space around it.
    pub(crate) plain: Cow<'a, str>,
    /// Whether it is meant for detection.
    pub(crate) is_indicator: bool,
    /// Whether it names a host, an address or a URL.
    pub(crate) is_network: bool,
    /// What it, or its object, states.
    pub(crate) facts: Facts,
    /// The tags on it.
    pub(crate) tags: Vec<String>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(
        document: &'a Document,
        context: &'a Context,
        notes: &'a [Note],
        settings: &'a Settings,
    ) -> Self {
        let mut memory = Memory::default();
        let tags = document.tag_names();
        let mut facts = memory.of_tags(&tags);
        let of_document = match document.content() {
            Content::Event(event) => facts_of_opinions(&event.opinions),
            Content::Object(_) => Facts::default(),
        };
        facts = facts.and(of_document);
        facts.add_if(context.valid_until != 0, Fact::Until);
        let directed = !context.directions.is_empty();
        let dated = document.event().is_some_and(|event| {
            text(&event.date)
                .trim()
                .parse::<jiff::civil::Date>()
                .is_ok()
        });
        let settle = |facts| settled(facts, directed, dated);
        let live = document.attributes().filter(is_live).enumerate();
        let items = live
            .map(|(index, placed)| Item::new(index, placed, &mut memory, settle))
            .collect();
        Self {
            document,
            settings,
            context,
            notes,
            facts: settled(facts, directed, false),
            tags,
            items,
            leaks: OnceCell::new(),
        }
    }

    /// The attributes that are meant for detection.
    pub(crate) fn indicators(&self) -> impl Iterator<Item = &Item<'a>> {
        self.items.iter().filter(|item| item.is_indicator)
    }

    /// Which share of the indicators states `fact`: all, if the document does. Where there are no indicators, the document
    /// counts as one that states what any attribute states.
    pub(crate) fn share_of(&self, fact: Fact) -> Share {
        if self.facts.has(fact) {
            return Share::ALL;
        }
        let share = count(self.indicators(), fact);
        if share.of > 0 {
            return share;
        }
        Share::whole_if(self.items.iter().any(|item| item.facts.has(fact)))
    }

    /// The same of what names a host, an address or a URL alone: a hash has no direction. All, where there is none.
    pub(crate) fn share_of_network(&self, fact: Fact) -> Share {
        if self.facts.has(fact) {
            return Share::ALL;
        }
        let network = self.indicators().filter(|item| item.is_network);
        let share = count(network, fact);
        if share.of > 0 { share } else { Share::ALL }
    }

    /// The JSON pointer of the event or object.
    pub(crate) fn pointer(&self) -> String {
        self.document.pointer().to_owned()
    }

    /// The pointer of a member of the event or object.
    pub(crate) fn member(&self, name: &str) -> String {
        format!("{}/{name}", self.document.pointer())
    }

    /// The objects that are not deleted, with their pointers.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (String, &'a Object)> {
        let live = self.document.objects();
        let live = live.filter(|(_, object)| !object.deleted.is_true());
        live.map(|(index, object)| match self.document.event() {
            Some(_) => (
                format!("{}/Object/{index}", self.document.pointer()),
                object,
            ),
            None => (self.pointer(), object),
        })
    }

    /// The machine tags on the document itself, with what is written.
    pub(crate) fn machine(&self) -> impl Iterator<Item = (&str, MachineTag)> {
        machine(&self.tags)
    }

    /// The indicators that the title gives away.
    pub(crate) fn leaks(&self) -> &[ayumi_misp::Leak] {
        self.leaks
            .get_or_init(|| self.document.leaks(&self.context.title))
    }
}

impl<'a> Item<'a> {
    fn new(
        index: usize,
        placed: Placed<'a>,
        memory: &mut Memory,
        settle: impl Fn(Facts) -> Facts,
    ) -> Self {
        let attribute = placed.attribute;
        let tags = if attribute.tags.is_absent() && attribute.galaxies.is_absent() {
            Vec::new()
        } else {
            attribute.tag_names()
        };
        let kind = text(&attribute.r#type);
        let value = text(&attribute.value);
        let facts = memory
            .of_tags(&tags)
            .and(facts_of_attribute(attribute, &kind))
            .and(memory.of_object(&placed));
        Self {
            index,
            placed,
            plain: refang::plain(&kind, value.clone()),
            is_network: kind::is_network(&kind),
            kind,
            value,
            is_indicator: attribute.to_ids.is_true(),
            facts: settle(facts),
            tags,
        }
    }

    pub(crate) fn attribute(&self) -> &'a Attribute {
        self.placed.attribute
    }

    pub(crate) fn object(&self) -> Option<&'a Object> {
        self.placed.object
    }

    pub(crate) fn pointer(&self) -> String {
        self.placed.pointer()
    }

    /// The parts of the plain value with their types.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        kind::parts(&self.kind, &self.plain)
    }
}

/// The text of a place, "" where there is none.
pub(crate) fn text(place: &Text) -> Cow<'_, str> {
    match place {
        Kept::Read(text) => Cow::Borrowed(text),
        other => other.text().unwrap_or_default(),
    }
}

/// The machine tags among tags, with what is written.
pub(crate) fn machine(tags: &[String]) -> impl Iterator<Item = (&str, MachineTag)> {
    tags.iter()
        .filter_map(|tag| Some((tag.as_str(), MachineTag::parse(tag)?)))
}

fn is_live(placed: &Placed<'_>) -> bool {
    let in_deleted = placed.object.is_some_and(|object| object.deleted.is_true());
    !in_deleted && !placed.attribute.deleted.is_true()
}

fn count<'a, 'b: 'a>(items: impl Iterator<Item = &'a Item<'b>>, fact: Fact) -> Share {
    items.fold(Share { stated: 0, of: 0 }, |share, item| Share {
        stated: share.stated + u64::from(item.facts.has(fact)),
        of: share.of + 1,
    })
}

/// A denial is an action where a direction is stated, and a retention an end where there is a date.
fn settled(mut facts: Facts, directed: bool, dated: bool) -> Facts {
    facts.add_if(facts.has(Fact::Denial) && directed, Fact::Action);
    facts.add_if(facts.has(Fact::Retention) && dated, Fact::Until);
    facts
}

/// Facts that were read. Tags repeat a thousandfold, and an object has many attributes, so each is read once.
#[derive(Default)]
struct Memory {
    tags: HashMap<String, Facts>,
    /// By the object's position, as the attributes in it have it.
    objects: HashMap<Option<usize>, Facts>,
}

impl Memory {
    fn of_tags(&mut self, tags: &[String]) -> Facts {
        tags.iter().fold(Facts::default(), |facts, tag| {
            if let Some(known) = self.tags.get(tag.as_str()) {
                return facts.and(*known);
            }
            let read = MachineTag::parse(tag).map_or_else(Facts::default, |tag| Facts::of(&tag));
            self.tags.insert(tag.clone(), read);
            facts.and(read)
        })
    }

    /// Of the object that an attribute is part of.
    fn of_object(&mut self, placed: &Placed<'_>) -> Facts {
        let Some(object) = placed.object else {
            return Facts::default();
        };
        if let Some(known) = self.objects.get(&placed.object_index()) {
            return *known;
        }
        let names = object.tags.iter().filter_map(|tag| tag.name.text());
        let names = names.map(Cow::into_owned).collect::<Vec<_>>();
        let read = facts_of_object(object).and(self.of_tags(&names));
        self.objects.insert(placed.object_index(), read);
        read
    }
}

fn facts_of_attribute(attribute: &Attribute, kind: &str) -> Facts {
    let mut facts = facts_of_opinions(&attribute.opinions);
    facts.add_if(is_moment(&attribute.first_seen), Fact::From);
    let mut sightings = attribute.sightings.iter();
    facts.add_if(
        sightings.any(|sighting| text(&sighting.r#type) == EXPIRATION),
        Fact::Until,
    );
    let directed = kind.starts_with("ip-src") || kind.starts_with("ip-dst");
    facts.add_if(directed, Fact::Direction);
    facts
}

fn facts_of_object(object: &Object) -> Facts {
    let mut facts = facts_of_opinions(&object.opinions);
    facts.add_if(is_moment(&object.first_seen), Fact::From);
    facts
}

/// An opinion says how sure somebody is.
fn facts_of_opinions(opinions: &Many<ayumi_misp::model::AnalystData>) -> Facts {
    let mut facts = Facts::default();
    facts.add_if(opinions.iter().next().is_some(), Fact::Confidence);
    facts
}

fn is_moment(place: &Text) -> bool {
    matches!(place, Kept::Read(text) if moment(text).is_some())
}
