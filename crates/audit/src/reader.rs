//! An index, to ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use alloy::primitives::B256;
use ayumi_misp::{Action, Word};
use rusqlite::{Connection, OptionalExtension, params};

use crate::answer::{
    Activity, EventRow, Gap, GapRow, Metrics, Money, MoneyAnswer, MoneyRow, OrganisationRow,
    Overview, ProductRow, Series, Status, Steps, Who, id_of, product_of,
};
use crate::error::{Error, QueryError, Result};
use crate::event::{block_of, first_of, index_of, name_of};
use crate::figures::{Count, Figures};
use crate::members::{Group, Members};
use crate::query::{By, Day, Query};
use crate::record::{Party, Product, Record, Vote, load};
use crate::store::{open_to_read, stored_deployment};
use crate::sums::{Classes, Cover, read, series, sum};
use crate::tally::{Level, Scope, day_of};

/// What a mean is pulled towards, and by how many votes: the middle of 1 to 5.
const PRIOR: f64 = 3.0;
const PRIOR_VOTES: f64 = 5.0;

/// The z of a lower limit that chance alone passes once in a hundred times.
const Z_99: f64 = 2.326;

/// Days for which a timeline is told by the day, where nothing else is asked for.
const DAILY: i64 = 92;

/// An index, to ask. It may be written meanwhile; each answer is of one state of it.
#[derive(Debug)]
pub struct Reader {
    pub(crate) db: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the index at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: open_to_read(path)?,
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How far it reaches.
    pub fn status(&self) -> Result<Status> {
        self.at_once(|| {
            let (chain_id, _, operator) = stored_deployment(&self.db)?.unwrap_or_default();
            let (block, hash, at) = self.as_of()?;
            let events = self
                .db
                .query_row("SELECT events FROM deployment", [], |row| row.get(0))
                .optional()?;
            Ok(Status {
                chain_id,
                operator,
                block,
                hash,
                at,
                events: events.unwrap_or_default(),
            })
        })
    }

    /// The newest block that was read, its hash and its time.
    pub fn as_of(&self) -> Result<(u64, B256, i64)> {
        let newest = "SELECT number, hash, at FROM checkpoint ORDER BY number DESC LIMIT 1";
        let newest = self.db.prepare_cached(newest)?.query_row([], |row| {
            let hash: [u8; 32] = row.get(1)?;
            Ok((row.get(0)?, hash.into(), row.get(2)?))
        });
        Ok(newest.optional()?.unwrap_or_default())
    }

