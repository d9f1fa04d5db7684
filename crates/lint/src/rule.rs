//! What a rule is: data, and one function.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::finding::Findings;
use crate::subject::Subject;

/// One thing that is looked at.
#[derive(Debug)]
pub struct Rule {
    /// Its name in reports.
    pub id: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// Whom it hurts most.
    pub reader: Reader,
    /// What is found, as the end of a sentence that starts with the place.
    pub finds: &'static str,
    /// Why that matters to the reader.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    pub(crate) check: Check,
}

/// The function of a rule, and how its findings count.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Check {
    /// Which share of the document states something: that share of the points.
    Share {
        points: u64,
        of: fn(&Subject<'_>) -> Share,
    },
    /// What is wrong with values: an indicator with any such finding is not exact, and the share of exact indicators gives
    /// [`crate::score::EXACTNESS_POINTS`].
    Exactness(fn(&Subject<'_>, &mut Findings<'_>)),
    /// What has no points.
    Remark(fn(&Subject<'_>, &mut Findings<'_>)),
}

/// So many of so many. Nothing of nothing is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) stated: u64,
    pub(crate) of: u64,
}

impl Share {
    pub(crate) const ALL: Self = Self { stated: 1, of: 1 };
    pub(crate) const NONE: Self = Self { stated: 0, of: 1 };

    pub(crate) fn whole_if(stated: bool) -> Self {
        if stated { Self::ALL } else { Self::NONE }
    }

    pub(crate) fn is_whole(self) -> bool {
        self.stated >= self.of
    }

    /// The part of `points`, rounded down: a larger share never gives less.
    pub(crate) fn of_points(self, points: u64) -> u64 {
        points * self.stated / self.of.max(1)
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document says something wrong, or gives something away.
    Error,
    /// Readers lack something, or will stumble.
    Warning,
    /// It could be better.
    Note,
}

impl Severity {
    /// As SARIF calls it, too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Who reads shared information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Who runs the controls.
    Operator,
    /// Who studies the threat.
    Analyst,
    /// Who decides and pays.
    Executive,
    /// All of them.
    Everyone,
}

impl Reader {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Analyst => "analyst",
            Self::Executive => "executive",
            Self::Everyone => "everyone",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Reader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Rule {
    /// The points of the score that it decides on; 0 where it has none of its own.
    pub fn points(&self) -> u64 {
        match self.check {
            Check::Share { points, .. } => points,
            Check::Exactness(_) | Check::Remark(_) => 0,
        }
    }

    /// Whether an indicator with such a finding is not exact.
    pub fn is_exactness(&self) -> bool {
        matches!(self.check, Check::Exactness(_))
    }
}
