//! Adding roll-ups up, for who and when a query asks.

use std::collections::BTreeMap;

use alloy::primitives::I256;

use crate::db::{Db, Value, list, params};
use crate::error::{DatabaseError, QueryError, Result};
use crate::figures::{Count, Figures, Histogram, Money, Span};
use crate::query::{Day, Query};
use crate::tally::{ANSWER_DAYS, DAY, FEEDBACK_DAYS, Level, Scope, USE_DAYS, day_of};

/// Days before the newest block that are always read one by one: what is not due yet is told by the day.
const YOUNG_DAYS: i64 = USE_DAYS + 7;

/// Spans with the counts of what begins them.
const BEGINNINGS: [(Span, Count); 4] = [
    (Span::FirstUse, Count::Published),
    (Span::Delivery, Count::Redeemed),
    (Span::Feedback, Count::Delivered),
    (Span::Answer, Count::Feedback),
];

const _: () = assert!(USE_DAYS > FEEDBACK_DAYS && FEEDBACK_DAYS > ANSWER_DAYS);

/// Figures of some days, with what of them is old enough to have come to its end. While roll-ups are added, each is in the
/// one of the four that it is due longest in; once settled, each of the four has what is due longer as well.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sum {
    pub(crate) all: Figures,
    /// Of days more than 30, 14 and 7 days ago.
    pub(crate) due_use: Figures,
    pub(crate) due_feedback: Figures,
    pub(crate) due_answer: Figures,
    /// What has not ended yet: how many, and since how many seconds.
    open: [BTreeMap<i64, i64>; 4],
}

/// The same for what is between organisations, within one, and flagged.
pub(crate) type Classes = [Sum; 3];

/// Days, cut into the largest roll-ups that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cover {
    /// Level, first and last slot.
    parts: Vec<(Level, i64, i64)>,
    /// The time of the newest block.
    now: i64,
}

impl Cover {
    /// The days of a query. With `needs_days`, nothing is told of all time at once.
    pub(crate) fn of(query: &Query, first: i64, now: i64, needs_days: bool) -> Result<Self> {
        let today = day_of(now);
        let (since, until) = (
            query.since.map_or(first, |day| day.0),
            query.until.map_or(today, |day| day.0),
        );
        if let (Some(since), Some(until)) = (query.since, query.until)
            && since > until
        {
            return Err(QueryError::Reversed {
                since: since.to_string(),
                until: until.to_string(),
            }
            .into());
        }
        if !needs_days && !query.is_bounded() {
            return Ok(Self {
                parts: vec![(Level::Ever, 0, 0)],
                now,
            });
        }
        let young = if needs_days {
            today - YOUNG_DAYS
        } else {
            i64::MAX
        };
        let first_monday = Day(since + 6).week().0;
        let last_sunday = Day(until.min(young) + 1).week().0 - 1;
        if last_sunday < first_monday {
            return Ok(Self {
                parts: vec![(Level::Day, since, until)],
                now,
            });
        }
        let parts = vec![
            (Level::Day, since, first_monday - 1),
            (
                Level::Week,
                Level::Week.slot(first_monday),
                Level::Week.slot(last_sunday),
            ),
            (Level::Day, last_sunday + 1, until),
        ];
        Ok(Self {
            parts: parts
                .into_iter()
                .filter(|(_, from, to)| from <= to)
                .collect(),
            now,
        })
    }

    /// Every day by itself.
    pub(crate) fn daily(&self) -> Self {
        let parts = self.parts.iter().map(|(level, from, to)| {
            let last = if *level == Level::Week {
                level.day(*to) + 6
            } else {
                *to
            };
            (Level::Day, level.day(*from), last)
        });
        Self {
            parts: parts.collect(),
            now: self.now,
        }
    }
}

const DAMAGED: DatabaseError = DatabaseError::Unreadable {
    expected: "figures",
    found: "something else",
};

/// A roll-up, as it is stored.
pub(crate) struct Stored<'a> {
    pub(crate) key: i64,
    /// Its first day.
    pub(crate) first: i64,
    /// Its last.
    last: i64,
    pub(crate) class: usize,
    figures: &'a [u8],
}

impl Stored<'_> {
    /// One of its counts, without the rest; 0 where it is not there.
    pub(crate) fn count(&self, what: Count) -> i64 {
        Figures::count_in(self.figures, what).unwrap_or(0)
    }

    /// Adds its figures to others.
    pub(crate) fn add_to(&self, figures: &mut Figures) -> Result<()> {
        Ok(figures.merge_bytes(self.figures).ok_or(DAMAGED)?)
    }
}

