//! What was exported and what was left out.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use ayumi_misp::Direction;
use serde::{Serialize, Serializer};

use crate::observable::Observable;
use crate::select::Selected;
use crate::stance::Stance;

/// Why an attribute is not in an export. The order is the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A proposal, which its owner has not accepted.
    Proposal,
    /// Deleted, alone or with its object.
    Deleted,
    /// The document says that it is not published.
    Unpublished,
    /// Not marked for detection.
    NotToIds,
    /// Over at the moment asked for.
    Expired,
    /// Not valid yet at the moment asked for.
    NotYetValid,
    /// Its period ends at something that is no date, or before it starts.
    UnreadablePeriod,
    /// It is stated to go in the other direction.
    OtherDirection,
    /// Its direction is not stated, and its type has none.
    UnstatedDirection,
    /// What is stated of its direction disagrees.
    ContradictedDirection,
    /// Not of use at the control point asked for.
    OtherControlPoint,
    /// PAP:AMBER or PAP:RED allow no blocking, and the format blocks.
    Pap,
    /// The format has no place for its type.
    NoPlace,
    /// The value is not what its type says.
    Malformed,
    /// The value is one of the own network, or of no network.
    Internal,
    /// The value would match the world: a public suffix, a wide network.
    TooBroad,
    /// A spreadsheet would run it as a formula.
    Formula,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Proposal,
        Self::Deleted,
        Self::Unpublished,
        Self::NotToIds,
        Self::Expired,
        Self::NotYetValid,
        Self::UnreadablePeriod,
        Self::OtherDirection,
        Self::UnstatedDirection,
        Self::ContradictedDirection,
        Self::OtherControlPoint,
        Self::Pap,
        Self::NoPlace,
        Self::Malformed,
        Self::Internal,
        Self::TooBroad,
        Self::Formula,
    ];

    /// A short name, for scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Deleted => "deleted",
            Self::Unpublished => "unpublished",
            Self::NotToIds => "not-to-ids",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::UnreadablePeriod => "unreadable-period",
            Self::OtherDirection => "other-direction",
            Self::UnstatedDirection => "unstated-direction",
            Self::ContradictedDirection => "contradicted-direction",
            Self::OtherControlPoint => "other-control-point",
            Self::Pap => "pap",
            Self::NoPlace => "no-place",
            Self::Malformed => "malformed",
            Self::Internal => "internal",
            Self::TooBroad => "too-broad",
            Self::Formula => "formula",
        }
    }

    /// The reason in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Proposal => "proposed, not accepted",
            Self::Deleted => "deleted",
            Self::Unpublished => "the event says that it is not published (--all takes it)",
            Self::NotToIds => "not marked for detection (--all takes it)",
            Self::Expired => "no longer valid",
            Self::NotYetValid => "not valid yet",
            Self::UnreadablePeriod => "nobody can tell until when it is valid",
            Self::OtherDirection => "of the other direction",
            Self::UnstatedDirection => "no direction is stated",
            Self::ContradictedDirection => "its directions contradict each other",
            Self::OtherControlPoint => "for another control point",
            Self::Pap => "its PAP mark allows no blocking",
            Self::NoPlace => "the format has no place for its type",
            Self::Malformed => "the value is not what its type says",
            Self::Internal => "an internal or reserved address or name",
            Self::TooBroad => "it would match far too much",
            Self::Formula => "a spreadsheet would run it as a formula",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The counts of an export, in attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many attributes are in it.
    pub exported: usize,
    /// Of these, how many go in which direction.
    pub directions: Directions,
    /// Of these, how many do not say until when they are valid.
    pub without_end: usize,
    /// How many are not, by the reason.
    pub left_out: BTreeMap<Reason, usize>,
}

/// How many attributes are stated to go in which direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Directions {
    /// Outbound only.
    pub outbound: usize,
    /// Inbound only.
    pub inbound: usize,
    /// Both.
    pub both: usize,
    /// None, or they disagree.
    pub unstated: usize,
}

impl Report {
    /// How many attributes are not in it.
    pub fn left_out_in_all(&self) -> usize {
        self.left_out.values().sum()
    }

    pub(crate) fn leave_out(&mut self, reason: Reason) {
        *self.left_out.entry(reason).or_default() += 1;
    }

    /// Counts an attribute either way.
    pub(crate) fn count<T>(&mut self, one: &Selected<'_>, carried: Result<T, Reason>) -> Option<T> {
        match carried {
            Ok(carried) => {
                self.exported += 1;
                self.without_end += usize::from(!one.has_end());
                self.directions.count(one.stance);
                Some(carried)
            }
            Err(reason) => {
                self.leave_out(reason);
                None
            }
        }
    }

    /// The lines that attributes become, each line once.
    pub(crate) fn lines<'a, 'b: 'a>(
        &mut self,
        selected: &'a [Selected<'b>],
        mut write: impl FnMut(&'a Selected<'b>) -> Result<Vec<String>, Reason>,
    ) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut lines = Vec::new();
        for one in selected {
            let written = self.count(one, write(one)).unwrap_or_default();
            lines.extend(written.into_iter().filter(|line| seen.insert(line.clone())));
        }
        lines
    }
}

impl Directions {
    fn count(&mut self, stance: Stance) {
        let stated = stance.stated();
        let count = match (
            stated.contains(Direction::Outbound),
            stated.contains(Direction::Inbound),
        ) {
            (true, false) => &mut self.outbound,
            (false, true) => &mut self.inbound,
            (true, true) => &mut self.both,
            (false, false) => &mut self.unstated,
        };
        *count += 1;
    }
}

/// What a format makes of the observables of an attribute: those that it has no place for are passed over, unless it has a
/// place for none.
pub(crate) fn placed<T>(
    observables: &[Observable],
    write: impl Fn(&Observable) -> Result<Vec<T>, Reason>,
) -> Result<Vec<T>, Reason> {
    let mut written = Vec::new();
    for observable in observables {
        match write(observable) {
            Err(Reason::NoPlace) => {}
            outcome => written.extend(outcome?),
        }
    }
    if written.is_empty() {
        return Err(Reason::NoPlace);
    }
    Ok(written)
}
