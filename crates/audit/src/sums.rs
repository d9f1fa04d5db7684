//! Adding roll-ups up, for who and when a query asks.

use std::collections::BTreeMap;

use alloy::primitives::I256;

use crate::db::{Db, Value, list, params};
use crate::error::{QueryError, Result};
use crate::figures::{CLASSES, Count, Figures, Histogram, Money, Span, take_class};
use crate::query::Query;
use crate::tally::{ANSWER_DAYS, DAMAGED, DAY, FEEDBACK_DAYS, Level, Scope, USE_DAYS, day_of};

/// Days before the newest block that are read one by one where age counts: what is not due yet is told by the day.
const YOUNG_DAYS: i64 = USE_DAYS + 7;

/// Days before the newest block that are read by the week at least: what is open since then is told by four weeks, which is no
/// more of its age than a week is of what is just not young.
const RECENT_DAYS: i64 = 26 * 7;

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

/// The same of each class.
pub(crate) type Classes = [Sum; CLASSES];

/// How finely days are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// As coarsely as they can be: nothing is told of their age.
    Whole,
    /// By their age: the younger, the finer.
    Aged,
    /// Each week by itself.
    Weeks,
    /// Each day by itself.
    Days,
}

/// Days, cut into the largest roll-ups that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cover {
    /// Level, first and last slot.
    parts: Vec<(Level, i64, i64)>,
    /// The time of the newest block.
    now: i64,
}

impl Cover {
    /// The days of a query.
    pub(crate) fn of(query: &Query, first: i64, now: i64, grain: Grain) -> Result<Self> {
        let today = day_of(now);
        if let (Some(since), Some(until)) = (query.since, query.until)
            && since > until
        {
            return Err(QueryError::Reversed {
                since: since.to_string(),
                until: until.to_string(),
            }
            .into());
        }
        let (young, recent) = (today - YOUNG_DAYS, today - RECENT_DAYS);
        let (largest, levels): (_, &[_]) = match grain {
            Grain::Whole => (
                Level::FourWeeks,
                &[(Level::FourWeeks, i64::MAX), (Level::Week, i64::MAX)],
            ),
            Grain::Weeks => (Level::Week, &[(Level::Week, i64::MAX)]),
            Grain::Aged => (
                Level::Day,
                &[(Level::FourWeeks, recent), (Level::Week, young)],
            ),
            Grain::Days => (Level::Day, &[]),
        };
        // Nothing is before the first day or after the last: the largest roll-ups may reach beyond them.
        let since = largest.first(largest.slot(first));
        let until = largest.last(largest.slot(today));
        let since = query.since.map_or(since, |day| day.0);
        let until = query.until.map_or(until, |day| day.0);
        Ok(Self {
            parts: cut(since, until, levels),
            now,
        })
    }
}

/// Cuts days into the slots of these levels, coarsest first, each up to a day; what is left over is told by the day.
fn cut(first: i64, last: i64, levels: &[(Level, i64)]) -> Vec<(Level, i64, i64)> {
    if first > last {
        return Vec::new();
    }
    let Some(((level, until), finer)) = levels.split_first() else {
        return vec![(Level::Day, first, last)];
    };
    let from = level.slot(first - 1) + 1;
    let to = level.slot(last.min(*until) + 1) - 1;
    if from > to {
        return cut(first, last, finer);
    }
    let mut parts = cut(first, level.first(from) - 1, finer);
    parts.push((*level, from, to));
    parts.extend(cut(level.last(to) + 1, last, finer));
    parts
}

/// A class of a roll-up, as it is stored.
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
        "SELECT key, slot, figures FROM tally
         WHERE scope = ?1 AND level = ?2 AND {} AND slot BETWEEN ?4 AND ?5",
        db.among("key", 3)
    );
    let keys = list(keys.iter().copied());
    for (level, from, to) in &cover.parts {
        let (scope, level_number) = (scope as i64, *level as i64);
        let asked = params![scope, level_number, keys, from, to];
        db.each(&sql, asked, |row| {
            let (key, slot) = (row.get(0)?, row.get(1)?);
            let Value::Bytes(classes) = row.value(2)? else {
                return Err(DAMAGED.into());
            };
            let mut rest = &*classes;
            while !rest.is_empty() {
                let (class, figures) = take_class(&mut rest).ok_or(DAMAGED)?;
                tell(Stored {
                    key,
                    first: level.first(slot),
                    last: level.last(slot),
                    class,
                    figures,
                })?;
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
    group: impl Fn(i64) -> G,
) -> Result<BTreeMap<G, Classes>> {
    let mut of_keys = BTreeMap::<i64, Classes>::new();
    read(db, scope, keys, cover, |stored| {
        let classes = of_keys.entry(stored.key).or_default();
        classes[stored.class].add(&stored, cover.now)
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
    use crate::query::Day;

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
            for grain in [Grain::Whole, Grain::Aged, Grain::Weeks, Grain::Days] {
                let query = Query {
                    since: Some(Day(since)),
                    until: Some(Day(until)),
                    ..Query::default()
                };
                let cover = Cover::of(&query, 0, now, grain).unwrap();
                let mut days = Vec::new();
                for (level, from, to) in &cover.parts {
                    let is_old = level.last(*to) <= 20_779 - YOUNG_DAYS;
                    assert!(grain != Grain::Aged || *level == Level::Day || is_old);
                    days.extend(level.first(*from)..=level.last(*to));
                }
                assert_eq!(days, (since..=until).collect::<Vec<_>>(), "{cover:?}");
            }
        }
    }

    #[test]
    fn the_younger_the_finer() {
        let cover = |grain| {
            Cover::of(&Query::default(), 20_000, 20_779 * DAY, grain)
                .unwrap()
                .parts
        };
        assert_eq!(cover(Grain::Whole), [(Level::FourWeeks, 714, 742)]);
        assert_eq!(cover(Grain::Days), [(Level::Day, 20_000, 20_779)]);
        let levels = |grain| {
            cover(grain)
                .into_iter()
                .map(|(level, ..)| level)
                .collect::<Vec<_>>()
        };
        assert_eq!(levels(Grain::Weeks), [Level::Week]);
        assert_eq!(
            levels(Grain::Aged),
            [
                Level::Day,
                Level::Week,
                Level::FourWeeks,
                Level::Week,
                Level::Day
            ]
        );
    }
}
