//! What needs a look. A finding stays, and what it is about is counted as flagged from then on and back to its beginning.

use alloy::primitives::{Address, B256};

use crate::db::Value;
use crate::error::Result;
use crate::ledger::{At, EXTERNAL, FLAGGED, Ledger};
use crate::record::Pair;
use crate::tally::day_of;

/// Purchases without a delivery between them, from which on they are listed.
const RUN: i64 = 3;

/// Purchases of each from the other, from which on the two can be too even.
const EACH: i64 = 5;

/// Purchases of two new accounts, from which on it counts that there was nobody else.
const ALONE: i64 = 5;

/// The most events that a finding names; the newest ones.
const EVIDENCE: usize = 100;

/// Seconds in which nobody reads, acts, writes and answers.
const LOOP_S: i64 = 60;

/// Why something needs a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Producer and consumer are of one organisation.
    SameOrganisation,
    /// Tickets went there and back, or the producer had its money paid out to its own customer.
    RoundTrip,
    /// Three or more purchases with no delivery between them.
    Unused,
    /// Two accounts enrolled on one day that trade with each other only.
    ClosedCircle,
    /// Each buys as much from the other.
    Reciprocal,
    /// From purchase to answer within 60 seconds.
    FastLoop,
    /// A note that was there before.
    RepeatedNote,
}

impl Rule {
    /// All rules; their places are their numbers, from 1.
    pub(crate) const ALL: [Self; 7] = [
        Self::SameOrganisation,
        Self::RoundTrip,
        Self::Unused,
        Self::ClosedCircle,
        Self::Reciprocal,
        Self::FastLoop,
        Self::RepeatedNote,
    ];

    pub(crate) fn number(self) -> i64 {
        self as i64 + 1
    }

    /// The rule of a number.
    pub(crate) fn numbered(number: i64) -> Option<Self> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(place).copied()
    }

    /// What it says, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SameOrganisation => "producer and consumer are of one organisation",
            Self::RoundTrip => "tickets or money went there and back",
            Self::Unused => "three or more purchases with no delivery between them",
            Self::ClosedCircle => "two accounts enrolled on one day trade with each other only",
            Self::Reciprocal => "each buys as much from the other",
            Self::FastLoop => "from purchase to answer within 60 seconds",
            Self::RepeatedNote => "the same note twice",
        }
    }
}

impl Ledger {
    /// Writes a finding down; once for an event and a rule.
    pub(crate) fn find(
        &mut self,
        at: At<'_>,
        rule: Rule,
        (producer, consumer): (i64, i64),
        (product, task): (i64, i64),
        evidence: &[i64],
    ) {
        let evidence = serde_json::to_string(evidence).expect("a list of numbers");
        let ids = [at.event, rule.number(), producer, consumer, product, task];
        let mut row = ids.map(Value::Integer).to_vec();
        row.push(Value::Text(evidence.into()));
        self.findings.push(row);
    }

    /// Looks at a purchase that was just made.
    pub(crate) fn examine_purchase(
        &mut self,
        at: At<'_>,
        producer: i64,
        consumer: i64,
        product: i64,
        run: i64,
    ) -> Result<()> {
        if run >= RUN {
            let purchases = self.run(at, run)?;
            if run == RUN {
                self.find(
                    at,
                    Rule::Unused,
                    (producer, consumer),
                    (product, 0),
                    &purchases,
                );
            }
            self.flag_purchases(at, &purchases)?;
        }
        let (ours, theirs) = (self.trading(at, producer)?, self.trading(at, consumer)?);
        let pair = self
            .pairs
            .get(at.db, (producer, consumer))?
            .cloned()
            .unwrap_or_default();
        let back = self
            .pairs
            .get(at.db, (consumer, producer))?
            .cloned()
            .unwrap_or_default();
        let is_internal = ours.organisation != 0 && ours.organisation == theirs.organisation;
        if is_internal {
            if pair.trades == 1 {
                self.find(
                    at,
                    Rule::SameOrganisation,
                    (producer, consumer),
                    (product, 0),
                    &[at.event],
                );
            }
            return Ok(());
        }
        let both = pair.trades + back.trades;
        let is_alone = ours.trades == both && theirs.trades == both && both >= ALONE;
        let is_circle = is_alone
            && ours.enrolled_at != 0
            && day_of(ours.enrolled_at) == day_of(theirs.enrolled_at);
        let (less, more) = (pair.trades.min(back.trades), pair.trades.max(back.trades));
        let is_even = less >= EACH && less * 5 > more * 4;
        for (is_so, rule) in [(is_circle, Rule::ClosedCircle), (is_even, Rule::Reciprocal)] {
            if is_so && pair.rule == 0 {
                self.flag_both(at, rule, producer, consumer)?;
                break;
            }
        }
        Ok(())
    }

