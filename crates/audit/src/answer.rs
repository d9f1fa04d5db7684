//! What is answered: the same types for the command, the page and the HTTP interface.

mod made;
mod text;

use alloy::primitives::{Address, B256, I256};
use ayumi_contracts::ProductId;
use serde::{Deserialize, Serialize};

use crate::query::Day;
use crate::rules::Rule;

pub(crate) use text::{id_of, product_of};
use text::{maybe_wei, product_text, wei};

/// Answers without which no share is shown: a few say nothing, and would show who gave them.
pub const FEWEST: u64 = 5;

/// A figure for everything, for what is between organisations, and for that less what needs a look.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series<T> {
    /// All of it.
    pub raw: T,
    /// Where the organisations of producer and consumer differ.
    pub external: T,
    /// The same, less what is flagged.
    pub clean: T,
}

/// A part of a whole. The share is there where the whole has [`FEWEST`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The part.
    pub count: u64,
    /// The whole.
    pub of: u64,
    /// Their quotient.
    pub share: Option<f64>,
}

/// How long something takes, what has not ended yet counted in (Kaplan-Meier). Seconds, at most 3 percent too short.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many ended.
    pub ended: u64,
    /// How many have not, or never will.
    pub open: u64,
    /// Half of all end within this time; `None` where half did not yet.
    pub median: Option<u64>,
    /// Nine of ten.
    pub p90: Option<u64>,
}

/// Counts of steps: as producer from `published` to `answered`, as consumer from `bought` to `feedbackGiven`, as the
/// contract has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Steps {
    /// Products.
    pub published: u64,
    /// Tickets.
    pub sold: u64,
    /// Tasks.
    pub delivered: u64,
    /// Tasks.
    pub feedback_received: u64,
    /// Tasks.
    pub answered: u64,
    /// Tickets.
    pub bought: u64,
    /// Tasks.
    pub redeemed: u64,
    /// Tasks.
    pub consumed: u64,
    /// Tasks.
    pub complained: u64,
    /// Tasks.
    pub feedback_given: u64,
}

/// What was done, of an account, team, organisation or product, or in a period. Steps are raw; those that are external
/// and clean are beside them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Whose; what is in it depends on what rows are told by.
    #[serde(flatten)]
    pub who: Who,
    /// All steps.
    #[serde(flatten)]
    pub raw: Steps,
    /// Those between organisations.
    pub external: Steps,
    /// The same, less what is flagged.
    pub clean: Steps,
}

/// What a row is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Who {
    /// For [`Query::after`](crate::Query::after), where rows are of products.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The first day of a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Day>,
    /// A name, "" where accounts belong to none; not cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// A label, "" where there is none or it has under five accounts; not cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// An account; the producer where rows are told by producer or product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Address>,
    /// A product, with its title, not cleaned.
    #[serde(skip_serializing_if = "Option::is_none", with = "product_text")]
    pub product: Option<ProductId>,
    /// Of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Rates and durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// C1: tickets delivered within 30 days, of those bought more than 30 days ago.
    pub used: Share,
    /// C2: delivered, of all that were requested.
    pub fulfilled: Share,
    /// Beside C2: given back by the solver or producer.
    pub declined: u64,
    /// Beside C2: given back after the deadline.
    pub cancelled: u64,
    /// Beside C2: refunded after a complaint.
    pub complained: u64,
    /// C3: deliveries with feedback within 14 days, of those older.
    pub with_feedback: Share,
    /// C4: feedback with an action.
    pub acted: Share,
    /// C5: feedback answered within 7 days, of that older.
    pub answered: Share,
    /// Beside C5: answers that led to a revision, or promise one.
    pub revising: Share,
    /// T1.
    pub publish_to_use: Spread,
    /// T2.
    pub request_to_delivery: Spread,
    /// T3.
    pub delivery_to_feedback: Spread,
    /// T4.
    pub feedback_to_answer: Spread,
}

