//! What was done, and everything at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Reader, scopes, who, who_of_product};
use crate::answer::{Activity, Gap, Metrics, Money, Overview, Series, Steps, Who};
use crate::error::{QueryError, Result};
use crate::figures::Count;
use crate::members::Members;
use crate::query::{By, Day, Query};
use crate::sums::{Classes, Grain, read, sum};
use crate::tally::Level;

/// Days of steps up to which a timeline is told by the day, and up to which by the week, where nothing else is asked for.
const DAILY: i64 = 92;
const WEEKLY: i64 = 2 * 366;

/// Rows of a timeline, at most: two centuries and a half by the day.
const MOST_PERIODS: u64 = 100_000;

impl Reader {
    /// S1 to S6: what was done, by account (without `by`), team, organisation, product, day, week or month.
    pub fn activity(&self, query: &Query) -> Result<Vec<Activity>> {
        self.at_once(|| match query.by {
            Some(by) if by.is_period() => self.periods(query, by),
            Some(By::Product) => self.activity_by_product(query),
            by => self.activity_by_member(query, by.unwrap_or(By::Account)),
        })
    }

    /// The same by day, week or month; without `by`, by the day up to a quarter, by the week up to two years, by the month beyond.
    pub fn timeline(&self, query: &Query) -> Result<Vec<Activity>> {
        let by = match query.by {
            Some(by) if !by.is_period() => {
                return Err(QueryError::NotBy {
                    figure: "timelines",
                    by: by.name(),
                }
                .into());
            }
            Some(by) => by,
            None => self.at_once(|| self.period_for(query))?,
        };
        self.at_once(|| self.periods(query, by))
    }

    fn period_for(&self, query: &Query) -> Result<By> {
        let members = Members::read(&self.db)?;
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for (scope, keys, _) in scopes(query, &members)? {
            for key in keys {
                if let Some((earliest, latest)) = self.days_of(scope, key)? {
                    (first, last) = (first.min(earliest), last.max(latest));
                }
            }
        }
        let since = query.since.map_or(first, |day| day.0.max(first));
        let until = query.until.map_or(last, |day| day.0.min(last));
        let days = until.saturating_sub(since);
        Ok(if days <= DAILY {
            By::Day
        } else if days <= WEEKLY {
            By::Week
        } else {
            By::Month
        })
    }

