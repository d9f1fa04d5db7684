//! What is counted: one [`Figures`] for each day (week, four weeks) of everything, a member, a team, a product. They add up,
//! and can be taken back exactly.

use std::collections::BTreeMap;

use alloy::primitives::I256;

/// Buckets to a doubling of time: a duration is told at most 3 percent too short, and exactly below a minute.
const BUCKETS: u64 = 32;

/// Steps between organisations, within one, and flagged.
pub(crate) const CLASSES: usize = 3;

macro_rules! list {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$item_doc])* $item),* }

        impl $name {
            const COUNT: usize = [$(Self::$item),*].len();
        }
    };
}

list! {
    /// What is counted, by the day of which step.
    Count {
        // The day that it happened.
        Published, Purchases, Bought, Redeemed, Delivered, Feedback, Answered,
        Declined, Cancelled, Complained, Settled, Refunded,
        // The feedback's day.
        Acted, TruePositive, NoHit, FalsePositive, Expired, NotApplicable, Usefulness,
        Expected, Met, Unexpected,
        /// Answered within 7 days.
        AnsweredInTime,
        /// Answered with a revision, or with the promise of one; by the day of the answer.
        Revising,
        /// Tickets delivered within 30 days, by the day of the purchase.
        UsedInTime,
        /// Tickets refunded, by the day of the purchase.
        Returned,
        /// With feedback within 14 days, by the day of the delivery.
        FeedbackInTime,
        // Pairs of a task and an action that is expected of it, by the day of the request.
        Pairs, PairsDelivered, PairsMet, PairsNoAction, PairsOtherAction, PairsLate,
    }
}

list! {
    /// Money in wei, by the day of which step.
    Money {
        /// For tickets, by the day of the purchase.
        Paid,
        /// For tickets delivered within 30 days, by the day of the purchase.
        Used,
        /// For tickets refunded, by the day of the purchase.
        Returned,
        /// For tickets refunded, by the day of the refund.
        Refunded,
        /// For deliveries complained of, by the day of the complaint.
        Complained,
        /// Of settled deliveries, by the day of the settlement.
        Settled,
        /// The part of it that went back for feedback.
        Rewarded,
    }
}

list! {
    /// Durations, by the day of their start.
    Span {
        /// From the publication to the first delivery to another organisation.
        FirstUse,
        /// From a request to its delivery.
        Delivery,
        /// From a delivery to its feedback.
        Feedback,
        /// From a feedback to its answer.
        Answer,
    }
}

/// Durations in buckets: how many ended as they should, and how many otherwise, after this long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    buckets: BTreeMap<u16, (i64, i64)>,
    /// All that ended, whichever way.
    total: i64,
}

/// All that is counted of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figures {
    counts: [i64; Count::COUNT],
    money: [I256; Money::COUNT],
    spans: [Histogram; Span::COUNT],
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            counts: [0; Count::COUNT],
            money: [I256::ZERO; Money::COUNT],
            spans: Default::default(),
        }
    }
}

/// The figures of each class as bytes: of each that is not empty its number, the length of its figures, and these.
pub(crate) fn classes_to_bytes(classes: &[Figures; CLASSES]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (class, figures) in (0..).zip(classes) {
        if !figures.is_empty() {
            let figures = figures.to_bytes();
            put(&mut bytes, class);
            put(&mut bytes, figures.len() as u64);
            bytes.extend(figures);
        }
    }
    bytes
}

/// What [`classes_to_bytes`] wrote; `None` where they are no such bytes.
pub(crate) fn classes_from_bytes(mut bytes: &[u8]) -> Option<[Figures; CLASSES]> {
    let mut classes: [Figures; CLASSES] = Default::default();
    while !bytes.is_empty() {
        let (class, figures) = take_class(&mut bytes)?;
        classes[class].merge_bytes(figures)?;
    }
    Some(classes)
}

/// The next class of what [`classes_to_bytes`] wrote, and the bytes of its figures; `None` where they are no such bytes.
pub(crate) fn take_class<'a>(bytes: &mut &'a [u8]) -> Option<(usize, &'a [u8])> {
    let class = usize::try_from(take(bytes)?).ok()?;
    let length = usize::try_from(take(bytes)?).ok()?;
    let (figures, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    (class < CLASSES).then_some((class, figures))
}

/// The number of the bucket that so many seconds fall into.
pub(crate) fn bucket(seconds: i64) -> u16 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let shift = u64::from((seconds / BUCKETS).checked_ilog2().unwrap_or(0));
    u16::try_from(shift * BUCKETS + (seconds >> shift)).unwrap_or(u16::MAX)
}

