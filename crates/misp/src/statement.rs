//! What one place of a document states by its tags: the document itself, an object or an attribute.
//!
//! [`Context`](crate::Context) is the sum of all of them, for the listing; who acts on a single indicator needs to know what
//! is stated of this one.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::context::{commercial_use, pap, tlp};
use crate::document::{Document, Placed};
use crate::model::{Galaxy, Tag};
use crate::period::{Edge, retention_end, unix_seconds};
use crate::tag::{MachineTag, cluster_tags, distinct, is_shared, machine, names};
use crate::usage::{Usage, direction_of};
use crate::vocabulary::{Action, Audience, CommercialUse, ControlPoint, Direction, Pap, Tlp};
use crate::words::{Set, Word};

/// What the tags of one place state. What several tags state of a mark is the strictest of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// In which directions the traffic goes.
    pub directions: Set<Direction>,
    /// Where it is put to use.
    pub control_points: Set<ControlPoint>,
    /// What is expected to be done.
    pub actions: Set<Action>,
    /// For whom it is.
    pub audience: Set<Audience>,
    /// Who may see it.
    pub tlp: Tlp,
    /// What may be done with it.
    pub pap: Pap,
    /// Whether it may be used commercially.
    pub commercial_use: CommercialUse,
    /// From when it is valid (`ayumi:valid-from`), in Unix seconds.
    pub valid_from: Option<u64>,
    /// Until when it is valid.
    pub end: End,
    /// The tags and attached clusters that are meant for others, as they were written.
    pub tags: Vec<String>,
}

/// The end of a period, by `ayumi:valid-until` and `retention:`, whichever is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Not said.
    #[default]
    Unstated,
    /// In Unix seconds; 0 for what is over without a date.
    At(u64),
    /// Said in a way that nobody can read.
    Unreadable,
}

impl Statement {
    /// Of the document itself.
    pub fn of_document(document: &Document) -> Self {
        let galaxies = document.event().map(|event| &event.galaxies);
        Self::read(
            document.tags().iter(),
            galaxies.into_iter().flat_map(crate::Kept::iter),
            event_date(document),
        )
    }

    /// Of the object that an attribute is part of; empty where there is none, or where the object is the document.
    pub fn of_object(document: &Document, placed: &Placed<'_>) -> Self {
        let object = placed.object.filter(|_| document.event().is_some());
        let tags = object.into_iter().flat_map(|object| object.tags.iter());
        Self::read(tags, std::iter::empty(), event_date(document))
    }

    /// Of an attribute, without what its type says.
    pub fn of_attribute(document: &Document, placed: &Placed<'_>) -> Self {
        let attribute = placed.attribute;
        Self::read(
            attribute.tags.iter(),
            attribute.galaxies.iter(),
            event_date(document),
        )
    }

    fn read<'a>(
        tags: impl Iterator<Item = &'a Tag>,
        galaxies: impl Iterator<Item = &'a Galaxy>,
        date: Option<Date>,
    ) -> Self {
        let tags = tags.collect::<Vec<_>>();
        if tags.is_empty() {
            let clusters = galaxies.flat_map(cluster_tags);
            return Self {
                tags: distinct(clusters),
                ..Self::default()
            };
        }
        let written = distinct(names(tags.iter().copied()));
        let shared = names(tags.into_iter().filter(|tag| is_shared(tag)));
        let usage = Usage::stated_by(&written);
        Self {
            directions: usage.directions,
            control_points: usage.control_points,
            actions: usage.actions,
            audience: usage.audience,
            tlp: strictest(&written, tlp),
            pap: strictest(&written, pap),
            commercial_use: strictest(&written, commercial_use),
            valid_from: own(&written, "valid-from")
                .filter_map(|date| unix_seconds(&date, Edge::Start))
                .min(),
            end: end(&written, date),
            tags: distinct(shared.chain(galaxies.flat_map(cluster_tags))),
        }
    }
}

impl Placed<'_> {
    /// The direction that the type says, by MISP's convention: `ip-dst` is where traffic goes, `ip-src` where it comes from.
    pub fn direction_of_type(&self) -> Option<Direction> {
        direction_of(self.attribute)
    }
}

impl End {
    /// The earlier of two; what cannot be read is not known to be later.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unstated, end) | (end, Self::Unstated) => end,
            (Self::At(one), Self::At(two)) => Self::At(one.min(two)),
            (Self::Unreadable, _) | (_, Self::Unreadable) => Self::Unreadable,
        }
    }
}

fn strictest<W: Word + Ord + Default>(tags: &[String], read: fn(&MachineTag) -> Option<W>) -> W {
    machine(tags)
        .filter_map(|(_, tag)| read(&tag))
        .max()
        .unwrap_or_default()
}

fn own(tags: &[String], predicate: &str) -> impl Iterator<Item = String> {
    machine(tags)
        .filter(move |(_, tag)| tag.namespace == "ayumi" && tag.predicate == predicate)
        .map(|(_, tag)| tag.value)
}

fn end(tags: &[String], date: Option<Date>) -> End {
    let read = |seconds: Option<u64>| seconds.map_or(End::Unreadable, End::At);
    let stated = own(tags, "valid-until").map(|date| read(unix_seconds(&date, Edge::End)));
    let retention = machine(tags).filter(|(_, tag)| tag.namespace == "retention");
    let kept = retention.map(|(_, tag)| match (&*tag.predicate, date) {
        ("expired", date) => End::At(date.and_then(last_second).unwrap_or(0)),
        (length, Some(date)) => read(retention_end(date, length)),
        (_, None) => End::Unreadable,
    });
    stated.chain(kept).fold(End::Unstated, End::earlier)
}

fn last_second(date: Date) -> Option<u64> {
    let end = date
        .to_datetime(Time::constant(23, 59, 59, 0))
        .to_zoned(TimeZone::UTC);
    u64::try_from(end.ok()?.timestamp().as_second()).ok()
}

fn event_date(document: &Document) -> Option<Date> {
    document.event()?.date.text()?.trim().parse().ok()
}