    /// Runs `work` on one state of the index.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let state = self.db.unchecked_transaction()?;
        let answer = work();
        drop(state);
        answer
    }

    fn cover(&self, query: &Query, needs_days: bool) -> Result<Cover> {
        let (_, _, now) = self.as_of()?;
        let first = "SELECT slot FROM tally WHERE scope = 0 AND level = 0 AND key = 0 ORDER BY slot LIMIT 1";
        let first: Option<i64> = self.db.query_row(first, [], |row| row.get(0)).optional()?;
        Cover::of(query, first.unwrap_or(day_of(now)), now, needs_days)
    }

    /// S1 to S6: what was done, by account (without `by`), team, organisation, product, day, week or month.
    pub fn activity(&self, query: &Query) -> Result<Vec<Activity>> {
        self.at_once(|| match query.by {
            Some(by) if by.is_period() => self.periods(query, by),
            Some(By::Product) => self.activity_by_product(query),
            by => self.activity_by_member(query, by.unwrap_or(By::Account)),
        })
    }

    /// The same by day, week or month; without `by`, by the day up to a quarter and by the week beyond.
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
        let today = day_of(self.as_of()?.2);
        let first = "SELECT slot FROM tally WHERE scope = 0 AND level = 0 AND key = 0 ORDER BY slot LIMIT 1";
        let first: Option<i64> = self.db.query_row(first, [], |row| row.get(0)).optional()?;
        let since = query.since.map_or(first.unwrap_or(today), |day| day.0);
        let days = query.until.map_or(today, |day| day.0) - since;
        Ok(if days <= DAILY { By::Day } else { By::Week })
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
        let sides = self.by_member(query, &members, by, false)?;
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

    /// What each group did as producer and as consumer. Members who did nothing are there as well.
    fn by_member(
        &self,
        query: &Query,
        members: &Members,
        by: By,
        needs_days: bool,
    ) -> Result<BTreeMap<Group, [Classes; 2]>> {
        let cover = self.cover(query, needs_days)?;
        let keys = members
            .asked(query)?
            .unwrap_or_else(|| members.memberships.keys().copied().collect());
        let mut groups: BTreeMap<Group, [Classes; 2]> = BTreeMap::new();
        if by == By::Organisation && members.asked(query)?.is_none() {
            for organisation in members.organisations.keys() {
                groups.entry((*organisation, String::new(), 0)).or_default();
            }
        }
        for membership in &keys {
            let party = members
                .memberships
                .get(membership)
                .and_then(|row| members.parties.get(&row.party));
            if party.is_some_and(|party| party.organisation != 0 && party.membership == *membership)
            {
                groups.entry(members.group(*membership, by)).or_default();
            }
        }
        for (side, scope) in [Scope::Seller, Scope::Buyer].into_iter().enumerate() {
            let sums = sum(&self.db, scope, &keys, &cover, |key| members.group(key, by))?;
            for (group, classes) in sums {
                groups.entry(group).or_default()[side] = classes;
            }
        }
        Ok(groups)
    }

    fn activity_by_product(&self, query: &Query) -> Result<Vec<Activity>> {
        let members = Members::read(&self.db)?;
        let products = self.products_asked(query, &members)?;
        let cover = self.cover(query, false)?;
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

    /// The figures of each product.
    fn of_products(&self, products: &[Product], cover: &Cover) -> Result<BTreeMap<i64, Classes>> {
        let keys: Vec<_> = products.iter().map(|product| product.id).collect();
        sum(&self.db, Scope::Product, &keys, cover, |key| key)
    }

    /// A row for each period, also for those in which nothing was done.
    fn periods(&self, query: &Query, by: By) -> Result<Vec<Activity>> {
        let members = Members::read(&self.db)?;
        let cover = self.cover(query, true)?;
        let cover = if by == By::Week { cover } else { cover.daily() };
        let start = |day: i64| match by {
            By::Week => Day(day).week().0,
            By::Month => Day(day).month().0,
            _ => day,
        };
        let mut periods: BTreeMap<i64, [Classes; 2]> = BTreeMap::new();
        for (scope, keys, sides) in scopes(query, &members)? {
            read(
                &self.db,
                scope,
                &keys,
                &cover,
                |_, first, _, class, bytes| {
                    let mut figures = Figures::default();
                    if figures.merge_bytes(bytes).is_some() {
                        let period = periods.entry(start(first)).or_default();
                        for side in sides {
                            if let Some(sum) = period[*side].get_mut(class) {
                                sum.all.merge(&figures, 1);
                            }
                        }
                    }
                },
            )?;
        }
        let (first, last) = match (periods.first_key_value(), periods.last_key_value()) {
            (Some((first, _)), Some((last, _))) => (*first, *last),
            _ => return Ok(Vec::new()),
        };
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
            let cover = self.cover(query, true)?;
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
        let cover = self.cover(query, true)?;
        let mut weeks: BTreeMap<i64, BTreeSet<(i64, &str)>> = BTreeMap::new();
        read(
            &self.db,
            Scope::Buyer,
            &keys,
            &cover,
            |key, first, _, _, bytes| {
                let mut figures = Figures::default();
                let teams = weeks.entry(Level::Week.slot(first)).or_default();
                if figures.merge_bytes(bytes).is_some()
                    && figures.count(Count::Redeemed) + figures.count(Count::Feedback) > 0
                    && let Some(member) = members.memberships.get(&key)
                {
                    teams.insert((member.organisation, &member.team));
                }
            },
        )?;
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

    /// What was expected and what was done: by product (without `by`), producer, or the organisation of the consumer.
    pub fn gap(&self, query: &Query) -> Result<Vec<GapRow>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            match query.by.unwrap_or(By::Product) {
                By::Product => self.gap_by_product(query, &members),
                By::Producer => self.gap_by_member(query, &members, By::Producer, 0),
                By::Organisation => self.gap_by_member(query, &members, By::Organisation, 1),
                by => Err(QueryError::NotBy {
                    figure: "gaps",
                    by: by.name(),
                }
                .into()),
            }
        })
    }

    fn gap_by_product(&self, query: &Query, members: &Members) -> Result<Vec<GapRow>> {
        let products = self.products_asked(query, members)?;
        let cover = self.cover(query, true)?;
        let mut sums = self.of_products(&products, &cover)?;
        let rows = products.iter().filter_map(|product| {
            let classes = sums.remove(&product.id)?;
            let gap = Series::of(&classes, Gap::of);
            (gap.raw.delivered > 0 || gap.raw.unmet.of > 0).then(|| GapRow {
                who: who_of_product(members, product),
                gap,
            })
        });
        Ok(rows.collect())
    }

    fn gap_by_member(
        &self,
        query: &Query,
        members: &Members,
        by: By,
        side: usize,
    ) -> Result<Vec<GapRow>> {
        if query.product.is_some() {
            return Err(QueryError::NotBy {
                figure: "a product's gap",
                by: by.name(),
            }
            .into());
        }
        let groups = self.by_member(query, members, by, true)?;
        let rows = groups.into_iter().filter_map(|(group, sides)| {
            let gap = Series::of(&sides[side], Gap::of);
            (gap.raw.delivered > 0 || gap.raw.unmet.of > 0).then(|| GapRow {
                who: who(members, &group, by),
                gap,
            })
        });
        Ok(rows.collect())
    }

    /// The products, editions one after the other, newest first.
    pub fn products(&self, query: &Query) -> Result<Vec<ProductRow>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let products = self.products_asked(query, &members)?;
            let cover = self.cover(query, true)?;
            let mut sums = self.of_products(&products, &cover)?;
            let mut rows = Vec::with_capacity(products.len());
            for product in &products {
                let classes = sums.remove(&product.id).unwrap_or_default();
                let votes = self.votes("product = ?1", product.id)?;
                rows.push(ProductRow {
                    id: product.event,
                    who: who_of_product(&members, product),
                    edition: self.edition(product)?,
                    previous: product_of(product.previous),
                    next: product_of(product.next),
                    status: ["on-sale", "withdrawn", "revised"]
                        [usize::try_from(product.status).unwrap_or(0).min(2)]
                    .into(),
                    published_at: product.at,
                    price: product.price.0.to_string(),
                    expected_actions: actions(product.actions),
                    steps: Steps::series(&classes, &classes),
                    usefulness: votes.0,
                    votes: votes.1,
                    gap: Series::of(&classes, Gap::of),
                });
            }
            Ok(rows)
        })
    }

    fn edition(&self, product: &Product) -> Result<u64> {
        let (mut edition, mut place) = (1, product.previous);
        while place != 0 {
            let earlier: Option<Product> = load(&self.db, (place, 0))?;
            (edition, place) = (edition + 1, earlier.map_or(0, |earlier| earlier.previous));
        }
        Ok(edition)
    }

    /// The shrunk mean over organisations and products, and how many there are.
    fn votes(&self, of: &str, value: i64) -> Result<(Option<f64>, u64)> {
        let mut rows = self
            .db
            .prepare_cached(&format!("SELECT * FROM vote WHERE {of}"))?;
        let votes = rows
            .query_map([value], Vote::read)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        #[allow(clippy::cast_precision_loss)] // counts
        let means = votes
            .iter()
            .filter(|vote| vote.count > 0)
            .map(|vote| vote.total as f64 / vote.count as f64);
        let (total, count) = means.fold((0.0, 0_u64), |(total, count), mean| {
            (total + mean, count + 1)
        });
        #[allow(clippy::cast_precision_loss)]
        let mean = (PRIOR * PRIOR_VOTES + total) / (PRIOR_VOTES + count as f64);
        Ok(((count >= crate::answer::FEWEST).then_some(mean), count))
    }

    /// The products that a query asks for, newest first.
    fn products_asked(&self, query: &Query, members: &Members) -> Result<Vec<Product>> {
        if let Some(product) = query.product {
            let found: Option<Product> = load(&self.db, (id_of(product), 0))?;
            let unknown = QueryError::Unknown {
                what: "product",
                value: product.to_string(),
            };
            return Ok(vec![found.ok_or(Error::Query(unknown))?]);
        }
        let asked = members.asked(query)?;
        let producers = asked.as_ref().map(|asked| {
            let parties: BTreeSet<i64> = asked
                .iter()
                .filter_map(|key| members.memberships.get(key))
                .map(|row| row.party)
                .collect();
            serde_json::to_string(&parties).expect("a list of numbers")
        });
        let mut rows = self.db.prepare_cached(
            "SELECT * FROM product WHERE (?1 IS NULL OR producer IN (SELECT value FROM json_each(?1)))
                 AND (?2 IS NULL OR event < ?2) ORDER BY event DESC LIMIT ?3",
        )?;
        let rows = rows.query_map(
            params![producers, query.after, query.limit()],
            Product::read,
        )?;
        let products = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(match &asked {
            Some(asked) => products
                .into_iter()
                .filter(|product| asked.contains(&product.membership))
                .collect(),
            None => products,
        })
    }

    /// Where the money went: in all (without `by`), by organisation, product, or period; and what needs a look.
    pub fn money(&self, query: &Query) -> Result<MoneyAnswer> {
        let rows = self.at_once(|| self.money_rows(query))?;
        Ok(MoneyAnswer {
            rows,
            findings: self.findings(query)?,
        })
    }

    fn money_rows(&self, query: &Query) -> Result<Vec<MoneyRow>> {
        let members = Members::read(&self.db)?;
        let row = |who, buyer: &Classes, seller: Option<&Classes>| MoneyRow {
            who,
            money: Series::of(buyer, Money::of),
            income: seller.map(|seller| Series::of(seller, Money::of)),
        };
        match query.by {
            Some(by @ (By::Organisation | By::Team | By::Account)) if query.product.is_none() => {
                let groups = self.by_member(query, &members, by, true)?;
                let rows = groups.iter().map(|(group, [seller, buyer])| {
                    row(who(&members, group, by), buyer, Some(seller))
                });
                Ok(rows.collect())
            }
            Some(By::Product) => {
                let (products, cover) = (
                    self.products_asked(query, &members)?,
                    self.cover(query, true)?,
                );
                let mut sums = self.of_products(&products, &cover)?;
                let rows = products.iter().map(|product| {
                    let classes = sums.remove(&product.id).unwrap_or_default();
                    row(who_of_product(&members, product), &classes, None)
                });
                Ok(rows.collect())
            }
            Some(by) => Err(QueryError::NotBy {
                figure: "amounts",
                by: by.name(),
            }
            .into()),
            None => {
                let cover = self.cover(query, true)?;
                let mut sides: [Option<Classes>; 2] = [None, None];
                let is_of_some = members.asked(query)?.is_some() && query.product.is_none();
                for (scope, keys, places) in scopes(query, &members)? {
                    let sums = sum(&self.db, scope, &keys, &cover, |_| ())?;
                    for place in places {
                        sides[*place] = sums.get(&()).cloned();
                    }
                }
                let [seller, buyer] = sides.map(Option::unwrap_or_default);
                Ok(vec![row(
                    Who::default(),
                    &buyer,
                    is_of_some.then_some(&seller),
                )])
            }
        }
    }

    /// The organisations, with how well they deliver, use and answer.
    pub fn organisations(&self, query: &Query) -> Result<Vec<OrganisationRow>> {
        self.at_once(|| {
            let members = Members::read(&self.db)?;
            let groups = self.by_member(query, &members, By::Organisation, true)?;
            let accounts = |organisation: i64| {
                members
                    .parties
                    .values()
                    .filter(move |party: &&Party| party.organisation == organisation)
            };
            let taken = |classes: &Classes| {
                let [_, external, _] = series(classes);
                external.count(Count::Redeemed) + external.count(Count::Feedback)
            };
            let enrolled = members
                .parties
                .values()
                .filter(|party| party.organisation != 0)
                .count();
            let in_all: u64 = groups
                .iter()
                .filter(|((id, ..), _)| *id != 0)
                .map(|(_, [_, buyer])| taken(buyer))
                .sum();
            let mut rows = Vec::new();
            for ((id, ..), [seller, buyer]) in &groups {
                let organisation = members.organisations.get(id);
                let own: Vec<i64> = accounts(*id).map(|party| party.id).collect();
                let votes = self.votes_of(&own)?;
                let taken = taken(buyer);
                #[allow(clippy::cast_precision_loss)] // counts
                let expected = in_all as f64 * own.len() as f64 / enrolled.max(1) as f64;
                let is_enough = *id != 0 && expected >= 5.0;
                #[allow(clippy::cast_precision_loss)]
                let is_low = is_enough && (taken as f64) < poisson_lower(expected);
                rows.push(OrganisationRow {
                    number: *id,
                    organisation: members.name(*id),
                    suspended: organisation.is_some_and(|organisation| organisation.suspended),
                    accounts: own.len() as u64,
                    steps: Steps::series(seller, buyer),
                    as_producer: Series::of(seller, Metrics::of),
                    as_consumer: Series::of(buyer, Metrics::of),
                    usefulness: votes.0,
                    votes: votes.1,
                    last_step: self.last_step(&members, *id)?,
                    taken,
                    expected: is_enough.then_some(expected),
                    is_low,
                });
            }
            Ok(rows)
        })
    }

    fn votes_of(&self, producers: &[i64]) -> Result<(Option<f64>, u64)> {
        let (mut total, mut count) = (0.0, 0_u64);
        let mut rows = self.db.prepare_cached(
            "SELECT sum(1.0 * vote.total / vote.count), count(*) FROM product JOIN vote ON vote.product = product.id
             WHERE product.producer = ?1 AND vote.count > 0",
        )?;
        for producer in producers {
            let (more, votes): (Option<f64>, u64) =
                rows.query_row([producer], |row| Ok((row.get(0)?, row.get(1)?)))?;
            (total, count) = (total + more.unwrap_or(0.0), count + votes);
        }
        #[allow(clippy::cast_precision_loss)] // counts
        let mean = (PRIOR * PRIOR_VOTES + total) / (PRIOR_VOTES + count as f64);
        Ok(((count >= crate::answer::FEWEST).then_some(mean), count))
    }

    fn last_step(&self, members: &Members, organisation: i64) -> Result<Option<Day>> {
        let mut newest = self.db.prepare_cached(
            "SELECT slot FROM tally WHERE scope = 2 AND level = 0 AND key = ?1 ORDER BY slot DESC LIMIT 1",
        )?;
        let mut last = None;
        for member in members
            .memberships
            .values()
            .filter(|member| member.organisation == organisation)
        {
            last = last.max(newest.query_row([member.id], |row| row.get(0)).optional()?);
        }
        Ok(last.map(Day))
    }

    /// The events, oldest first; with a period, those of its days.
    pub fn events(&self, query: &Query) -> Result<Vec<EventRow>> {
        self.at_once(|| {
            let (since, until) = self.event_range(query)?;
            let from = query.after.map_or(since, |after| since.max(after.saturating_add(1)));
            let mut rows = self.db.prepare_cached(
                "SELECT event.id, block.at, transaction_hash, kind, subject FROM event JOIN block ON block.number = event.id >> 20
                 WHERE event.id >= ?1 AND event.id < ?2 ORDER BY event.id LIMIT ?3",
            )?;
            let rows = rows.query_map(params![from, until, query.limit()], |row| {
                let (id, hash): (i64, [u8; 32]) = (row.get(0)?, row.get(2)?);
                Ok(EventRow {
                    id,
                    at: row.get(1)?,
                    block: block_of(id),
                    log: index_of(id),
                    transaction: hash.into(),
                    kind: name_of(row.get(3)?).to_owned(),
                    subject: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The ids of events from the first to before the last that a query's days have.
    pub(crate) fn event_range(&self, query: &Query) -> Result<(i64, i64)> {
        let first = |day: Day| -> Result<i64> {
            Ok(self
                .first_at("block", "number", "at", day)?
                .map_or(i64::MAX, first_of))
        };
        let since = query.since.map(first).transpose()?;
        let until = query.until.map(|day| first(Day(day.0 + 1))).transpose()?;
        Ok((since.unwrap_or(0), until.unwrap_or(i64::MAX)))
    }

    /// The first row of a day or of a later one. Times grow with ids, so that it is found by halving.
    pub(crate) fn first_at(
        &self,
        table: &str,
        id: &str,
        at: &str,
        day: Day,
    ) -> Result<Option<i64>> {
        let ends = format!("SELECT min({id}), max({id}) FROM {table}");
        let (low, high): (Option<i64>, Option<i64>) = self
            .db
            .query_row(&ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (Some(mut low), Some(high)) = (low, high) else {
            return Ok(None);
        };
        let next = format!("SELECT {id}, {at} FROM {table} WHERE {id} >= ?1 ORDER BY {id} LIMIT 1");
        let mut next = self.db.prepare_cached(&next)?;
        let mut past = high + 1;
        while low < past {
            let middle = low + (past - low) / 2;
            let found: Option<(i64, i64)> = next
                .query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match found {
                Some((id, at)) if day_of(at) < day.0 => low = id + 1,
                _ => past = middle,
            }
        }
        Ok(next.query_row([past], |row| row.get(0)).optional()?)
    }
}

/// The roll-ups that a query is answered from: scope, keys, and which of producer and consumer they tell of.
type Scopes = Vec<(Scope, Vec<i64>, &'static [usize])>;

fn scopes(query: &Query, members: &Members) -> Result<Scopes, QueryError> {
    let asked = members.asked(query)?;
    match (query.product, asked) {
        (Some(_), Some(_)) => Err(QueryError::NotBy {
            figure: "a product's figures",
            by: "member",
        }),
        (Some(product), None) => Ok(vec![(Scope::Product, vec![id_of(product)], &[0, 1])]),
        (None, Some(asked)) => Ok(vec![
            (Scope::Seller, asked.clone(), &[0]),
            (Scope::Buyer, asked, &[1]),
        ]),
        (None, None) => Ok(vec![(Scope::All, vec![0], &[0, 1])]),
    }
}

pub(crate) fn who(members: &Members, (organisation, team, party): &Group, by: By) -> Who {
    Who {
        organisation: Some(members.name(*organisation)),
        team: (by != By::Organisation).then(|| team.clone()),
        account: (*party != 0).then(|| members.address(*party)),
        ..Who::default()
    }
}

pub(crate) fn who_of_product(members: &Members, product: &Product) -> Who {
    Who {
        organisation: Some(members.organisation_of(product.producer)),
        account: Some(members.address(product.producer)),
        product: product_of(product.id),
        title: Some(product.title.clone()),
        ..Who::default()
    }
}

/// The words of a set of actions. Bits that stand for none are left out.
pub(crate) fn actions(bits: i64) -> Vec<String> {
    let stated = Action::ALL
        .iter()
        .filter(|action| bits >> action.index() & 1 == 1);
    stated.map(|action| action.name().to_owned()).collect()
}

/// The lower limit of a count of which so many are expected, by the square-root approximation.
fn poisson_lower(expected: f64) -> f64 {
    (expected.sqrt() - Z_99 / 2.0).max(0.0).powi(2)
}
