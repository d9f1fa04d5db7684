//! What follows from the events, one after the other: the records, and through them the roll-ups.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::{Address, B256, U256};
use ayumi_contracts::ICTIOperator::ICTIOperatorEvents as O;
use ayumi_contracts::ICTIToken::ICTITokenEvents as T;
use ayumi_contracts::ICTIToken::ProductPublished;
use ayumi_contracts::IConsortium::IConsortiumEvents as C;
use rusqlite::{Connection, params};

use crate::error::{Error, Result};
use crate::event::{Event, Said, block_of};
use crate::record::{
    Cache, Handover, Holding, Key, Membership, Organisation, Pair, Party, Product, Purchase,
    Record, Refund, Solver, Task, Vote, Wei, all,
};
use crate::rules::{Rule, find};
use crate::tally::{CANCELLED, DAY, DECLINED, REFUNDED, SETTLED, Tallies, Terms, USE_DAYS};

const REQUESTED: i64 = 1;
const DELIVERED: i64 = 2;

/// Nobody said how a delivery turned out.
const NO_OUTCOME: i64 = -1;

/// Between organisations, within one, flagged.
pub(crate) const EXTERNAL: i64 = 0;
pub(crate) const INTERNAL: i64 = 1;
pub(crate) const FLAGGED: i64 = 2;

/// The records that are touched, and what all steps need of members and products.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    organisations: Cache<Organisation>,
    solvers: Cache<Solver>,
    parties: Cache<Party>,
    memberships: Cache<Membership>,
    products: Cache<Product>,
    pub(crate) purchases: Cache<Purchase>,
    refunds: Cache<Refund>,
    handovers: Cache<Handover>,
    holdings: Cache<Holding>,
    pub(crate) pairs: Cache<Pair>,
    votes: Cache<Vote>,
    pub(crate) tasks: Cache<Task>,
    tallies: Tallies,
    /// Every party's id, so that none is looked for.
    known: HashMap<Address, i64>,
    members: i64,
    /// What of products their tasks are counted by.
    terms: HashMap<i64, Terms>,
    /// The accounts of numbers, which are parts of products' ids.
    loaded: bool,
}

/// What one event needs: the database, and where the event is.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) event: i64,
    /// Unix seconds.
    pub(crate) time: i64,
    /// The token and the operator, between which and accounts tickets move all the time.
    pub(crate) operator: Address,
}

impl At<'_> {
    /// The error that this event does not follow from those before it.
    pub(crate) fn odd(&self, cause: impl Into<String>) -> Error {
        Error::Inconsistent {
            event: self.event,
            cause: cause.into(),
        }
    }
}

impl Ledger {
    fn load(&mut self, db: &Connection) -> Result<()> {
        if self.loaded {
            return Ok(());
        }
        for party in all::<Party>(db)? {
            self.known.insert(party.address.into(), party.id);
        }
        self.members = db.query_row("SELECT count(*) FROM membership", [], |row| row.get(0))?;
        self.loaded = true;
        Ok(())
    }

    /// Takes up what an event says.
    pub(crate) fn apply(
        &mut self,
        db: &Connection,
        event: &Event,
        operator: Address,
    ) -> Result<()> {
        self.load(db)?;
        let at = At {
            db,
            event: event.id,
            time: event.at,
            operator,
        };
        match &event.said {
            Said::Consortium(said) => self.consortium(at, said),
            Said::Token(said) => self.token(at, said),
            Said::Operator(said) => self.operator(at, said),
            Said::Moved(said) => self.moved(at, said.from, said.to, said.id),
            Said::MovedMany(said) => {
                let moves = said
                    .ids
                    .iter()
                    .map(|id| self.moved(at, said.from, said.to, *id));
                moves.collect()
            }
            Said::Other => Ok(()),
        }
    }

