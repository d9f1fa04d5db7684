//! Adding roll-ups up, for who and when a query asks.

use std::collections::BTreeMap;

use alloy::primitives::I256;

use crate::db::{Db, Value, list, params};
use crate::error::{QueryError, Result};
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

/// Figures of some days, with what of them is old enough to have come to its end.
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

/// Reads the roll-ups of some keys and hands each to `tell`, with the first day of it.
pub(crate) fn read(
    db: &Db,
    scope: Scope,
    keys: &[i64],
    cover: &Cover,
    mut tell: impl FnMut(i64, i64, i64, usize, &[u8]),
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
            let slot = row.get(1)?;
            let last = level.day(slot) + if *level == Level::Week { 6 } else { 0 };
            if let Value::Bytes(bytes) = row.value(3)? {
                tell(row.get(0)?, level.day(slot), last, row.get(2)?, &bytes);
            }
            Ok(())
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
    mut group: impl FnMut(i64) -> G,
) -> Result<BTreeMap<G, Classes>> {
    let mut groups = BTreeMap::<G, Classes>::new();
    read(db, scope, keys, cover, |key, _, last, class, bytes| {
        let mut figures = Figures::default();
        if figures.merge_bytes(bytes).is_some()
            && let Some(sum) = groups.entry(group(key)).or_default().get_mut(class)
        {
            sum.add(&figures, last, cover.now);
        }
    })?;
    Ok(groups)
}

impl Sum {
    /// Adds figures of days of which this is the last.
    fn add(&mut self, figures: &Figures, last: i64, now: i64) {
        self.all.merge(figures, 1);
        let age = day_of(now) - last;
        for (days, due) in [
            (USE_DAYS, &mut self.due_use),
            (FEEDBACK_DAYS, &mut self.due_feedback),
            (ANSWER_DAYS, &mut self.due_answer),
        ] {
            if age > days {
                due.merge(figures, 1);
            }
        }
        let waited = (now - (last + 1) * DAY).max(0);
        for ((span, begun), open) in BEGINNINGS.into_iter().zip(&mut self.open) {
            let begun = i64::try_from(figures.count(begun)).unwrap_or(0);
            let left = begun - figures.span(span).total();
            if left != 0 {
                *open.entry(waited).or_default() += left;
            }
        }
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
