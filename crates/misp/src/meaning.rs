//! What a single tag states, for who looks at tags one by one.

use crate::context;
use crate::document::Document;
use crate::model::Attribute;
use crate::period::{Edge, unix_seconds};
use crate::tag::{MachineTag, Tags, attribute_tags};
use crate::threat;
use crate::usage::Usage;
use crate::vocabulary::{Action, Audience, CommercialUse, ControlPoint, Direction, Pap, Tlp};
use crate::words::Set;

/// What one tag states; [`Default`] is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meaning {
    /// Whether it names a threat or its behaviour.
    pub names_threat: bool,
    /// Who may see what carries it.
    pub tlp: Option<Tlp>,
    /// What may be done with it.
    pub pap: Option<Pap>,
    /// Whether it may be used commercially.
    pub commercial_use: Option<CommercialUse>,
    /// For whom it is.
    pub audience: Set<Audience>,
    /// In which direction the traffic goes.
    pub directions: Set<Direction>,
    /// Where it is put to use.
    pub control_points: Set<ControlPoint>,
    /// What is expected to be done.
    pub actions: Set<Action>,
    /// Whether it asks to deny something in the direction that is stated elsewhere.
    pub denies: bool,
    /// From when it is valid, in Unix seconds.
    pub valid_from: Option<u64>,
    /// Until when it is valid, in Unix seconds.
    pub valid_until: Option<u64>,
}

impl MachineTag {
    /// What the tag states.
    pub fn meaning(&self) -> Meaning {
        let mut usage = Usage::default();
        let _ = usage.read(self); // an unknown word of our own vocabulary states nothing
        let moment = |predicate, edge| match self.parts() {
            ("ayumi", found, value) if found == predicate => unix_seconds(value, edge),
            _ => None,
        };
        Meaning {
            names_threat: threat::names_threat(self),
            tlp: context::tlp(self),
            pap: context::pap(self),
            commercial_use: context::commercial_use(self),
            audience: usage.audience,
            directions: usage.directions,
            control_points: usage.control_points,
            actions: usage.actions,
            denies: usage.denies,
            valid_from: moment("valid-from", Edge::Start),
            valid_until: moment("valid-until", Edge::End),
        }
    }
}

impl Document {
    /// The tags on the document itself, its clusters included, as they were written. For a document that is one object
    /// also those of its attributes, since MISP tags an object only through them.
    pub fn tag_names(&self) -> Vec<String> {
        Tags::of(self).whole
    }

    /// Whether people linked it: an object reference, an event report, or an analyst's note, opinion or relationship.
    pub fn is_linked(&self) -> bool {
        threat::is_linked(self)
    }
}

impl Attribute {
    /// The tags on the attribute, its clusters included, as they were written.
    pub fn tag_names(&self) -> Vec<String> {
        attribute_tags(self)
    }
}

/// Unix seconds of a time as `first_seen` has it, or of the start of a day; `None` if it cannot be read.
pub fn moment(text: &str) -> Option<u64> {
    unix_seconds(text.trim(), Edge::Start)
}
