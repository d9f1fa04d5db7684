//! The roll-ups: what each record adds to the figures, and the table that they are kept in.

use std::collections::HashMap;

use alloy::primitives::{I256, U256};

use crate::db::{Clash, Db, Table, Value};
use crate::error::{DatabaseError, Result};
use crate::figures::{Count, Figures, Money, Span, classes_from_bytes, classes_to_bytes};
use crate::record::{Product, Purchase, Refund, Task};

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Days until a purchase should have been used, a delivery have feedback, a feedback an answer.
pub(crate) const USE_DAYS: i64 = 30;
pub(crate) const FEEDBACK_DAYS: i64 = 14;
pub(crate) const ANSWER_DAYS: i64 = 7;

/// States of a task, as in ICTIOperator.
pub(crate) const SETTLED: i64 = 3;
pub(crate) const DECLINED: i64 = 4;
pub(crate) const CANCELLED: i64 = 5;
pub(crate) const REFUNDED: i64 = 6;

/// The table that they are kept in.
pub(crate) const TALLY: Table = Table {
    name: "tally",
    key: &["scope", "level", "key", "slot"],
};

/// What a roll-up that cannot be read is told as.
pub(crate) const DAMAGED: DatabaseError = DatabaseError::Unreadable {
    expected: "figures",
    found: "other bytes",
};

/// Of what a roll-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Everything; the key is 0.
    All,
    /// A membership, as producer.
    Seller,
    /// A membership, as consumer.
    Buyer,
    /// A product.
    Product,
    /// A team, as producer.
    SellingTeam,
    /// A team, as consumer.
    BuyingTeam,
}

/// Over how long a roll-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Level {
    /// A day of UTC; slots are days since the epoch.
    Day,
    /// A week from Monday.
    Week,
    /// Four weeks from a Monday.
    FourWeeks,
}

impl Scope {
    /// As producer and as consumer.
    pub(crate) const MEMBERSHIP: [Self; 2] = [Self::Seller, Self::Buyer];
    pub(crate) const TEAM: [Self; 2] = [Self::SellingTeam, Self::BuyingTeam];
}

impl Level {
    const ALL: [Self; 3] = [Self::Day, Self::Week, Self::FourWeeks];

    /// The slot that a day is in. The epoch was a Thursday.
    pub(crate) fn slot(self, day: i64) -> i64 {
        match self {
            Self::Day => day,
            Self::Week => (day + 3).div_euclid(7),
            Self::FourWeeks => (day + 3).div_euclid(28),
        }
    }

    /// The first day of a slot.
    pub(crate) fn first(self, slot: i64) -> i64 {
        match self {
            Self::Day => slot,
            Self::Week => slot * 7 - 3,
            Self::FourWeeks => slot * 28 - 3,
        }
    }

    /// The last day of a slot.
    pub(crate) fn last(self, slot: i64) -> i64 {
        self.first(slot + 1) - 1
    }
}

/// Changes of roll-ups that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Tallies(HashMap<(Scope, i64, i64, i64), Figures>);

/// Who is on both sides of a step, and which product it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sides {
    seller: i64,
    buyer: i64,
    product: i64,
    class: i64,
}

/// What of a product its tasks are counted by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) price: U256,
    pub(crate) actions: i64,
}

/// The day of a time.
pub(crate) fn day_of(at: i64) -> i64 {
    at.div_euclid(DAY)
}

impl Tallies {
    /// Adds what a product adds, or takes it away.
    pub(crate) fn product(&mut self, product: &Product, sign: i64) {
        let mut figures = Figures::default();
        figures.add(Count::Published, 1);
        if product.first_used_at != 0 {
            figures.ended(Span::FirstUse, product.first_used_at - product.at);
        }
        let sides = Sides {
            seller: product.membership,
            buyer: 0,
            product: product.id,
            class: 0,
        };
        self.put(sides, product.at, &figures, sign);
    }

    /// The same of a purchase.
    pub(crate) fn purchase(&mut self, purchase: &Purchase, sign: i64) {
        let mut figures = Figures::default();
        figures.add(Count::Purchases, 1);
        let amounts = [
            (Count::Bought, Money::Paid, purchase.quantity),
            (Count::UsedInTime, Money::Used, purchase.used),
            (Count::Returned, Money::Returned, purchase.returned),
        ];
        for (count, money, tickets) in amounts {
            figures.add(count, tickets);
            figures.pay(money, times(purchase.price.0, tickets));
        }
        let Purchase {
            seller,
            buyer,
            product,
            class,
            ..
        } = *purchase;
        self.put(
            Sides {
                seller,
                buyer,
                product,
                class,
            },
            purchase.at,
            &figures,
            sign,
        );
    }

