//! Answers out of sums.

use std::collections::BTreeMap;

use alloy::primitives::I256;

use super::{FEWEST, Gap, Metrics, Money, Series, Share, Spread, Steps};
use crate::figures::{Count, Money as M, Span};
use crate::sums::{Classes, Sum, series};

impl Share {
    pub(crate) fn of(count: u64, of: u64) -> Self {
        #[allow(clippy::cast_precision_loss)] // counts
        let share = (of >= FEWEST).then(|| count as f64 / of as f64);
        Self { count, of, share }
    }
}

impl Spread {
    pub(crate) fn of(sum: &Sum, span: Span) -> Self {
        let (histogram, open) = sum.span(span);
        let mut times: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for (seconds, ended, left) in histogram.iter() {
            let entry = times.entry(seconds).or_default();
            *entry = (entry.0 + ended, entry.1 + left);
        }
        for (waited, count) in open {
            times.entry(*waited).or_default().1 += count;
        }
        let mut at_risk: i64 = times.values().map(|(ended, left)| ended + left).sum();
        let (mut ended_in_all, mut still, mut reached) = (0, 1.0, [None, None]);
        for (seconds, (ended, left)) in times {
            #[allow(clippy::cast_precision_loss)] // counts
            if ended > 0 && at_risk > 0 {
                still *= 1.0 - ended as f64 / at_risk as f64;
            }
            for (reached, limit) in reached.iter_mut().zip([0.5, 0.1]) {
                if reached.is_none() && still <= limit + 1e-9 {
                    *reached = Some(seconds.unsigned_abs());
                }
            }
            at_risk -= ended + left;
            ended_in_all += ended;
        }
        let open = histogram.total() + open.values().sum::<i64>() - ended_in_all;
        let [median, p90] = reached;
        Self {
            ended: ended_in_all.unsigned_abs(),
            open: u64::try_from(open).unwrap_or(0),
            median,
            p90,
        }
    }
}

impl<T> Series<T> {
    pub(crate) fn of(classes: &Classes, make: impl Fn(&Sum) -> T) -> Self {
        let [raw, external, clean] = series(classes);
        Self {
            raw: make(&raw),
            external: make(&external),
            clean: make(&clean),
        }
    }
}

impl Steps {
    /// What one side did, or both where `sum` is of both.
    pub(crate) fn of(seller: &Sum, buyer: &Sum) -> Self {
        Self {
            published: seller.count(Count::Published),
            sold: seller.count(Count::Bought),
            delivered: seller.count(Count::Delivered),
            feedback_received: seller.count(Count::Feedback),
            answered: seller.count(Count::Answered),
            bought: buyer.count(Count::Bought),
            redeemed: buyer.count(Count::Redeemed),
            consumed: buyer.count(Count::Delivered),
            complained: buyer.count(Count::Complained),
            feedback_given: buyer.count(Count::Feedback),
        }
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.published += other.published;
        self.sold += other.sold;
        self.delivered += other.delivered;
        self.feedback_received += other.feedback_received;
        self.answered += other.answered;
        self.bought += other.bought;
        self.redeemed += other.redeemed;
        self.consumed += other.consumed;
        self.complained += other.complained;
        self.feedback_given += other.feedback_given;
    }

    /// The same for each series.
    pub(crate) fn series(seller: &Classes, buyer: &Classes) -> Series<Self> {
        let [raw, external, clean] = series(seller);
        let [raw_buyer, external_buyer, clean_buyer] = series(buyer);
        Series {
            raw: Self::of(&raw, &raw_buyer),
            external: Self::of(&external, &external_buyer),
            clean: Self::of(&clean, &clean_buyer),
        }
    }
}

