//! What each step of trade changes.

use std::mem;

use alloy::primitives::{Address, B256, U256};
use ayumi_contracts::ICTIToken::ProductPublished;

use super::{At, DELIVERED, EXTERNAL, FLAGGED, INTERNAL, Ledger, NO_OUTCOME, REQUESTED, id, text};
use crate::error::Result;
use crate::record::{Handover, Holding, Pair, Product, Purchase, Refund, Task, Vote, Wei};
use crate::rules::Rule;
use crate::tally::{DAY, USE_DAYS};

/// Who is on both sides of a step.
struct Sides {
    producer: i64,
    seller: i64,
    buyer: i64,
    is_internal: bool,
}

impl Sides {
    fn class(&self, rule: i64) -> i64 {
        if self.is_internal {
            INTERNAL
        } else {
            flagged_if(rule != 0)
        }
    }
}

fn flagged_if(is_flagged: bool) -> i64 {
    if is_flagged { FLAGGED } else { EXTERNAL }
}

impl Ledger {
    pub(super) fn published(&mut self, at: At<'_>, e: &ProductPublished) -> Result<()> {
        let producer = self.party(at, e.producer)?;
        let membership = self.known_party(at, producer)?.membership;
        let (listing, context) = (&e.listing, &e.listing.context);
        let product = Product {
            id: id(at, e.product)?,
            producer,
            membership,
            event: at.event,
            at: at.time,
            title: text(&listing.title),
            price: Wei(U256::from(listing.price)),
            reward_bps: i64::from(listing.rewardBps),
            stock: i64::from(listing.stock),
            solver: self.party(at, listing.solver)?,
            actions: i64::from(context.actions),
            category: i64::from(context.category),
            level: context.level as i64,
            tlp: context.tlp as i64,
            valid_from: context.validFrom.to::<i64>(),
            valid_until: context.validUntil.to::<i64>(),
            ..Product::default()
        };
        self.products.insert(product);
        Ok(())
    }

    /// The membership of the producer and of the consumer at this event, and whether they are of one organisation.
    fn sides(&mut self, at: At<'_>, product: i64, consumer: i64) -> Result<Sides> {
        let producer = self.product(at, product)?.producer;
        let (seller, theirs) = {
            let party = self.known_party(at, producer)?;
            (party.membership, party.organisation)
        };
        let party = self.known_party(at, consumer)?;
        let is_internal = theirs != 0 && theirs == party.organisation;
        Ok(Sides {
            producer,
            seller,
            buyer: party.membership,
            is_internal,
        })
    }

    pub(super) fn bought(
        &mut self,
        at: At<'_>,
        product: i64,
        consumer: i64,
        quantity: i64,
    ) -> Result<()> {
        let sides = self.sides(at, product, consumer)?;
        let price = self.product(at, product)?.price;
        let pair = self.pairs.or_insert(
            at.db,
            Pair {
                producer: sides.producer,
                consumer,
                ..Pair::default()
            },
        )?;
        let before = mem::replace(&mut pair.last_purchase, at.event);
        pair.trades += 1;
        let class = sides.class(pair.rule);
        let holding = self.holdings.or_insert(
            at.db,
            Holding {
                consumer,
                product,
                ..Holding::default()
            },
        )?;
        let earlier = mem::replace(&mut holding.newest, at.event);
        holding.run += 1;
        let run = holding.run;
        if holding.oldest == 0 {
            holding.oldest = at.event;
        }
        if earlier != 0
            && let Some(purchase) = self.purchases.get(at.db, (earlier, 0))?
        {
            purchase.later = at.event;
        }
        let Sides {
            producer,
            seller,
            buyer,
            ..
        } = sides;
        self.purchases.insert(Purchase {
            id: at.event,
            product,
            consumer,
            seller,
            buyer,
            at: at.time,
            quantity,
            price,
            left_over: quantity,
            earlier,
            before,
            class,
            ..Purchase::default()
        });
        for party in [producer, consumer] {
            self.known_party(at, party)?.trades += 1;
        }
        self.examine_purchase(at, producer, consumer, product, run)
    }

    /// What is given back is taken from the newest purchases.
    pub(super) fn refunded(
        &mut self,
        at: At<'_>,
        product: i64,
        consumer: i64,
        quantity: i64,
    ) -> Result<()> {
        let Sides {
            producer,
            seller,
            buyer,
            is_internal,
        } = self.sides(at, product, consumer)?;
        let price = self.product(at, product)?.price;
        let rule = self
            .pairs
            .get(at.db, (producer, consumer))?
            .map_or(0, |pair| pair.rule);
        let class = if is_internal {
            INTERNAL
        } else {
            flagged_if(rule != 0)
        };
        self.refunds.insert(Refund {
            id: at.event,
            product,
            seller,
            buyer,
            at: at.time,
            quantity,
            price,
            class,
        });
        let newest = self
            .holdings
            .get(at.db, (consumer, product))?
            .map_or(0, |holding| holding.newest);
        let (mut due, mut place) = (quantity, newest);
        while due > 0 && place != 0 {
            let Some(purchase) = self.purchases.get(at.db, (place, 0))? else {
                break;
            };
            let taken = due.min(purchase.left_over);
            purchase.left_over -= taken;
            purchase.returned += taken;
            (due, place) = (due - taken, purchase.earlier);
        }
        Ok(())
    }