/// The least number of seconds in a bucket.
pub(crate) fn seconds(bucket: u16) -> i64 {
    let bucket = u64::from(bucket);
    let shift = (bucket / BUCKETS).saturating_sub(1);
    i64::try_from((bucket - shift * BUCKETS) << shift.min(57)).unwrap_or(i64::MAX)
}

impl Histogram {
    fn add(&mut self, bucket: u16, ended: i64, left: i64) {
        self.total += ended + left;
        let entry = self.buckets.entry(bucket).or_default();
        *entry = (entry.0 + ended, entry.1 + left);
        if *entry == (0, 0) {
            self.buckets.remove(&bucket);
        }
    }

    fn merge(&mut self, other: &Self, sign: i64) {
        for (bucket, (ended, left)) in &other.buckets {
            self.add(*bucket, sign * ended, sign * left);
        }
    }

    /// How many ended, and how many left, after how many seconds; shortest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, i64, i64)> {
        self.buckets
            .iter()
            .map(|(bucket, (ended, left))| (seconds(*bucket), *ended, *left))
    }

    /// All that ended, whichever way.
    pub(crate) fn total(&self) -> i64 {
        self.total
    }
}

impl Figures {
    pub(crate) fn add(&mut self, what: Count, count: i64) {
        self.counts[what as usize] += count;
    }

    pub(crate) fn pay(&mut self, what: Money, wei: I256) {
        self.money[what as usize] = self.money[what as usize].saturating_add(wei);
    }

    /// Something that took so long ended as it should.
    pub(crate) fn ended(&mut self, what: Span, seconds: i64) {
        self.spans[what as usize].add(bucket(seconds), 1, 0);
    }

    /// Something that could not end as it should any more, after so long.
    pub(crate) fn left(&mut self, what: Span, seconds: i64) {
        self.spans[what as usize].add(bucket(seconds), 0, 1);
    }

    pub(crate) fn count(&self, what: Count) -> u64 {
        u64::try_from(self.counts[what as usize]).unwrap_or(0)
    }

    pub(crate) fn money(&self, what: Money) -> I256 {
        self.money[what as usize]
    }

    pub(crate) fn span(&self, what: Span) -> &Histogram {
        &self.spans[what as usize]
    }

    /// Adds all of `other`, or takes it away with a `sign` of −1.
    pub(crate) fn merge(&mut self, other: &Self, sign: i64) {
        for (count, other) in self.counts.iter_mut().zip(other.counts) {
            *count += sign * other;
        }
        let wei = |amount: I256| if sign < 0 { -amount } else { amount };
        for (amount, other) in self.money.iter_mut().zip(other.money) {
            if !other.is_zero() {
                *amount = amount.saturating_add(wei(other));
            }
        }
        for (span, other) in self.spans.iter_mut().zip(&other.spans) {
            span.merge(other, sign);
        }
    }

    /// Whether all of it is zero.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As bytes: what is not zero, each with its tag.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, count) in (0..).zip(self.counts).filter(|(_, count)| *count != 0) {
            put(&mut bytes, tag);
            put(&mut bytes, zigzag(count));
        }
        for (tag, amount) in (64..)
            .zip(self.money)
            .filter(|(_, amount)| !amount.is_zero())
        {
            put(&mut bytes, tag);
            put_wei(&mut bytes, amount);
        }
        for (tag, span) in (96..)
            .zip(&self.spans)
            .filter(|(_, span)| !span.buckets.is_empty())
        {
            put(&mut bytes, tag);
            put(&mut bytes, span.buckets.len() as u64);
            for (bucket, (ended, left)) in &span.buckets {
                put(&mut bytes, u64::from(*bucket));
                put(&mut bytes, zigzag(*ended));
                put(&mut bytes, zigzag(*left));
            }
        }
        bytes
    }

    /// One count out of what [`to_bytes`](Self::to_bytes) wrote, which begins with the counts; `None` where it is not there.
    pub(crate) fn count_in(mut bytes: &[u8], what: Count) -> Option<i64> {
        loop {
            let (tag, count) = (take(&mut bytes)?, take(&mut bytes)?);
            if tag >= what as u64 {
                return (tag == what as u64).then(|| zagzig(count));
            }
        }
    }

    /// Adds what [`to_bytes`](Self::to_bytes) wrote; `None` where they are no such bytes.
    pub(crate) fn merge_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let tag = usize::try_from(take(&mut rest)?).ok()?;
            if let Some(count) = self.counts.get_mut(tag) {
                *count += zagzig(take(&mut rest)?);
            } else if let Some(amount) = tag.checked_sub(64).and_then(|tag| self.money.get_mut(tag))
            {
                *amount = amount.saturating_add(take_wei(&mut rest)?);
            } else {
                let span = self.spans.get_mut(tag.checked_sub(96)?)?;
                for _ in 0..take(&mut rest)? {
                    let bucket = u16::try_from(take(&mut rest)?).ok()?;
                    span.add(bucket, zagzig(take(&mut rest)?), zagzig(take(&mut rest)?));
                }
            }
        }
        Some(())
    }
}