impl Metrics {
    pub(crate) fn of(sum: &Sum) -> Self {
        let (due_use, due_feedback, due_answer) =
            (&sum.due_use, &sum.due_feedback, &sum.due_answer);
        Self {
            used: Share::of(
                due_use.count(Count::UsedInTime),
                due_use.count(Count::Bought),
            ),
            fulfilled: Share::of(sum.count(Count::Delivered), sum.count(Count::Redeemed)),
            declined: sum.count(Count::Declined),
            cancelled: sum.count(Count::Cancelled),
            complained: sum.count(Count::Complained),
            with_feedback: Share::of(
                due_feedback.count(Count::FeedbackInTime),
                due_feedback.count(Count::Delivered),
            ),
            acted: Share::of(sum.count(Count::Acted), sum.count(Count::Feedback)),
            answered: Share::of(
                due_answer.count(Count::AnsweredInTime),
                due_answer.count(Count::Feedback),
            ),
            revising: Share::of(sum.count(Count::Revising), sum.count(Count::Answered)),
            publish_to_use: Spread::of(sum, Span::FirstUse),
            request_to_delivery: Spread::of(sum, Span::Delivery),
            delivery_to_feedback: Spread::of(sum, Span::Feedback),
            feedback_to_answer: Spread::of(sum, Span::Answer),
        }
    }
}

impl Gap {
    pub(crate) fn of(sum: &Sum) -> Self {
        let due = &sum.due_feedback;
        let (feedback, expected, met) = (
            sum.count(Count::Feedback),
            sum.count(Count::Expected),
            sum.count(Count::Met),
        );
        let of_feedback = |count| Share::of(sum.count(count), feedback);
        let of_expected = |count| Share {
            share: share_of_feedback(count, expected, feedback),
            count,
            of: expected,
        };
        let taken = met + sum.count(Count::Unexpected);
        let unexpected = sum.count(Count::Unexpected);
        let pairs = due.count(Count::Pairs);
        let with_feedback = [
            Count::PairsMet,
            Count::PairsLate,
            Count::PairsNoAction,
            Count::PairsOtherAction,
        ]
        .map(|count| due.count(count));
        let silent = due
            .count(Count::PairsDelivered)
            .saturating_sub(with_feedback.iter().sum());
        Self {
            delivered: sum.count(Count::Delivered),
            feedback,
            done: of_expected(met),
            not_done: of_expected(expected.saturating_sub(met)),
            unexpected: Share {
                share: share_of_feedback(unexpected, taken, feedback),
                count: unexpected,
                of: taken,
            },
            true_positive: of_feedback(Count::TruePositive),
            no_hit: of_feedback(Count::NoHit),
            false_positive: of_feedback(Count::FalsePositive),
            expired: of_feedback(Count::Expired),
            not_applicable: of_feedback(Count::NotApplicable),
            unmet: Share::of(pairs.saturating_sub(due.count(Count::PairsMet)), pairs),
            unmet_not_delivered: pairs.saturating_sub(due.count(Count::PairsDelivered)),
            unmet_no_action: due.count(Count::PairsNoAction) + silent,
            unmet_other_action: due.count(Count::PairsOtherAction),
            unmet_late: due.count(Count::PairsLate),
            delivery_to_feedback: Spread::of(sum, Span::Feedback),
            feedback_to_answer: Spread::of(sum, Span::Answer),
        }
    }
}

/// A share of actions is shown where there are enough answers, not enough actions.
fn share_of_feedback(count: u64, of: u64, feedback: u64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // counts
    (feedback >= FEWEST && of > 0).then(|| count as f64 / of as f64)
}

impl Money {
    pub(crate) fn of(sum: &Sum) -> Self {
        let due = &sum.due_use;
        let spent = sum.money(M::Settled) - sum.money(M::Rewarded);
        let per =
            |count: u64| (count != 0).then(|| spent / I256::try_from(count).unwrap_or(I256::MAX));
        let (settled, acted) = (sum.count(Count::Settled), sum.count(Count::Acted));
        let gone = due.count(Count::UsedInTime) + due.count(Count::Returned);
        Self {
            purchases: sum.count(Count::Purchases),
            bought: sum.count(Count::Bought),
            paid: sum.money(M::Paid),
            refunded: sum.count(Count::Refunded),
            refunds: sum.money(M::Refunded),
            complained: sum.count(Count::Complained),
            complaints: sum.money(M::Complained),
            settled,
            spent,
            rewards: sum.money(M::Rewarded),
            per_delivery: per(settled),
            acted,
            per_action: per(acted),
            idle_tickets: due.count(Count::Bought).saturating_sub(gone),
            idle: due.money(M::Paid) - due.money(M::Used) - due.money(M::Returned),
        }
    }
}
