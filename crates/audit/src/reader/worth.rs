//! What it was worth: the gap, editions, money.

use std::collections::HashMap;

use super::{Reader, actions, scopes, shrunk, who, who_of_product};
use crate::answer::{
    Gap, GapRow, Money, MoneyAnswer, MoneyRow, ProductRow, Series, Steps, Who, product_of,
};
use crate::error::{QueryError, Result};
use crate::members::Members;
use crate::query::{By, LIMIT, Query};
use crate::record::{Product, load};
use crate::sums::{Classes, Grain, sum};

/// Whether there is anything to tell.
fn is_told(gap: &Series<Gap>) -> bool {
    gap.raw.delivered > 0 || gap.raw.unmet.of > 0
}

impl Reader {
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

    /// Of those of which there is anything to tell; so many products may have to be looked at.
    fn gap_by_product(&self, query: &Query, members: &Members) -> Result<Vec<GapRow>> {
        let cover = self.cover(query, Grain::Aged)?;
        let limit = query.limit();
        // Few are asked for, but many at a time may have to be looked at.
        let step = limit.max(LIMIT);
        let mut query = Query {
            limit: Some(step),
            ..query.clone()
        };
        let mut rows = Vec::new();
        loop {
            let products = self.products_asked(&query, members)?;
            let mut sums = self.of_products(&products, &cover)?;
            rows.extend(products.iter().filter_map(|product| {
                let classes = sums.remove(&product.id)?;
                let gap = Series::of(&classes, Gap::of);
                is_told(&gap).then(|| GapRow {
                    who: who_of_product(members, product),
                    gap,
                })
            }));
            if products.len() < step || query.product.is_some() || rows.len() >= limit {
                rows.truncate(limit);
                return Ok(rows);
            }
            query.after = products.last().map(|product| product.event);
        }
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
        let groups = self.by_member(query, members, by, Grain::Aged, &[side])?;
        let rows = groups.into_iter().filter_map(|(group, sides)| {
            let gap = Series::of(&sides[side], Gap::of);
            is_told(&gap).then(|| GapRow {
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
            let cover = self.cover(query, Grain::Aged)?;
            let mut sums = self.of_products(&products, &cover)?;
            let mut editions = HashMap::new();
            let mut rows = Vec::with_capacity(products.len());
            for product in &products {
                let classes = sums.remove(&product.id).unwrap_or_default();
                let (usefulness, votes) = shrunk(product.vote_sum, product.votes);
                rows.push(ProductRow {
                    who: who_of_product(&members, product),
                    edition: self.edition(product, &mut editions)?,
                    previous: product_of(product.previous),
                    next: product_of(product.next),
                    status: ["on-sale", "withdrawn", "revised"]
                        [usize::try_from(product.status).unwrap_or(0).min(2)]
                    .into(),
                    published_at: product.at,
                    price: product.price.0.to_string(),
                    expected_actions: actions(product.actions),
                    steps: Steps::series(&classes, &classes),
                    usefulness,
                    votes,
                    gap: Series::of(&classes, Gap::of),
                });
            }
            Ok(rows)
        })
    }

    /// Counted from the first edition on; `known` has those that were counted before.
    fn edition(&self, product: &Product, known: &mut HashMap<i64, u64>) -> Result<u64> {
        let (mut later, mut earlier) = (vec![product.id], product.previous);
        while earlier != 0 && !known.contains_key(&earlier) {
            later.push(earlier);
            let product: Option<Product> = load(&self.db, (earlier, 0))?;
            earlier = product.map_or(0, |product| product.previous);
        }
        let mut edition = known.get(&earlier).copied().unwrap_or(0);
        for product in later.into_iter().rev() {
            edition += 1;
            known.insert(product, edition);
        }
        Ok(edition)
    }

    /// Where the money went: in all (without `by`), by organisation, product, or period; and what needs a look.
    pub fn money(&self, query: &Query) -> Result<MoneyAnswer> {
        let rows = self.at_once(|| self.money_rows(query))?;
        // The rows may be those after another one; what needs a look is counted otherwise.
        let all = Query {
            after: None,
            ..query.clone()
        };
        Ok(MoneyAnswer {
            rows,
            findings: self.findings(&all)?,
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
                let groups = self.by_member(query, &members, by, Grain::Aged, &[0, 1])?;
                let rows = groups.iter().map(|(group, [seller, buyer])| {
                    row(who(&members, group, by), buyer, Some(seller))
                });
                Ok(rows.collect())
            }
            Some(By::Product) => {
                let (products, cover) = (
                    self.products_asked(query, &members)?,
                    self.cover(query, Grain::Aged)?,
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
                let cover = self.cover(query, Grain::Aged)?;
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
}