/// Reads the roll-ups of some keys and hands each to `tell`.
pub(crate) fn read(
    db: &Db,
    scope: Scope,
    keys: &[i64],
    cover: &Cover,
    mut tell: impl FnMut(Stored<'_>) -> Result<()>,
) -> Result<()> {
    let sql = format!(
        "SELECT key, slot, class, figures FROM tally
         WHERE scope = ?1 AND level = ?2 AND {} AND slot BETWEEN ?4 AND ?5",
        db.among("key", 3)
    );
    let keys = list(keys.iter().copied());
    for (level, from, to) in &cover.parts {
        let (scope, level_number) = (scope as i64, *level as i64);
        let asked = params![scope, level_number, keys, from, to];
        db.each(&sql, asked, |row| {
            let first = level.day(row.get(1)?);
            let Value::Bytes(figures) = row.value(3)? else {
                return Err(DAMAGED.into());
            };
            tell(Stored {
                key: row.get(0)?,
                first,
                last: first + if *level == Level::Week { 6 } else { 0 },
                class: row.get(2)?,
                figures: &figures,
            })
        })?;
    }
    Ok(())
}

/// Adds the roll-ups of some keys up, each to the group that it belongs to.
pub(crate) fn sum<G: Ord>(
    db: &Db,
    scope: Scope,
    keys: &[i64],
    cover: &Cover,
    group: impl Fn(i64) -> G,
) -> Result<BTreeMap<G, Classes>> {
    let mut of_keys = BTreeMap::<i64, Classes>::new();
    read(db, scope, keys, cover, |stored| {
        let classes = of_keys.entry(stored.key).or_default();
        match classes.get_mut(stored.class) {
            Some(sum) => sum.add(&stored, cover.now),
            None => Ok(()),
        }
    })?;
    let mut groups = BTreeMap::<G, Classes>::new();
    for (key, classes) in of_keys {
        let sums = groups.entry(group(key)).or_default();
        for (sum, of_key) in sums.iter_mut().zip(&classes) {
            sum.merge(of_key);
        }
    }
    groups.values_mut().flatten().for_each(Sum::settle);
    Ok(groups)
}

impl Sum {
    /// Adds a roll-up to the oldest of the figures that it is in; [`Sum::settle`] does the rest, for all at once.
    fn add(&mut self, stored: &Stored<'_>, now: i64) -> Result<()> {
        let figures = match day_of(now) - stored.last {
            age if age > USE_DAYS => &mut self.due_use,
            age if age > FEEDBACK_DAYS => &mut self.due_feedback,
            age if age > ANSWER_DAYS => &mut self.due_answer,
            _ => &mut self.all,
        };
        let before = not_ended(figures);
        stored.add_to(figures)?;
        let waited = (now - (stored.last + 1) * DAY).max(0);
        let added = not_ended(figures).into_iter().zip(before);
        for ((after, before), open) in added.zip(&mut self.open) {
            if after != before {
                *open.entry(waited).or_default() += after - before;
            }
        }
        Ok(())
    }

    /// What is older than 30 days is older than 14 as well, and so on.
    fn settle(&mut self) {
        self.due_feedback.merge(&self.due_use, 1);
        self.due_answer.merge(&self.due_feedback, 1);
        self.all.merge(&self.due_answer, 1);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all, 1);
        self.due_use.merge(&other.due_use, 1);
        self.due_feedback.merge(&other.due_feedback, 1);
        self.due_answer.merge(&other.due_answer, 1);
        for (open, other) in self.open.iter_mut().zip(&other.open) {
            for (waited, count) in other {
                *open.entry(*waited).or_default() += count;
            }
        }
    }

    pub(crate) fn count(&self, what: Count) -> u64 {
        self.all.count(what)
    }

    pub(crate) fn money(&self, what: Money) -> I256 {
        self.all.money(what)
    }

    /// The durations, and what has not ended yet.
    pub(crate) fn span(&self, span: Span) -> (&Histogram, &BTreeMap<i64, i64>) {
        (self.all.span(span), &self.open[span as usize])
    }
}

/// Of each span, how many began and have not ended.
fn not_ended(figures: &Figures) -> [i64; 4] {
    BEGINNINGS.map(|(span, begun)| {
        let begun = i64::try_from(figures.count(begun)).unwrap_or(0);
        begun - figures.span(span).total()
    })
}

/// Raw, external and clean, out of the classes.
pub(crate) fn series(classes: &Classes) -> [Sum; 3] {
    let [external, internal, flagged] = classes;
    let mut between = external.clone();
    between.merge(flagged);
    let mut raw = between.clone();
    raw.merge(internal);
    [raw, between, external.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_has_each_day_once() {
        let now = 20_779 * DAY + 5;
        for (since, until) in [
            (20_000, 20_779),
            (20_770, 20_779),
            (20_778, 20_778),
            (20_001, 20_002),
            (19_000, 20_000),
        ] {
            for needs_days in [true, false] {
                let query = Query {
                    since: Some(Day(since)),
                    until: Some(Day(until)),
                    ..Query::default()
                };
                let cover = Cover::of(&query, 0, now, needs_days).unwrap();
                let mut days = Vec::new();
                for (_, from, to) in cover.daily().parts {
                    days.extend(from..=to);
                }
                assert_eq!(days, (since..=until).collect::<Vec<_>>(), "{cover:?}");
            }
        }
    }
}
