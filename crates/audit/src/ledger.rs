//! What follows from the events, one after the other: the records, and through them the roll-ups.

mod fetch;
mod notes;
mod steps;
mod undo;

use std::collections::HashMap;

use alloy::primitives::{Address, B256, U256};
use ayumi_contracts::ICTIOperator::ICTIOperatorEvents as O;
use ayumi_contracts::ICTIToken::ICTITokenEvents as T;
use ayumi_contracts::IConsortium::IConsortiumEvents as C;

pub(crate) use notes::NOTE;
use notes::Notes;
use undo::Undo;

use crate::db::{Clash, Db, Table, Value, params};
use crate::error::{DatabaseError, Error, Result};
use crate::event::{Event, Said, block_of};
use crate::record::{
    Cache, Handover, Holding, Membership, Organisation, Pair, Party, Product, Purchase, Record,
    Refund, Solver, Task, Vote, Wei, all,
};
use crate::tally::{CANCELLED, DECLINED, REFUNDED, SETTLED, Tallies, Terms};

const REQUESTED: i64 = 1;
const DELIVERED: i64 = 2;

/// Nobody said how a delivery turned out.
const NO_OUTCOME: i64 = -1;

/// Between organisations, within one, flagged.
pub(crate) const EXTERNAL: i64 = 0;
pub(crate) const INTERNAL: i64 = 1;
pub(crate) const FLAGGED: i64 = 2;

/// What needs a look.
pub(crate) const FINDING: Table = Table {
    name: "finding",
    key: &["event", "rule"],
};

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
    pub(crate) notes: Notes,
    /// Rows that are not written yet.
    pub(crate) findings: Vec<Vec<Value<'static>>>,
    tallies: Tallies,
    /// Every party's id, so that none is looked for.
    known: HashMap<Address, i64>,
    /// Every membership's team, and every team by its organisation and label.
    team_of: HashMap<i64, i64>,
    teams: HashMap<(i64, String), i64>,
    /// What of products their tasks are counted by.
    terms: HashMap<i64, Terms>,
    /// Whether it is known who is who.
    loaded: bool,
}

/// What one event needs: the database, and where the event is.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) db: &'a Db,
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
    /// Learns who is who, where that is not known yet.
    fn load(&mut self, db: &Db) -> Result<()> {
        if self.loaded {
            return Ok(());
        }
        for party in all::<Party>(db)? {
            self.known.insert(party.address.into(), party.id);
        }
        for membership in all::<Membership>(db)? {
            let Membership {
                id,
                organisation,
                team,
                team_id,
                ..
            } = membership;
            self.team_of.insert(id, team_id);
            self.teams.insert((organisation, team), team_id);
        }
        self.loaded = true;
        Ok(())
    }

    /// Takes up what an event says.
    pub(crate) fn apply(&mut self, db: &Db, event: &Event, operator: Address) -> Result<()> {
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
                name: text(&e.name),
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
                    endpoint: text(&e.endpoint),
                    suspended: false,
                });
            }
            C::SolverUpdated(e) => {
                let id = self.party(at, e.solver)?;
                if let Some(solver) = self.solvers.get(at.db, (id, 0))? {
                    solver.endpoint = text(&e.endpoint);
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
        let id = i64::try_from(self.team_of.len()).unwrap_or(i64::MAX) + 1;
        let member = self.known_party(at, party)?;
        member.membership = id;
        let organisation = member.organisation;
        let team = String::from_utf8_lossy(team.as_slice());
        let team = text(team.trim_end_matches('\0'));
        let team_id = *self.teams.entry((organisation, team.clone())).or_insert(id);
        self.team_of.insert(id, team_id);
        self.memberships.insert(Membership {
            id,
            party,
            organisation,
            team,
            team_id,
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

    /// Writes what changed, with what was before where `keeps_before` says so.
    pub(crate) fn write(&mut self, db: &Db, block: i64, keeps_before: bool) -> Result<()> {
        let Self { tallies, terms, .. } = self;
        let mut undo = Undo::of(block, keeps_before);
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
            undo.keep(key, before);
            Ok(())
        })?;
        self.purchases.write(db, |key, before, now| {
            before.inspect(|purchase| tallies.purchase(purchase, -1));
            now.inspect(|purchase| tallies.purchase(purchase, 1));
            undo.keep(key, before);
            Ok(())
        })?;
        self.refunds.write(db, |key, before, now| {
            before.inspect(|refund| tallies.refund(refund, -1));
            now.inspect(|refund| tallies.refund(refund, 1));
            undo.keep(key, before);
            Ok(())
        })?;
        self.tasks.write(db, |key, before, now| {
            let product = now.or(before).map_or(0, |task| task.product);
            let terms = terms_of(db, terms, product)?;
            before.inspect(|task| tallies.task(task, terms, -1));
            now.inspect(|task| tallies.task(task, terms, 1));
            undo.keep(key, before);
            Ok(())
        })?;
        undo.write(db, &mut self.organisations)?;
        undo.write(db, &mut self.solvers)?;
        undo.write(db, &mut self.parties)?;
        undo.write(db, &mut self.memberships)?;
        undo.write(db, &mut self.handovers)?;
        undo.write(db, &mut self.holdings)?;
        undo.write(db, &mut self.pairs)?;
        undo.write(db, &mut self.votes)?;
        undo.end(db)?;
        self.notes.write(db)?;
        db.insert(FINDING, Clash::Keep, self.findings.drain(..))?;
        tallies.write(db, &self.team_of)
    }
}

impl<R: Record> Cache<R> {
    /// Puts a record in the place of one that may be there.
    fn insert_over(&mut self, db: &Db, new: R) -> Result<()> {
        self.restore(db, new.key(), Some(new))
    }
}

fn terms_of(db: &Db, terms: &mut HashMap<i64, Terms>, product: i64) -> Result<Terms> {
    if let Some(known) = terms.get(&product) {
        return Ok(*known);
    }
    let read = db.row(
        "SELECT price, actions FROM product WHERE id = ?1",
        params![product],
        |row| {
            Ok(Terms {
                price: row.get::<Wei>(0)?.0,
                actions: row.get(1)?,
            })
        },
    )?;
    let read = read.ok_or(DatabaseError::Unreadable {
        expected: "a task's product",
        found: "none",
    })?;
    terms.insert(product, read);
    Ok(read)
}

/// What somebody wrote, without the one character that no column of PostgreSQL takes.
pub(crate) fn text(written: &str) -> String {
    written.replace('\0', "\u{fffd}")
}

/// A number of the chain that is an id here.
fn id(at: At<'_>, number: U256) -> Result<i64> {
    i64::try_from(number)
        .map_err(|_| at.odd(format!("{number} is no id (block {})", block_of(at.event))))
}