/// Seven bits a byte, lowest first.
fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Big-endian, after its length, without the bytes that only repeat the sign.
fn put_wei(bytes: &mut Vec<u8>, amount: I256) {
    let all: [u8; 32] = amount.to_be_bytes();
    let sign = if amount.is_negative() { 0xff } else { 0 };
    let is_needed = |pair: &[u8]| pair[0] != sign || (pair[0] ^ pair[1]) & 0x80 != 0;
    let first = all.windows(2).position(is_needed).unwrap_or(31);
    put(bytes, 32 - first as u64);
    bytes.extend(&all[first..]);
}

fn take_wei(bytes: &mut &[u8]) -> Option<I256> {
    let length = usize::try_from(take(bytes)?).ok()?;
    let (wei, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    let is_negative = wei.first()? & 0x80 != 0;
    let mut all = [if is_negative { 0xff } else { 0 }; 32];
    all.get_mut(32_usize.checked_sub(length)?..)?
        .copy_from_slice(wei);
    Some(I256::from_be_bytes(all))
}

/// Small numbers of either sign as small ones without.
fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

fn zagzig(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figures() -> impl Strategy<Value = Figures> {
        let step = prop_oneof![
            (0..Count::COUNT, any::<i32>()).prop_map(|(at, count)| (0, at, i64::from(count))),
            (0..Money::COUNT, any::<i64>()).prop_map(|(at, wei)| (1, at, wei)),
            (0..Span::COUNT, 0..1_i64 << 33).prop_map(|(at, seconds)| (2, at, seconds)),
        ];
        proptest::collection::vec(step, 0..20).prop_map(|steps| {
            let mut figures = Figures::default();
            for (what, at, value) in steps {
                match what {
                    0 => figures.counts[at] += value,
                    1 => figures.money[at] += I256::try_from(value).unwrap(),
                    _ => figures.spans[at].add(bucket(value), 1, 0),
                }
            }
            figures
        })
    }

    proptest! {
        #[test]
        fn bytes_read_back(figures in figures()) {
            let mut read = Figures::default();
            prop_assert!(read.merge_bytes(&figures.to_bytes()).is_some());
            prop_assert_eq!(read, figures);
        }

        #[test]
        fn classes_read_back(one in figures(), other in figures()) {
            let classes = [one, Figures::default(), other];
            prop_assert_eq!(classes_from_bytes(&classes_to_bytes(&classes)), Some(classes));
        }

        #[test]
        fn money_of_any_size_reads_back(words in any::<[u64; 4]>(), bits in 0_usize..256) {
            for amount in [I256::from_limbs(words), I256::from_limbs(words).asr(bits)] {
                let mut bytes = Vec::new();
                put_wei(&mut bytes, amount);
                prop_assert_eq!(take_wei(&mut bytes.as_slice()), Some(amount));
            }
        }

        #[test]
        fn one_count_is_read_without_the_rest(figures in figures()) {
            let bytes = figures.to_bytes();
            for what in [Count::Published, Count::Feedback, Count::PairsLate] {
                let count = Figures::count_in(&bytes, what).unwrap_or(0);
                prop_assert_eq!(count, figures.counts[what as usize]);
            }
        }

        #[test]
        fn what_was_added_can_be_taken_away(one in figures(), other in figures()) {
            let mut sum = one.clone();
            sum.merge(&other, 1);
            sum.merge(&other, -1);
            prop_assert_eq!(sum, one);
        }

        #[test]
        fn a_bucket_is_no_more_than_three_percent_short(time in 0..1_i64 << 40) {
            let told = seconds(bucket(time));
            prop_assert!(told <= time && time - told <= time / 32, "{time}: {told}");
        }

        #[test]
        fn odd_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Figures::default().merge_bytes(&bytes);
            let _ = classes_from_bytes(&bytes);
        }
    }

    #[test]
    fn money_takes_as_many_bytes_as_it_needs() {
        for (wei, bytes) in [
            ("0", "0100"),
            ("1", "0101"),
            ("-1", "01ff"),
            ("127", "017f"),
            ("128", "020080"),
            ("-128", "0180"),
            ("-129", "02ff7f"),
        ] {
            let mut written = Vec::new();
            put_wei(&mut written, wei.parse().unwrap());
            assert_eq!(alloy::hex::encode(written), bytes, "{wei}");
        }
        for odd in [&[0][..], &[33], &[2, 1]] {
            assert_eq!(take_wei(&mut &*odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_minute_is_told_exactly() {
        for time in 0..64 {
            assert_eq!(seconds(bucket(time)), time);
        }
    }
}