    fn activity_by_member(&self, query: &Query, by: By) -> Result<Vec<Activity>> {
        if query.product.is_some() {
            return Err(QueryError::NotBy {
                figure: "a product's steps",
                by: by.name(),
            }
            .into());
        }
        let members = Members::read(&self.db)?;
        let sides = self.by_member(query, &members, by, Grain::Whole, &[0, 1])?;
        let rows = sides.into_iter().map(|(group, [seller, buyer])| {
            let Series {
                raw,
                external,
                clean,
            } = Steps::series(&seller, &buyer);
            Activity {
                who: who(&members, &group, by),
                raw,
                external,
                clean,
            }
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by(|one, other| {
            let key = |row: &Activity| {
                (
                    row.who.organisation.clone(),
                    row.who.team.clone(),
                    row.who.account,
                )
            };
            key(one).cmp(&key(other))
        });
        Ok(rows)
    }

    fn activity_by_product(&self, query: &Query) -> Result<Vec<Activity>> {
        let members = Members::read(&self.db)?;
        let products = self.products_asked(query, &members)?;
        let cover = self.cover(query, Grain::Whole)?;
        let mut sums = self.of_products(&products, &cover)?;
        let rows = products.iter().map(|product| {
            let classes = sums.remove(&product.id).unwrap_or_default();
            let Series {
                raw,
                external,
                clean,
            } = Steps::series(&classes, &classes);
            Activity {
                who: who_of_product(&members, product),
                raw,
                external,
                clean,
            }
        });
        Ok(rows.collect())
    }

    /// A row for each period, also for those in which nothing was done.
    fn periods(&self, query: &Query, by: By) -> Result<Vec<Activity>> {
        let members = Members::read(&self.db)?;
        let grain = if by == By::Week {
            Grain::Weeks
        } else {
            Grain::Days
        };
        let cover = self.cover(query, grain)?;
        let start = |day: i64| match by {
            By::Week => Day(day).week().0,
            By::Month => Day(day).month().0,
            _ => day,
        };
        let mut periods: BTreeMap<i64, [Classes; 2]> = BTreeMap::new();
        for (scope, keys, sides) in scopes(query, &members)? {
            read(&self.db, scope, &keys, &cover, |stored| {
                let period = periods.entry(start(stored.first)).or_default();
                for side in sides {
                    stored.add_to(&mut period[*side][stored.class].all)?;
                }
                Ok(())
            })?;
        }
        let (first, last) = match (periods.first_key_value(), periods.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (*first, *last),
            _ => return Ok(Vec::new()),
        };
        let days = match by {
            By::Week => 7,
            By::Month => 28,
            _ => 1,
        };
        let count = first.abs_diff(last) / days;
        if count > MOST_PERIODS {
            return Err(QueryError::TooLong(count).into());
        }
        let (mut rows, mut day) = (Vec::new(), first);
        while day <= last {
            let [seller, buyer] = periods.remove(&day).unwrap_or_default();
            let Series {
                raw,
                external,
                clean,
            } = Steps::series(&seller, &buyer);
            rows.push(Activity {
                who: Who {
                    start: Some(Day(day)),
                    ..Who::default()
                },
                raw,
                external,
                clean,
            });
            day = match by {
                By::Week => day + 7,
                By::Month => Day(day).next_month().0,
                _ => day + 1,
            };
        }
        Ok(rows)
    }

    /// Everything at once: steps, rates, durations, gap, money; of the whole chain or of who is asked for.
    pub fn overview(&self, query: &Query) -> Result<Overview> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let cover = self.cover(query, Grain::Aged)?;
            let mut sides: [Classes; 2] = Default::default();
            for (scope, keys, places) in scopes(query, &members)? {
                for classes in sum(&self.db, scope, &keys, &cover, |_| ())?.values() {
                    for place in places {
                        for (sum, more) in sides[*place].iter_mut().zip(classes) {
                            sum.merge(more);
                        }
                    }
                }
            }
            let [seller, buyer] = &sides;
            let (active_teams, weeks) = self.active_teams(query, &members)?;
            Ok(Overview {
                steps: Steps::series(seller, buyer),
                active_teams,
                weeks,
                metrics: Series::of(buyer, Metrics::of),
                gap: Series::of(buyer, Gap::of),
                money: Series::of(buyer, Money::of),
            })
        })
    }

    /// A1: the median over weeks, and the number of weeks.
    fn active_teams(&self, query: &Query, members: &Members) -> Result<(f64, u64)> {
        if query.product.is_some() {
            return Ok((0.0, 0));
        }
        let keys = members
            .asked(query)?
            .unwrap_or_else(|| members.memberships.keys().copied().collect());
        let ([_, buyer], keys) = members.roll_ups(keys, query.account.is_none());
        let cover = self.cover(query, Grain::Weeks)?;
        let mut weeks: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        read(&self.db, buyer, &keys, &cover, |stored| {
            let teams = weeks.entry(Level::Week.slot(stored.first)).or_default();
            if stored.count(Count::Redeemed) + stored.count(Count::Feedback) > 0
                && let Some(member) = members.memberships.get(&stored.key)
            {
                teams.insert(member.team_id);
            }
            Ok(())
        })?;
        let (Some((first, _)), Some((last, _))) = (weeks.first_key_value(), weeks.last_key_value())
        else {
            return Ok((0.0, 0));
        };
        let mut counts: Vec<usize> = (*first..=*last)
            .map(|week| weeks.get(&week).map_or(0, BTreeSet::len))
            .collect();
        counts.sort_unstable();
        let middle = counts.len() / 2;
        let median = if counts.len() % 2 == 1 {
            counts[middle] * 2
        } else {
            counts[middle - 1] + counts[middle]
        };
        #[allow(clippy::cast_precision_loss)] // counts of teams
        Ok((median as f64 / 2.0, counts.len() as u64))
    }
}