    fn consortium(&mut self, at: At<'_>, said: &C) -> Result<()> {
        let number = |number: u32| i64::from(number);
        match said {
            C::OrganisationAdded(e) => self.organisations.insert(Organisation {
                id: number(e.organisation),
                name: e.name.clone(),
                suspended: false,
            }),
            C::OrganisationSuspensionSet(e) => {
                if let Some(organisation) =
                    self.organisations.get(at.db, (number(e.organisation), 0))?
                {
                    organisation.suspended = e.suspended;
                }
            }
            C::AccountEnrolled(e) => {
                let party = self.party(at, e.account)?;
                let party = self.known_party(at, party)?;
                (party.number, party.organisation) = (e.number.to::<i64>(), number(e.organisation));
                party.enrolled_at = at.time;
                let party = party.id;
                self.join(at, party, &e.team)?;
            }
            C::TeamAssigned(e) => {
                let party = self.party(at, e.account)?;
                self.join(at, party, &e.team)?;
            }
            C::AccountSuspensionSet(e) => {
                let party = self.party(at, e.account)?;
                self.known_party(at, party)?.suspended = e.suspended;
            }
            C::SolverRegistered(e) => {
                let id = self.party(at, e.solver)?;
                self.solvers.insert(Solver {
                    id,
                    organisation: number(e.organisation),
                    endpoint: e.endpoint.clone(),
                    suspended: false,
                });
            }
            C::SolverUpdated(e) => {
                let id = self.party(at, e.solver)?;
                if let Some(solver) = self.solvers.get(at.db, (id, 0))? {
                    solver.endpoint.clone_from(&e.endpoint);
                }
            }
            C::SolverSuspensionSet(e) => {
                let id = self.party(at, e.solver)?;
                if let Some(solver) = self.solvers.get(at.db, (id, 0))? {
                    solver.suspended = e.suspended;
                }
            }
        }
        Ok(())
    }

    fn token(&mut self, at: At<'_>, said: &T) -> Result<()> {
        match said {
            T::ProductPublished(e) => return self.published(at, e),
            T::ProductRevised(e) => {
                let (old, next) = (id(at, e.product)?, id(at, e.next)?);
                let product = self.product(at, old)?;
                (product.status, product.next) = (2, next);
                self.product(at, next)?.previous = old;
            }
            T::ProductWithdrawn(e) => self.product(at, id(at, e.product)?)?.status = 1,
            T::SolverAssigned(e) => {
                let solver = self.party(at, e.solver)?;
                self.product(at, id(at, e.product)?)?.solver = solver;
            }
            T::TicketsBought(e) => {
                let (product, consumer) = (id(at, e.product)?, self.party(at, e.consumer)?);
                return self.bought(at, product, consumer, i64::from(e.quantity));
            }
            T::TicketsRefunded(e) => {
                let (product, consumer) = (id(at, e.product)?, self.party(at, e.consumer)?);
                return self.refunded(at, product, consumer, i64::from(e.quantity));
            }
            T::Credited(e) => {
                self.party(at, e.account)?;
            }
            T::Collected(e) => return self.collected(at, e.account, e.recipient),
        }
        Ok(())
    }

    fn operator(&mut self, at: At<'_>, said: &O) -> Result<()> {
        match said {
            O::TaskRequested(e) => {
                let (task, product) = (id(at, e.task)?, id(at, e.product)?);
                let consumer = self.party(at, e.consumer)?;
                self.requested(at, task, product, consumer, i64::from(e.deadline))
            }
            O::TaskDelivered(e) => self.delivered(at, id(at, e.task)?),
            O::TaskSettled(e) => self.ended(at, id(at, e.task)?, SETTLED, e.reward),
            O::TaskDeclined(e) => self.ended(at, id(at, e.task)?, DECLINED, U256::ZERO),
            O::TaskCancelled(e) => self.ended(at, id(at, e.task)?, CANCELLED, U256::ZERO),
            O::TaskRefunded(e) => self.ended(at, id(at, e.task)?, REFUNDED, U256::ZERO),
            O::FeedbackGiven(e) => {
                let said = [
                    i64::from(e.feedback.actions),
                    e.feedback.outcome as i64,
                    i64::from(e.feedback.usefulness),
                ];
                self.feedback(at, id(at, e.task)?, said, e.noteHash)
            }
            O::FeedbackAnswered(e) => {
                self.answered(at, id(at, e.task)?, e.response as i64, e.noteHash)
            }
            O::ReceiptAcknowledged(_) => Ok(()),
        }
    }

    /// The id of an account, which gets one when it is named first.
    pub(crate) fn party(&mut self, at: At<'_>, address: Address) -> Result<i64> {
        if let Some(known) = self.known.get(&address) {
            return Ok(*known);
        }
        let id = i64::try_from(self.known.len()).unwrap_or(i64::MAX) + 1;
        self.known.insert(address, id);
        self.parties.insert(Party {
            id,
            address: address.into(),
            ..Party::default()
        });
        self.join(at, id, &B256::ZERO)?;
        Ok(id)
    }

    pub(crate) fn known_party(&mut self, at: At<'_>, id: i64) -> Result<&mut Party> {
        self.parties
            .get(at.db, (id, 0))?
            .ok_or_else(|| at.odd(format!("there is no party {id}")))
    }

