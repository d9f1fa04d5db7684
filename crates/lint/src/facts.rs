//! What a tag or a place states, as a set of facts.

use ayumi_misp::{MachineTag, Set};

/// One thing that a reader needs to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Fact {
    Threat = 1,
    From = 1 << 1,
    Until = 1 << 2,
    Action = 1 << 3,
    Direction = 1 << 4,
    ControlPoint = 1 << 5,
    Audience = 1 << 6,
    Tlp = 1 << 7,
    Pap = 1 << 8,
    CommercialUse = 1 << 9,
    Confidence = 1 << 10,
    Source = 1 << 11,
    /// A denial without a direction: an [`Fact::Action`] once a direction is stated.
    Denial = 1 << 12,
    /// A `retention:` tag: an end once there is a date to count from.
    Retention = 1 << 13,
}

/// A set of facts. Facts are only ever added: what is stated twice, or in contradiction, is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts(u16);

impl Facts {
    pub(crate) fn has(self, fact: Fact) -> bool {
        self.0 & fact as u16 != 0
    }

    pub(crate) fn add(&mut self, fact: Fact) {
        self.0 |= fact as u16;
    }

    pub(crate) fn add_if(&mut self, stated: bool, fact: Fact) {
        if stated {
            self.add(fact);
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What a machine tag states.
    pub(crate) fn of(tag: &MachineTag) -> Self {
        let meaning = tag.meaning();
        let mut facts = Self::default();
        facts.add_if(meaning.names_threat, Fact::Threat);
        facts.add_if(meaning.valid_from.is_some(), Fact::From);
        facts.add_if(meaning.valid_until.is_some(), Fact::Until);
        facts.add_if(meaning.actions != Set::EMPTY, Fact::Action);
        facts.add_if(meaning.denies, Fact::Denial);
        facts.add_if(states_direction(&meaning), Fact::Direction);
        facts.add_if(meaning.control_points != Set::EMPTY, Fact::ControlPoint);
        facts.add_if(meaning.audience != Set::EMPTY, Fact::Audience);
        facts.add_if(meaning.tlp.is_some(), Fact::Tlp);
        facts.add_if(meaning.pap.is_some(), Fact::Pap);
        facts.add_if(meaning.commercial_use.is_some(), Fact::CommercialUse);
        facts.add_if(states_confidence(tag), Fact::Confidence);
        facts.add_if(states_source(tag), Fact::Source);
        facts.add_if(is_retention(tag), Fact::Retention);
        facts
    }
}

/// A block states its direction.
fn states_direction(meaning: &ayumi_misp::Meaning) -> bool {
    use ayumi_misp::Action::{BlockInbound, BlockOutbound};
    meaning.directions != Set::EMPTY
        || meaning.actions.contains(BlockOutbound)
        || meaning.actions.contains(BlockInbound)
}

fn states_confidence(tag: &MachineTag) -> bool {
    matches!(
        tag.parts(),
        ("admiralty-scale" | "estimative-language", _, _)
            | ("false-positive", "risk" | "confirmed", _)
            | ("misp", "confidence-level", _)
            | ("cssa", "report" | "sharing-class", _)
            | ("osint", "certainty", _)
    )
}

fn states_source(tag: &MachineTag) -> bool {
    matches!(
        tag.parts(),
        ("admiralty-scale", "source-reliability", _)
            | ("osint", "source-type", _)
            | ("ensoc", "source", _)
            | ("information-origin" | "cssa", "origin", _)
    )
}

/// `retention:2w`: a number above zero and one of MISP's four units.
fn is_retention(tag: &MachineTag) -> bool {
    let length = tag.predicate.strip_suffix(['d', 'w', 'm', 'y']);
    let counts = length.and_then(|digits| digits.parse::<u32>().ok());
    tag.namespace == "retention" && (tag.predicate == "expired" || counts.is_some_and(|n| n > 0))
}
