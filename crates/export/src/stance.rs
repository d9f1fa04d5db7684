//! What is stated of one indicator: where its traffic goes, and when it is valid.

use ayumi_misp::{Direction, Edge, End, Flag, Set, Statement, Text, unix_seconds};

use crate::report::Reason;

/// For how long an indicator counts as valid that says only when it was last seen: the lifetime of MISP's own decaying model
/// for indicators of networks ("NIDS Simple Decaying Model").
const LAST_SEEN_SECONDS: u64 = 120 * 24 * 60 * 60;

/// The direction of one indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stance {
    /// Everything that states a direction agrees on these.
    Stated(Set<Direction>),
    /// What is stated leaves none.
    Contradicted,
    /// Nothing states one.
    Unstated,
}

impl Stance {
    /// Of all that is stated, each where it is stated: on the attribute, by its type, on its object.
    ///
    /// `wide` is what is stated of the whole document. That a document has both directions tells nothing of one indicator.
    pub(crate) fn of(
        near: impl IntoIterator<Item = Set<Direction>>,
        wide: impl IntoIterator<Item = Set<Direction>>,
    ) -> Self {
        let wide = wide.into_iter().filter(|set| set.iter().count() == 1);
        let stated = near.into_iter().filter(|set| !set.is_empty()).chain(wide);
        match stated.reduce(intersection) {
            None => Self::Unstated,
            Some(agreed) if agreed.is_empty() => Self::Contradicted,
            Some(agreed) => Self::Stated(agreed),
        }
    }

    /// Whether a control for this direction may act on a part of the value. Towards the inside only what is stated to come from
    /// outside; towards the outside also what is contacted, a name or a URL, where nothing is stated.
    pub(crate) fn towards(self, direction: Direction, is_contacted: bool) -> Result<(), Reason> {
        match self {
            Self::Stated(directions) if directions.contains(direction) => Ok(()),
            Self::Stated(_) => Err(Reason::OtherDirection),
            Self::Contradicted => Err(Reason::ContradictedDirection),
            Self::Unstated if is_contacted && direction == Direction::Outbound => Ok(()),
            Self::Unstated => Err(Reason::UnstatedDirection),
        }
    }

    /// The one direction that it is stated to have, if it is one.
    pub(crate) fn only(self) -> Option<Direction> {
        let Self::Stated(directions) = self else {
            return None;
        };
        let mut all = directions.iter();
        all.next().filter(|_| all.next().is_none())
    }

    /// The directions that are stated.
    pub(crate) fn stated(self) -> Set<Direction> {
        match self {
            Self::Stated(directions) => directions,
            Self::Contradicted | Self::Unstated => Set::EMPTY,
        }
    }
}

fn intersection<W: Flag>(one: Set<W>, two: Set<W>) -> Set<W> {
    one.iter().filter(|word| two.contains(*word)).collect()
}

/// When an indicator is valid, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Period {
    /// From when, if it is said.
    pub(crate) from: Option<u64>,
    /// Until when, if it is said.
    pub(crate) until: Option<u64>,
    /// When it was last seen, if it is said.
    pub(crate) last_seen: Option<u64>,
}

/// What is said of a period, the nearest to the indicator first.
#[derive(Debug, Default)]
pub(crate) struct Periods<'a> {
    pub(crate) starts: Vec<Option<u64>>,
    pub(crate) ends: Vec<End>,
    pub(crate) last_seen: Vec<&'a Text>,
}

impl Periods<'_> {
    /// The nearest start and the earliest end; an error if it cannot be told, or if it does not hold `at`.
    pub(crate) fn at(&self, at: u64) -> Result<Period, Reason> {
        let end = self.ends.iter().copied().fold(End::Unstated, End::earlier);
        let last_seen = self.last_seen.iter().find_map(|text| seconds(text));
        let from = self.starts.iter().copied().flatten().next();
        let until = match end {
            End::Unreadable => return Err(Reason::UnreadablePeriod),
            End::At(until) => Some(until),
            End::Unstated => None,
        };
        let over = until.or(last_seen.map(|seen| seen.saturating_add(LAST_SEEN_SECONDS)));
        if over.is_some_and(|over| over < at) {
            return Err(Reason::Expired);
        }
        if from.is_some_and(|from| from > at) {
            return Err(Reason::NotYetValid);
        }
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err(Reason::UnreadablePeriod);
        }
        Ok(Period {
            from,
            until,
            last_seen,
        })
    }
}

/// A time as MISP writes it; `None` if it is none.
pub(crate) fn seconds(text: &Text) -> Option<u64> {
    unix_seconds(text.text()?.trim(), Edge::Start)
}

/// The ends that a statement and others give.
pub(crate) fn ends_of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Vec<End> {
    statements
        .into_iter()
        .map(|statement| statement.end)
        .collect()
}