    /// A producer's money goes out. To whom else than itself?
    pub(crate) fn collected(
        &mut self,
        at: At<'_>,
        account: Address,
        recipient: Address,
    ) -> Result<()> {
        let producer = self.party(at, account)?;
        if account == recipient {
            return Ok(());
        }
        let customer = self.party(at, recipient)?;
        let pair = self.pairs.get(at.db, (producer, customer))?.cloned();
        match pair {
            Some(pair) if pair.trades > 0 && pair.rule == 0 => {
                self.flag_both(at, Rule::RoundTrip, producer, customer)
            }
            _ => Ok(()),
        }
    }

    /// Looks at a dialogue that just came to its end.
    pub(crate) fn examine_loop(&mut self, at: At<'_>, id: i64) -> Result<()> {
        let task = self.task(at, id)?;
        let began = if task.bought_at == 0 {
            task.requested_at
        } else {
            task.bought_at
        };
        if at.time - began > LOOP_S {
            return Ok(());
        }
        let evidence = [task.requested, task.delivered, task.feedback, task.answered];
        self.flag_task(at, Rule::FastLoop, id, &evidence)
    }

    /// Looks whether a note was there before. Its hash has a random salt in it, so that it should not.
    pub(crate) fn examine_note(&mut self, at: At<'_>, id: i64, hash: B256) -> Result<()> {
        if hash.is_zero() {
            return Ok(());
        }
        let Some((task, event)) = self.notes.seen(at.db, hash, (id, at.event))? else {
            return Ok(());
        };
        self.class_task(at, task)?;
        self.flag_task(at, Rule::RepeatedNote, id, &[event, at.event])
    }

    /// The last purchases of the consumer that just bought, newest last.
    fn run(&mut self, at: At<'_>, run: i64) -> Result<Vec<i64>> {
        let (mut purchases, mut place) = (Vec::new(), at.event);
        for _ in 0..run {
            let Some(purchase) = self.purchases.get(at.db, (place, 0))? else {
                break;
            };
            purchases.insert(0, place);
            // Those before were flagged when they came.
            if purchases.len() > 1 && purchase.class == FLAGGED && run > RUN {
                break;
            }
            place = purchase.earlier;
        }
        Ok(purchases)
    }

    fn flag_purchases(&mut self, at: At<'_>, purchases: &[i64]) -> Result<()> {
        for id in purchases {
            if let Some(purchase) = self.purchases.get(at.db, (*id, 0))?
                && purchase.class == EXTERNAL
            {
                purchase.class = FLAGGED;
            }
        }
        Ok(())
    }

    fn flag_task(&mut self, at: At<'_>, rule: Rule, id: i64, evidence: &[i64]) -> Result<()> {
        self.class_task(at, id)?;
        let task = self.task(at, id)?;
        let (product, consumer) = (task.product, task.consumer);
        let producer = self.product(at, product)?.producer;
        self.find(at, rule, (producer, consumer), (product, id), evidence);
        Ok(())
    }

    fn class_task(&mut self, at: At<'_>, id: i64) -> Result<()> {
        let task = self.task(at, id)?;
        if task.class == EXTERNAL {
            task.class = FLAGGED;
        }
        Ok(())
    }

    /// Flags all that the two traded, in both directions, and will trade.
    fn flag_both(&mut self, at: At<'_>, rule: Rule, one: i64, other: i64) -> Result<()> {
        let mut evidence = Vec::new();
        for key in [(one, other), (other, one)] {
            let pair = self.pairs.or_insert(
                at.db,
                Pair {
                    producer: key.0,
                    consumer: key.1,
                    ..Pair::default()
                },
            )?;
            pair.rule = rule.number();
            let (mut purchase, mut task) = (pair.last_purchase, pair.last_task);
            while purchase != 0 {
                evidence.push(purchase);
                self.flag_purchases(at, &[purchase])?;
                purchase = self
                    .purchases
                    .get(at.db, (purchase, 0))?
                    .map_or(0, |purchase| purchase.before);
            }
            while task != 0 {
                self.class_task(at, task)?;
                task = self.task(at, task)?.before;
            }
        }
        if rule == Rule::RoundTrip {
            evidence.push(at.event);
        }
        evidence.sort_unstable();
        let evidence = &evidence[evidence.len().saturating_sub(EVIDENCE)..];
        self.find(at, rule, (one, other), (0, 0), evidence);
        Ok(())
    }

    fn trading(&mut self, at: At<'_>, party: i64) -> Result<Trading> {
        let party = self.known_party(at, party)?;
        Ok(Trading {
            organisation: party.organisation,
            enrolled_at: party.enrolled_at,
            trades: party.trades,
        })
    }
}

struct Trading {
    organisation: i64,
    enrolled_at: i64,
    trades: i64,
}