/// What was expected of consumers, and what they did, as their feedback says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// Tasks that were delivered.
    pub delivered: u64,
    /// Tasks with feedback.
    pub feedback: u64,
    /// Expected actions that were taken.
    pub done: Share,
    /// Expected actions that were not.
    pub not_done: Share,
    /// Actions that were taken and not expected, of all that were taken.
    pub unexpected: Share,
    /// Feedback by its outcome.
    pub true_positive: Share,
    /// Nothing was found.
    pub no_hit: Share,
    /// It was wrong.
    pub false_positive: Share,
    /// It came too late.
    pub expired: Share,
    /// "Not for us" is a useful answer too.
    pub not_applicable: Share,
    /// V2: expected actions of tasks requested more than 14 days ago that were not met in time.
    pub unmet: Share,
    /// Of those: the task was never delivered.
    pub unmet_not_delivered: u64,
    /// There is no feedback, or no action in it.
    pub unmet_no_action: u64,
    /// Other actions were taken.
    pub unmet_other_action: u64,
    /// They were taken too late.
    pub unmet_late: u64,
    /// T3.
    pub delivery_to_feedback: Spread,
    /// T4.
    pub feedback_to_answer: Spread,
}

/// The gap of a product, producer or organisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GapRow {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// The gap.
    #[serde(flatten)]
    pub gap: Series<Gap>,
}

/// Money, in wei as a decimal number. None stands without its count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// Purchases.
    pub purchases: u64,
    /// Tickets bought.
    pub bought: u64,
    /// For them.
    #[serde(with = "wei")]
    pub paid: I256,
    /// Tickets refunded.
    pub refunded: u64,
    /// For them.
    #[serde(with = "wei")]
    pub refunds: I256,
    /// Deliveries refunded after a complaint.
    pub complained: u64,
    /// For them.
    #[serde(with = "wei")]
    pub complaints: I256,
    /// Deliveries settled.
    pub settled: u64,
    /// E1: for them, less what went back for feedback.
    #[serde(with = "wei")]
    pub spent: I256,
    /// What went back for feedback.
    #[serde(with = "wei")]
    pub rewards: I256,
    /// E2: spent for each settled delivery; `None` where there is none.
    #[serde(with = "maybe_wei")]
    pub per_delivery: Option<I256>,
    /// E3: feedback with an action.
    pub acted: u64,
    /// E3: spent for each of them.
    #[serde(with = "maybe_wei")]
    pub per_action: Option<I256>,
    /// E4: tickets neither delivered nor refunded 30 days after they were bought.
    pub idle_tickets: u64,
    /// E4: what they cost.
    #[serde(with = "wei")]
    pub idle: I256,
}

/// The money of an organisation, a product, a period, or all of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MoneyRow {
    /// Whose; what it is of as consumer, where rows are told by organisation.
    #[serde(flatten)]
    pub who: Who,
    /// The money.
    #[serde(flatten)]
    pub money: Series<Money>,
    /// The same as producer: income.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub income: Option<Series<Money>>,
}

/// Money, and what needs a look.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MoneyAnswer {
    /// Where the money went.
    pub rows: Vec<MoneyRow>,
    /// What needs a look.
    pub findings: Vec<Finding>,
}

/// What needs a look, with what shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// For [`Query::after`](crate::Query::after).
    pub id: i64,
    /// Which rule.
    pub rule: Rule,
    /// The rule in a sentence.
    pub meaning: String,
    /// When it showed.
    pub at: i64,
    /// The producer, or the one side.
    pub producer: Address,
    /// Its organisation.
    pub producer_organisation: String,
    /// The consumer, or the other side.
    pub consumer: Address,
    /// Its organisation.
    pub consumer_organisation: String,
    /// Where it is of one product.
    #[serde(with = "product_text")]
    pub product: Option<ProductId>,
    /// Where it is of one task.
    pub task: Option<i64>,
    /// The transactions that show it, oldest first; the newest hundred.
    pub transactions: Vec<B256>,
}