    pub(super) fn requested(
        &mut self,
        at: At<'_>,
        task: i64,
        product: i64,
        consumer: i64,
        deadline: i64,
    ) -> Result<()> {
        let sides = self.sides(at, product, consumer)?;
        let pair = self.pairs.or_insert(
            at.db,
            Pair {
                producer: sides.producer,
                consumer,
                ..Pair::default()
            },
        )?;
        let before = mem::replace(&mut pair.last_task, task);
        let class = sides.class(pair.rule);
        self.tasks.insert(Task {
            id: task,
            product,
            consumer,
            state: REQUESTED,
            class,
            before,
            deadline,
            requested: at.event,
            requested_at: at.time,
            requested_seller: sides.seller,
            requested_buyer: sides.buyer,
            outcome: NO_OUTCOME,
            response: NO_OUTCOME,
            ..Task::default()
        });
        Ok(())
    }

    pub(super) fn delivered(&mut self, at: At<'_>, id: i64) -> Result<()> {
        let (product, consumer) = self.of_task(at, id)?;
        let Sides {
            seller,
            buyer,
            is_internal,
            ..
        } = self.sides(at, product, consumer)?;
        let bought_at = self.use_ticket(at, product, consumer)?;
        let task = self.task(at, id)?;
        (task.state, task.bought_at) = (DELIVERED, bought_at);
        (task.delivered, task.delivered_at) = (at.event, at.time);
        (task.delivered_seller, task.delivered_buyer) = (seller, buyer);
        let product = self.product(at, product)?;
        if product.first_used_at == 0 && !is_internal {
            product.first_used_at = at.time;
        }
        Ok(())
    }

    /// Takes a ticket of the oldest purchase that has one left. Returns when it was bought; 0 where it came from elsewhere.
    fn use_ticket(&mut self, at: At<'_>, product: i64, consumer: i64) -> Result<i64> {
        let Some(holding) = self.holdings.get(at.db, (consumer, product))? else {
            return Ok(0);
        };
        holding.run = 0;
        while holding.oldest != 0 {
            let Some(purchase) = self.purchases.get(at.db, (holding.oldest, 0))? else {
                return Err(at.odd(format!("there is no purchase {}", holding.oldest)));
            };
            if purchase.left_over > 0 {
                purchase.left_over -= 1;
                purchase.used += i64::from(at.time - purchase.at <= USE_DAYS * DAY);
                return Ok(purchase.at);
            }
            if purchase.later == 0 {
                break;
            }
            holding.oldest = purchase.later;
        }
        Ok(0)
    }

    fn of_task(&mut self, at: At<'_>, id: i64) -> Result<(i64, i64)> {
        let task = self.task(at, id)?;
        Ok((task.product, task.consumer))
    }

    pub(super) fn ended(&mut self, at: At<'_>, id: i64, state: i64, reward: U256) -> Result<()> {
        let (product, consumer) = self.of_task(at, id)?;
        let Sides { seller, buyer, .. } = self.sides(at, product, consumer)?;
        let task = self.task(at, id)?;
        (task.state, task.reward) = (state, Wei(reward));
        (task.ended, task.ended_at) = (at.event, at.time);
        (task.ended_seller, task.ended_buyer) = (seller, buyer);
        Ok(())
    }

    pub(super) fn feedback(
        &mut self,
        at: At<'_>,
        id: i64,
        said: [i64; 3],
        note: B256,
    ) -> Result<()> {
        let (product, consumer) = self.of_task(at, id)?;
        let Sides {
            seller,
            buyer,
            is_internal,
            ..
        } = self.sides(at, product, consumer)?;
        let task = self.task(at, id)?;
        [task.actions, task.outcome, task.usefulness] = said;
        (task.feedback, task.feedback_at) = (at.event, at.time);
        (task.feedback_seller, task.feedback_buyer) = (seller, buyer);
        let organisation = self.known_party(at, consumer)?.organisation;
        if !is_internal {
            let vote = self.votes.or_insert(
                at.db,
                Vote {
                    product,
                    organisation,
                    ..Vote::default()
                },
            )?;
            let (before, is_new) = (vote.millionths(), vote.count == 0);
            (vote.total, vote.count) = (vote.total + said[2], vote.count + 1);
            let change = vote.millionths() - before;
            let product = self.product(at, product)?;
            product.votes += i64::from(is_new);
            product.vote_sum += change;
        }
        self.examine_note(at, id, note)
    }

    pub(super) fn answered(
        &mut self,
        at: At<'_>,
        id: i64,
        response: i64,
        note: B256,
    ) -> Result<()> {
        let (product, consumer) = self.of_task(at, id)?;
        let Sides { seller, buyer, .. } = self.sides(at, product, consumer)?;
        let task = self.task(at, id)?;
        task.response = response;
        (task.answered, task.answered_at) = (at.event, at.time);
        (task.answered_seller, task.answered_buyer) = (seller, buyer);
        self.examine_note(at, id, note)?;
        self.examine_loop(at, id)
    }

    pub(super) fn moved(
        &mut self,
        at: At<'_>,
        from: Address,
        to: Address,
        product: U256,
    ) -> Result<()> {
        if from.is_zero() || to.is_zero() || from == at.operator || to == at.operator || from == to
        {
            return Ok(());
        }
        let (sender, receiver) = (self.party(at, from)?, self.party(at, to)?);
        let product = id(at, product)?;
        let back = self
            .handovers
            .get(at.db, (receiver, sender))?
            .filter(|back| back.product == product);
        let back = back.map(|back| back.event);
        self.handovers.insert_over(
            at.db,
            Handover {
                sender,
                receiver,
                product,
                event: at.event,
            },
        )?;
        if let Some(back) = back {
            let evidence = [back, at.event];
            self.find(
                at,
                Rule::RoundTrip,
                (sender, receiver),
                (product, 0),
                &evidence,
            );
        }
        Ok(())
    }
}