    /// A membership begins; the one before stays with what was done in it.
    fn join(&mut self, at: At<'_>, party: i64, team: &B256) -> Result<()> {
        self.members += 1;
        let id = self.members;
        let member = self.known_party(at, party)?;
        member.membership = id;
        let organisation = member.organisation;
        let team = String::from_utf8_lossy(team.as_slice())
            .trim_end_matches('\0')
            .to_owned();
        self.memberships.insert(Membership {
            id,
            party,
            organisation,
            team,
            since: at.event,
        });
        Ok(())
    }

    pub(crate) fn product(&mut self, at: At<'_>, id: i64) -> Result<&mut Product> {
        self.products
            .get(at.db, (id, 0))?
            .ok_or_else(|| at.odd(format!("product {id} was never published")))
    }

    pub(crate) fn task(&mut self, at: At<'_>, id: i64) -> Result<&mut Task> {
        self.tasks
            .get(at.db, (id, 0))?
            .ok_or_else(|| at.odd(format!("task {id} was never requested")))
    }

    fn published(&mut self, at: At<'_>, e: &ProductPublished) -> Result<()> {
        let producer = self.party(at, e.producer)?;
        let membership = self.known_party(at, producer)?.membership;
        let (listing, context) = (&e.listing, &e.listing.context);
        let product = Product {
            id: id(at, e.product)?,
            producer,
            membership,
            event: at.event,
            at: at.time,
            title: listing.title.clone(),
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

    fn bought(&mut self, at: At<'_>, product: i64, consumer: i64, quantity: i64) -> Result<()> {
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
        let before = std::mem::replace(&mut pair.last_purchase, at.event);
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
        let earlier = std::mem::replace(&mut holding.newest, at.event);
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
    fn refunded(&mut self, at: At<'_>, product: i64, consumer: i64, quantity: i64) -> Result<()> {
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

    fn requested(
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
        let before = std::mem::replace(&mut pair.last_task, task);
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

    fn delivered(&mut self, at: At<'_>, id: i64) -> Result<()> {
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

    fn ended(&mut self, at: At<'_>, id: i64, state: i64, reward: U256) -> Result<()> {
        let (product, consumer) = self.of_task(at, id)?;
        let Sides { seller, buyer, .. } = self.sides(at, product, consumer)?;
        let task = self.task(at, id)?;
        (task.state, task.reward) = (state, Wei(reward));
        (task.ended, task.ended_at) = (at.event, at.time);
        (task.ended_seller, task.ended_buyer) = (seller, buyer);
        Ok(())
    }

    fn feedback(&mut self, at: At<'_>, id: i64, said: [i64; 3], note: B256) -> Result<()> {
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
            (vote.total, vote.count) = (vote.total + said[2], vote.count + 1);
        }
        self.examine_note(at, id, note)
    }

    fn answered(&mut self, at: At<'_>, id: i64, response: i64, note: B256) -> Result<()> {
        let (product, consumer) = self.of_task(at, id)?;
        let Sides { seller, buyer, .. } = self.sides(at, product, consumer)?;
        let task = self.task(at, id)?;
        task.response = response;
        (task.answered, task.answered_at) = (at.event, at.time);
        (task.answered_seller, task.answered_buyer) = (seller, buyer);
        self.examine_note(at, id, note)?;
        self.examine_loop(at, id)
    }

    fn moved(&mut self, at: At<'_>, from: Address, to: Address, product: U256) -> Result<()> {
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
        match back {
            Some(back) => find(
                at,
                Rule::RoundTrip,
                (sender, receiver),
                (product, 0),
                &[back, at.event],
            ),
            None => Ok(()),
        }
    }

    /// Writes what changed, with what was before where `keeps_before` says so, and forgets it.
    pub(crate) fn write(&mut self, db: &Connection, block: i64, keeps_before: bool) -> Result<()> {
        let Self { tallies, terms, .. } = self;
        let undo = Undo {
            db,
            block,
            is_kept: keeps_before,
        };
        self.products.write(db, |key, before, now| {
            if let Some(now) = now.or(before) {
                terms.insert(
                    now.id,
                    Terms {
                        price: now.price.0,
                        actions: now.actions,
                    },
                );
            }
            before.inspect(|product| tallies.product(product, -1));
            now.inspect(|product| tallies.product(product, 1));
            undo.keep(key, before)
        })?;
        self.purchases.write(db, |key, before, now| {
            before.inspect(|purchase| tallies.purchase(purchase, -1));
            now.inspect(|purchase| tallies.purchase(purchase, 1));
            undo.keep(key, before)
        })?;
        self.refunds.write(db, |key, before, now| {
            before.inspect(|refund| tallies.refund(refund, -1));
            now.inspect(|refund| tallies.refund(refund, 1));
            undo.keep(key, before)
        })?;
        self.tasks.write(db, |key, before, now| {
            let product = now.or(before).map_or(0, |task| task.product);
            let terms = terms_of(db, terms, product)?;
            before.inspect(|task| tallies.task(task, terms, -1));
            now.inspect(|task| tallies.task(task, terms, 1));
            undo.keep(key, before)
        })?;
        self.organisations
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.solvers
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.parties
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.memberships
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.handovers
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.holdings
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.pairs
            .write(db, |key, before, _| undo.keep(key, before))?;
        self.votes
            .write(db, |key, before, _| undo.keep(key, before))?;
        tallies.write(db)
    }

    /// Has the records be again what they were before the blocks after `block`.
    pub(crate) fn restore(&mut self, db: &Connection, block: i64) -> Result<()> {
        let mut rows = db.prepare(
            "SELECT what, one, two, record FROM undo WHERE block > ?1 ORDER BY block DESC",
        )?;
        let mut rows = rows.query([block])?;
        let mut oldest = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let key: (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let record: Option<String> = row.get(3)?;
            oldest.insert(key, record);
        }
        for ((what, one, two), record) in oldest {
            self.restore_one(db, &what, (one, two), record.as_deref())?;
        }
        self.write(db, block, false)?;
        *self = Self::default();
        Ok(())
    }

    fn restore_one(
        &mut self,
        db: &Connection,
        what: &str,
        key: Key,
        record: Option<&str>,
    ) -> Result<()> {
        match what {
            Organisation::TABLE => restore(&mut self.organisations, db, key, record),
            Solver::TABLE => restore(&mut self.solvers, db, key, record),
            Party::TABLE => restore(&mut self.parties, db, key, record),
            Membership::TABLE => restore(&mut self.memberships, db, key, record),
            Product::TABLE => restore(&mut self.products, db, key, record),
            Purchase::TABLE => restore(&mut self.purchases, db, key, record),
            Refund::TABLE => restore(&mut self.refunds, db, key, record),
            Handover::TABLE => restore(&mut self.handovers, db, key, record),
            Holding::TABLE => restore(&mut self.holdings, db, key, record),
            Pair::TABLE => restore(&mut self.pairs, db, key, record),
            Vote::TABLE => restore(&mut self.votes, db, key, record),
            Task::TABLE => restore(&mut self.tasks, db, key, record),
            _ => Err(rusqlite::Error::InvalidQuery.into()),
        }
    }
}

impl<R: Record> Cache<R> {
    /// Puts a record in the place of one that may be there.
    fn insert_over(&mut self, db: &Connection, new: R) -> Result<()> {
        self.restore(db, new.key(), Some(new))
    }
}

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

struct Undo<'a> {
    db: &'a Connection,
    block: i64,
    is_kept: bool,
}

impl Undo<'_> {
    fn keep<R: Record>(&self, key: Key, before: Option<&R>) -> Result<()> {
        if self.is_kept {
            let record = before
                .map(|record| serde_json::to_string(record).expect("records are plain structures"));
            self.db
                .prepare_cached("INSERT INTO undo VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![self.block, R::TABLE, key.0, key.1, record])?;
        }
        Ok(())
    }
}

fn restore<R: Record>(
    cache: &mut Cache<R>,
    db: &Connection,
    key: Key,
    record: Option<&str>,
) -> Result<()> {
    let record = record.map(serde_json::from_str).transpose();
    let record = record.map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?;
    cache.restore(db, key, record)
}

fn terms_of(db: &Connection, terms: &mut HashMap<i64, Terms>, product: i64) -> Result<Terms> {
    if let Some(known) = terms.get(&product) {
        return Ok(*known);
    }
    let mut row = db.prepare_cached("SELECT price, actions FROM product WHERE id = ?1")?;
    let read = row.query_row([product], |row| {
        let price: Wei = row.get(0)?;
        Ok(Terms {
            price: price.0,
            actions: row.get(1)?,
        })
    })?;
    terms.insert(product, read);
    Ok(read)
}

/// A number of the chain that is an id here.
fn id(at: At<'_>, number: U256) -> Result<i64> {
    i64::try_from(number)
        .map_err(|_| at.odd(format!("{number} is no id (block {})", block_of(at.event))))
}
