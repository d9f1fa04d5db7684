//! The score, from 0 to 100.
//!
//! Each rule about context has points, of which a document gets the share of its indicators that state it, or all if the
//! document does; each share is rounded down. [`EXACTNESS_POINTS`] are for the share of indicators that no rule about
//! exactness found anything wrong with. Together that is 100.
//!
//! The score is monotone in context: a tag, a reference or a period that is added only ever adds facts, and what is exact
//! depends on values, types and categories alone. So what is stated twice, in contradiction, or is over costs no points:
//! findings say so, and the exit status where asked. Nor does the score depend on the day on which it is taken.

use serde::Serialize;

use crate::rule::{Check, Share};
use crate::rules::RULES;
use crate::subject::Subject;

/// The points for exact indicators.
pub const EXACTNESS_POINTS: u64 = 15;

/// The points of one rule, or of exactness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Points {
    /// The rule's id, or `exactness`.
    pub rule: &'static str,
    /// What the document has.
    pub points: u64,
    /// What there is to have.
    pub of: u64,
}

/// The points of each rule that has any, exactness last; their sum is the score.
pub(crate) fn points(subject: &Subject<'_>, inexact: &[bool]) -> Vec<Points> {
    let of_rules = RULES.iter().filter_map(|rule| match rule.check {
        Check::Share { points, of } => Some(Points {
            rule: rule.id,
            points: of(subject).of_points(points),
            of: points,
        }),
        Check::Exactness(_) | Check::Remark(_) => None,
    });
    let exact = Points {
        rule: "exactness",
        points: exact_share(subject, inexact).of_points(EXACTNESS_POINTS),
        of: EXACTNESS_POINTS,
    };
    of_rules.chain([exact]).collect()
}

fn exact_share(subject: &Subject<'_>, inexact: &[bool]) -> Share {
    let none = Share { stated: 0, of: 0 };
    let share = subject.indicators().fold(none, |share, item| Share {
        stated: share.stated + u64::from(!inexact[item.index]),
        of: share.of + 1,
    });
    if share.of > 0 { share } else { Share::ALL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_points_together_are_a_hundred() {
        let of_rules = RULES.iter().map(crate::Rule::points).sum::<u64>();
        assert_eq!(of_rules + EXACTNESS_POINTS, 100);
    }
}
