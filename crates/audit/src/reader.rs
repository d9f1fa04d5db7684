//! An index, to ask.

mod activity;
mod organisations;
mod worth;

use std::collections::BTreeMap;

use alloy::primitives::B256;
use ayumi_misp::{Action, Word};

use crate::answer::{FEWEST, Status, Who, id_of, product_of};
use crate::db::{Db, list, params};
use crate::error::{Error, QueryError, Result};
use crate::event::first_of;
use crate::location::Location;
use crate::members::{Group, Members};
use crate::query::{By, Day, Query};
use crate::record::{Product, Record, load};
use crate::store::{open_to_read, stored_deployment};
use crate::sums::{Classes, Cover, Grain, sum};
use crate::tally::{Scope, day_of};

/// What a mean is pulled towards, and by how many votes: the middle of 1 to 5.
const PRIOR: f64 = 3.0;
const PRIOR_VOTES: f64 = 5.0;

/// An index, to ask. It may be written meanwhile; each answer is of one state of it.
#[derive(Debug)]
pub struct Reader {
    pub(crate) db: Db,
}

impl Reader {
    /// Opens the index.
    pub fn open(at: impl Into<Location>) -> Result<Self> {
        Ok(Self {
            db: open_to_read(&at.into())?,
        })
    }

    /// How far it reaches.
    pub fn status(&self) -> Result<Status> {
        self.at_once(|| {
            let (chain_id, _, operator) = stored_deployment(&self.db)?.unwrap_or_default();
            let (block, hash, at) = self.as_of()?;
            let events = "SELECT events FROM deployment";
            let events = self.db.row(events, &[], |row| row.get(0))?;
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
        let newest = self.db.row(newest, &[], |row| {
            let hash: [u8; 32] = row.get(1)?;
            Ok((row.get(0)?, hash.into(), row.get(2)?))
        })?;
        Ok(newest.unwrap_or_default())
    }

    /// Runs `work` on one state of the index.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.db.at_once(work)
    }

    /// The first and the last day on which something happened to what a roll-up is of.
    fn days_of(&self, scope: Scope, key: i64) -> Result<Option<(i64, i64)>> {
        // Each by itself is found by the key.
        let days = "SELECT (SELECT slot FROM tally WHERE scope = ?1 AND level = 0 AND key = ?2 ORDER BY slot LIMIT 1),
             (SELECT slot FROM tally WHERE scope = ?1 AND level = 0 AND key = ?2 ORDER BY slot DESC LIMIT 1)";
        let days = self.db.row(days, params![scope as i64, key], |row| {
            let days: (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok(days.0.zip(days.1))
        })?;
        Ok(days.flatten())
    }

    fn cover(&self, query: &Query, grain: Grain) -> Result<Cover> {
        let (_, _, now) = self.as_of()?;
        let days = self.days_of(Scope::All, 0)?;
        let first = days.map_or(day_of(now), |(first, _)| first);
        Cover::of(query, first, now, grain)
    }

    /// What each group did as producer (side 0) and as consumer (side 1), of the sides that are asked for. Members who did
    /// nothing are there as well.
    fn by_member(
        &self,
        query: &Query,
        members: &Members,
        by: By,
        grain: Grain,
        sides: &[usize],
    ) -> Result<BTreeMap<Group, [Classes; 2]>> {
        let cover = self.cover(query, grain)?;
        let keys = members
            .asked(query)?
            .unwrap_or_else(|| members.memberships.keys().copied().collect());
        let mut groups: BTreeMap<Group, [Classes; 2]> = BTreeMap::new();
        if by == By::Organisation && query.account.is_none() && query.team.is_none() {
            let given = query.organisation.as_deref();
            let asked = given.map(|given| members.organisation(given)).transpose()?;
            for organisation in members.organisations.keys() {
                if asked.is_none_or(|asked| asked == *organisation) {
                    groups.entry((*organisation, String::new(), 0)).or_default();
                }
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
        let is_of_teams = matches!(by, By::Organisation | By::Team) && query.account.is_none();
        let (scopes, keys) = members.roll_ups(keys, is_of_teams);
        for &side in sides {
            let group = |key| members.group(key, by);
            for (group, classes) in sum(&self.db, scopes[side], &keys, &cover, group)? {
                groups.entry(group).or_default()[side] = classes;
            }
        }
        Ok(groups)
    }

    /// The figures of each product.
    fn of_products(&self, products: &[Product], cover: &Cover) -> Result<BTreeMap<i64, Classes>> {
        let keys: Vec<_> = products.iter().map(|product| product.id).collect();
        sum(&self.db, Scope::Product, &keys, cover, |key| key)
    }

    /// The products that a query asks for, newest first.
    fn products_asked(&self, query: &Query, members: &Members) -> Result<Vec<Product>> {
        if let Some(product) = query.product {
            let found: Option<Product> = load(&self.db, (id_of(product), 0))?;
            let unknown = QueryError::Unknown {
                what: "product",
                value: product.to_string(),
            };
            let found = found.ok_or(Error::Query(unknown))?;
            let is_asked = query.after.is_none_or(|after| found.event < after);
            return Ok(if is_asked { vec![found] } else { Vec::new() });
        }
        let asked = members.asked(query)?;
        let (after, limit) = (query.after.unwrap_or(i64::MAX), query.limit());
        let Some(asked) = asked else {
            let sql = "SELECT * FROM product WHERE event < ?1 ORDER BY event DESC LIMIT ?2";
            return self.db.rows(sql, params![after, limit], Product::read);
        };
        // The index is of producers, who may have had other memberships.
        let parties = asked
            .iter()
            .filter_map(|key| members.memberships.get(key))
            .map(|row| row.party);
        let producers = self.db.among("producer", 1);
        let memberships = self.db.among("membership", 2);
        let sql = format!(
            "SELECT * FROM product WHERE {producers} AND {memberships} AND event < ?3 ORDER BY event DESC LIMIT ?4"
        );
        let (parties, asked) = (list(parties), list(asked.iter().copied()));
        self.db
            .rows(&sql, params![parties, asked, after, limit], Product::read)
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
        // Each by itself is found by the key; both at once would be looked for in every row.
        let ends =
            format!("SELECT (SELECT min({id}) FROM {table}), (SELECT max({id}) FROM {table})");
        let ends = self.db.row(&ends, &[], |row| {
            Ok((row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?))
        })?;
        let Some((Some(mut low), Some(high))) = ends else {
            return Ok(None);
        };
        let next = format!("SELECT {id}, {at} FROM {table} WHERE {id} >= ?1 ORDER BY {id} LIMIT 1");
        let next = |from: i64| -> Result<Option<(i64, i64)>> {
            self.db
                .row(&next, params![from], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        let mut past = high + 1;
        while low < past {
            let middle = low + (past - low) / 2;
            match next(middle)? {
                Some((id, at)) if day_of(at) < day.0 => low = id + 1,
                _ => past = middle,
            }
        }
        Ok(next(past)?.map(|(id, _)| id))
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
        (None, Some(asked)) => {
            let ([seller, buyer], keys) = members.roll_ups(asked, query.account.is_none());
            Ok(vec![(seller, keys.clone(), &[0]), (buyer, keys, &[1])])
        }
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
        id: Some(product.event),
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

/// Q1: the mean of votes with this sum of millionths, pulled towards the middle, where they are enough; and their number.
fn shrunk(total: i64, votes: i64) -> (Option<f64>, u64) {
    #[allow(clippy::cast_precision_loss)] // counts, and sums of a few for each
    let mean = (PRIOR * PRIOR_VOTES + total as f64 / 1e6) / (PRIOR_VOTES + votes as f64);
    let votes = u64::try_from(votes).unwrap_or(0);
    ((votes >= FEWEST).then_some(mean), votes)
}