/// An edition of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductRow {
    /// Whose, and its title.
    #[serde(flatten)]
    pub who: Who,
    /// From 1.
    pub edition: u64,
    /// The edition before.
    #[serde(with = "product_text")]
    pub previous: Option<ProductId>,
    /// The edition after.
    #[serde(with = "product_text")]
    pub next: Option<ProductId>,
    /// `on-sale`, `withdrawn` or `revised`.
    pub status: String,
    /// Unix seconds.
    pub published_at: i64,
    /// Wei for a ticket, as a decimal number.
    pub price: String,
    /// What its producer expects, as words.
    pub expected_actions: Vec<String>,
    /// What was done with it.
    pub steps: Series<Steps>,
    /// Q1: the mean usefulness that other organisations found, pulled towards 3 by five votes; from [`FEWEST`] on.
    pub usefulness: Option<f64>,
    /// The organisations that said so, each once.
    pub votes: u64,
    /// Expected and actual.
    pub gap: Series<Gap>,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationRow {
    /// From 1; 0 stands for accounts that belong to none.
    pub number: i64,
    /// Not cleaned.
    pub organisation: String,
    /// By the governor.
    pub suspended: bool,
    /// Its accounts.
    pub accounts: u64,
    /// What it did.
    pub steps: Series<Steps>,
    /// How well it delivers and answers, as producer.
    pub as_producer: Series<Metrics>,
    /// How well it uses and tells, as consumer.
    pub as_consumer: Series<Metrics>,
    /// Q1 of all its products.
    pub usefulness: Option<f64>,
    /// Votes behind it: an organisation and a product have one together.
    pub votes: u64,
    /// V3: the day of its last step as consumer.
    pub last_step: Option<Day>,
    /// V3: redemptions and feedback, between organisations.
    pub taken: u64,
    /// V3: how many it would be if its accounts did as all do; `None` under [`FEWEST`].
    pub expected: Option<f64>,
    /// V3: whether it is under the lower limit that chance alone passes once in a hundred times.
    pub is_low: bool,
}

/// What holds for the whole chain, or the part that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// S1 to S6.
    pub steps: Series<Steps>,
    /// A1: the median over weeks of the teams that redeemed or gave feedback; the team of an account without a label is
    /// its organisation.
    pub active_teams: f64,
    /// A1: the weeks that it is of.
    pub weeks: u64,
    /// C1 to C5, T1 to T4.
    pub metrics: Series<Metrics>,
    /// V2.
    pub gap: Series<Gap>,
    /// E1 to E4.
    pub money: Series<Money>,
}

/// A task, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRow {
    /// Its number; also for [`Query::after`](crate::Query::after).
    pub id: i64,
    /// Which product it is of, by whom.
    #[serde(flatten)]
    pub who: Who,
    /// Who requested it.
    pub consumer: Address,
    /// The organisation of who requested it.
    pub consumer_organisation: String,
    /// As in the contract.
    pub state: String,
    /// `external`, `internal` or `flagged`.
    pub class: String,
    /// The steps that were taken, in the chain's order.
    pub steps: Vec<Step>,
    /// Actions taken, as words; `None` without feedback.
    pub actions: Option<Vec<String>>,
    /// As in the contract; `None` without feedback.
    pub outcome: Option<String>,
    /// From 1 to 5; `None` without feedback.
    pub usefulness: Option<i64>,
    /// As in the contract; `None` without an answer.
    pub response: Option<String>,
}

/// A step of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `requested`, `delivered`, `settled` and so on.
    pub step: String,
    /// Unix seconds.
    pub at: i64,
    /// The block.
    pub block: i64,
    /// The transaction.
    pub transaction: B256,
}

/// An event as it is on the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// For [`Query::after`](crate::Query::after).
    pub id: i64,
    /// Unix seconds.
    pub at: i64,
    /// The block.
    pub block: i64,
    /// The place in the block.
    pub log: i64,
    /// The transaction.
    pub transaction: B256,
    /// Which event.
    pub kind: String,
    /// The task, product or organisation that it is about, as a number.
    pub subject: Option<i64>,
}

/// How far an index reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Of the chain.
    pub chain_id: u64,
    /// The `CTIOperator`.
    pub operator: Address,
    /// The newest block that was read.
    pub block: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, in Unix seconds.
    pub at: i64,
    /// Events so far.
    pub events: u64,
}