    /// The same of a refund.
    pub(crate) fn refund(&mut self, refund: &Refund, sign: i64) {
        let mut figures = Figures::default();
        figures.add(Count::Refunded, refund.quantity);
        figures.pay(Money::Refunded, times(refund.price.0, refund.quantity));
        let Refund {
            seller,
            buyer,
            product,
            class,
            ..
        } = *refund;
        self.put(
            Sides {
                seller,
                buyer,
                product,
                class,
            },
            refund.at,
            &figures,
            sign,
        );
    }

    /// The same of a task.
    pub(crate) fn task(&mut self, task: &Task, terms: Terms, sign: i64) {
        let sides = |seller, buyer| Sides {
            seller,
            buyer,
            product: task.product,
            class: task.class,
        };
        let mut steps = vec![(
            task.requested_at,
            sides(task.requested_seller, task.requested_buyer),
            request(task, terms),
        )];
        if task.delivered != 0 {
            steps.push((
                task.delivered_at,
                sides(task.delivered_seller, task.delivered_buyer),
                delivery(task),
            ));
        }
        if task.ended != 0 {
            steps.push((
                task.ended_at,
                sides(task.ended_seller, task.ended_buyer),
                ending(task, terms),
            ));
        }
        if task.feedback != 0 {
            steps.push((
                task.feedback_at,
                sides(task.feedback_seller, task.feedback_buyer),
                feedback(task, terms),
            ));
        }
        if task.answered != 0 {
            steps.push((
                task.answered_at,
                sides(task.answered_seller, task.answered_buyer),
                answer(task),
            ));
        }
        // Most tasks begin and end on one day.
        while let Some((at, sides, mut figures)) = steps.pop() {
            steps.retain(|(other_at, other, more)| {
                let is_same = day_of(*other_at) == day_of(at) && *other == sides;
                if is_same {
                    figures.merge(more, 1);
                }
                !is_same
            });
            self.put(sides, at, &figures, sign);
        }
    }

    fn put(&mut self, sides: Sides, at: i64, figures: &Figures, sign: i64) {
        let Sides {
            seller,
            buyer,
            product,
            class,
        } = sides;
        let keys = [
            (Scope::All, 0),
            (Scope::Seller, seller),
            (Scope::Product, product),
            (Scope::Buyer, buyer),
        ];
        let keys = keys
            .into_iter()
            .filter(|(scope, key)| *key != 0 || *scope == Scope::All);
        for (scope, key) in keys {
            self.0
                .entry((scope, key, day_of(at), class))
                .or_default()
                .merge(figures, sign);
        }
    }

    /// Writes the changes, at each level, of memberships and of the teams that they are in.
    pub(crate) fn write(&mut self, db: &Db, team_of: &HashMap<i64, i64>) -> Result<()> {
        let mut changes: HashMap<(RowKey, i64), Figures> = HashMap::new();
        for ((scope, key, day, class), figures) in self.0.drain() {
            let team = team_of.get(&key).copied().unwrap_or(key);
            let of_team = match scope {
                Scope::Seller => Some((Scope::SellingTeam, team)),
                Scope::Buyer => Some((Scope::BuyingTeam, team)),
                Scope::All | Scope::Product | Scope::SellingTeam | Scope::BuyingTeam => None,
            };
            for (scope, key) in of_team.into_iter().chain([(scope, key)]) {
                for level in Level::ALL {
                    let row = (scope as i64, level as i64, key, level.slot(day));
                    changes.entry((row, class)).or_default().merge(&figures, 1);
                }
            }
        }
        let mut changes: Vec<_> = changes
            .into_iter()
            .filter(|(_, figures)| !figures.is_empty())
            .collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        let of_rows = || {
            let rows = changes.chunk_by(|((one, _), _), ((other, _), _)| one == other);
            rows.map(|changes| (changes[0].0.0, changes))
        };
        let mut stored = HashMap::new();
        db.find(TALLY, of_rows().map(|(row, _)| values_of(row)), |row| {
            let key: RowKey = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            stored.insert(key, row.get::<Vec<u8>>(4)?);
            Ok(())
        })?;
        let (mut gone, mut there) = (Vec::new(), Vec::new());
        for (row, changes) in of_rows() {
            let before = stored.get(&row).map(Vec::as_slice).unwrap_or_default();
            let mut classes = classes_from_bytes(before).ok_or(DAMAGED)?;
            for ((_, class), figures) in changes {
                let class = usize::try_from(*class)
                    .ok()
                    .and_then(|class| classes.get_mut(class));
                class.ok_or(DAMAGED)?.merge(figures, 1);
            }
            let mut values = values_of(row);
            let bytes = classes_to_bytes(&classes);
            if bytes.is_empty() {
                gone.push(values);
            } else {
                values.push(Value::Bytes(bytes.into()));
                there.push(values);
            }
        }
        db.remove(TALLY, gone)?;
        db.insert(TALLY, Clash::Replace, there)
    }
}

/// Scope, level, key, slot.
type RowKey = (i64, i64, i64, i64);

fn values_of((scope, level, key, slot): RowKey) -> Vec<Value<'static>> {
    [scope, level, key, slot].map(Value::Integer).to_vec()
}

fn request(task: &Task, terms: Terms) -> Figures {
    let mut figures = Figures::default();
    figures.add(Count::Redeemed, 1);
    if task.delivered != 0 {
        figures.ended(Span::Delivery, task.delivered_at - task.requested_at);
    } else if task.ended != 0 {
        figures.left(Span::Delivery, task.ended_at - task.requested_at);
    }
    let pairs = bits(terms.actions);
    figures.add(Count::Pairs, pairs);
    if task.delivered != 0 {
        figures.add(Count::PairsDelivered, pairs);
    }
    if task.feedback != 0 {
        let met = bits(terms.actions & task.actions);
        let in_time = task.feedback_at - task.delivered_at <= FEEDBACK_DAYS * DAY;
        figures.add(
            if in_time {
                Count::PairsMet
            } else {
                Count::PairsLate
            },
            met,
        );
        figures.add(
            if task.actions == 0 {
                Count::PairsNoAction
            } else {
                Count::PairsOtherAction
            },
            pairs - met,
        );
    }
    figures
}

fn delivery(task: &Task) -> Figures {
    let mut figures = Figures::default();
    figures.add(Count::Delivered, 1);
    let taken = task.feedback_at - task.delivered_at;
    if task.feedback != 0 {
        figures.ended(Span::Feedback, taken);
        figures.add(
            Count::FeedbackInTime,
            i64::from(taken <= FEEDBACK_DAYS * DAY),
        );
    } else if task.state == REFUNDED {
        figures.left(Span::Feedback, task.ended_at - task.delivered_at);
    }
    figures
}

fn ending(task: &Task, terms: Terms) -> Figures {
    let mut figures = Figures::default();
    match task.state {
        SETTLED => {
            figures.add(Count::Settled, 1);
            figures.pay(Money::Settled, times(terms.price, 1));
            figures.pay(Money::Rewarded, times(task.reward.0, 1));
        }
        DECLINED => figures.add(Count::Declined, 1),
        CANCELLED => figures.add(Count::Cancelled, 1),
        REFUNDED => {
            figures.add(Count::Complained, 1);
            figures.pay(Money::Complained, times(terms.price, 1));
        }
        _ => {}
    }
    figures
}

fn feedback(task: &Task, terms: Terms) -> Figures {
    const OUTCOMES: [Count; 5] = [
        Count::TruePositive,
        Count::NoHit,
        Count::FalsePositive,
        Count::Expired,
        Count::NotApplicable,
    ];
    let mut figures = Figures::default();
    figures.add(Count::Feedback, 1);
    figures.add(Count::Acted, i64::from(task.actions != 0));
    if let Some(outcome) = usize::try_from(task.outcome)
        .ok()
        .and_then(|outcome| OUTCOMES.get(outcome))
    {
        figures.add(*outcome, 1);
    }
    figures.add(Count::Usefulness, task.usefulness);
    figures.add(Count::Expected, bits(terms.actions));
    figures.add(Count::Met, bits(terms.actions & task.actions));
    figures.add(Count::Unexpected, bits(task.actions & !terms.actions));
    if task.answered != 0 {
        let taken = task.answered_at - task.feedback_at;
        figures.ended(Span::Answer, taken);
        figures.add(Count::AnsweredInTime, i64::from(taken <= ANSWER_DAYS * DAY));
    }
    figures
}

fn answer(task: &Task) -> Figures {
    let mut figures = Figures::default();
    figures.add(Count::Answered, 1);
    figures.add(Count::Revising, i64::from(matches!(task.response, 1 | 2)));
    figures
}

fn bits(set: i64) -> i64 {
    i64::from(set.count_ones())
}

/// The price of so many tickets. What exceeds all money that there can be is cut.
fn times(price: U256, tickets: i64) -> I256 {
    let due = price.saturating_mul(U256::from(tickets.unsigned_abs()));
    I256::try_from(due).unwrap_or(I256::MAX)
}
