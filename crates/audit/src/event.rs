//! Events: out of the chain's logs, into raw rows, and back out of those.

use alloy::primitives::{Address, B256, Bytes, Log, LogData};
use alloy::sol_types::{SolEvent, SolEventInterface};
use ayumi_chain::{Contracts, Entry};
use ayumi_contracts::ICTIOperator as O;
use ayumi_contracts::ICTIToken as T;
use ayumi_contracts::IConsortium as C;
use ayumi_contracts::IERC1155::{TransferBatch, TransferSingle};

/// Bits of an event's id that its place in the block has.
const INDEX_BITS: u32 = 20;

/// The kinds of events: signature, name, and whether the first topic is the number of what it is about. The place is the
/// number of the kind, so new ones go to the end; 0 is any other event.
const KINDS: [(B256, &str, bool); 28] = [
    (B256::ZERO, "other", false),
    (
        C::OrganisationAdded::SIGNATURE_HASH,
        "organisation-added",
        true,
    ),
    (
        C::OrganisationSuspensionSet::SIGNATURE_HASH,
        "organisation-suspension-set",
        true,
    ),
    (
        C::AccountEnrolled::SIGNATURE_HASH,
        "account-enrolled",
        false,
    ),
    (
        C::AccountSuspensionSet::SIGNATURE_HASH,
        "account-suspension-set",
        false,
    ),
    (C::TeamAssigned::SIGNATURE_HASH, "team-assigned", false),
    (
        C::SolverRegistered::SIGNATURE_HASH,
        "solver-registered",
        false,
    ),
    (C::SolverUpdated::SIGNATURE_HASH, "solver-updated", false),
    (
        C::SolverSuspensionSet::SIGNATURE_HASH,
        "solver-suspension-set",
        false,
    ),
    (
        T::ProductPublished::SIGNATURE_HASH,
        "product-published",
        true,
    ),
    (T::ProductRevised::SIGNATURE_HASH, "product-revised", true),
    (
        T::ProductWithdrawn::SIGNATURE_HASH,
        "product-withdrawn",
        true,
    ),
    (T::SolverAssigned::SIGNATURE_HASH, "solver-assigned", true),
    (T::TicketsBought::SIGNATURE_HASH, "tickets-bought", true),
    (T::TicketsRefunded::SIGNATURE_HASH, "tickets-refunded", true),
    (T::Credited::SIGNATURE_HASH, "credited", false),
    (T::Collected::SIGNATURE_HASH, "collected", false),
    (TransferSingle::SIGNATURE_HASH, "transfer-single", false),
    (TransferBatch::SIGNATURE_HASH, "transfer-batch", false),
    (O::TaskRequested::SIGNATURE_HASH, "task-requested", true),
    (
        O::ReceiptAcknowledged::SIGNATURE_HASH,
        "receipt-acknowledged",
        true,
    ),
    (O::TaskDelivered::SIGNATURE_HASH, "task-delivered", true),
    (O::TaskSettled::SIGNATURE_HASH, "task-settled", true),
    (O::TaskDeclined::SIGNATURE_HASH, "task-declined", true),
    (O::TaskCancelled::SIGNATURE_HASH, "task-cancelled", true),
    (O::TaskRefunded::SIGNATURE_HASH, "task-refunded", true),
    (O::FeedbackGiven::SIGNATURE_HASH, "feedback-given", true),
    (
        O::FeedbackAnswered::SIGNATURE_HASH,
        "feedback-answered",
        true,
    ),
];

/// What an event says.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Consortium(C::IConsortiumEvents),
    Token(T::ICTITokenEvents),
    Operator(O::ICTIOperatorEvents),
    Moved(TransferSingle),
    MovedMany(TransferBatch),
    /// What no figure asks for, such as the appointment of a governor.
    Other,
}

/// An event, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) at: i64,
    pub(crate) block_hash: B256,
    pub(crate) transaction: B256,
    pub(crate) raw: Raw,
    pub(crate) said: Said,
}

/// What a raw row has of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) contract: i64,
    pub(crate) kind: i64,
    pub(crate) subject: Option<i64>,
    pub(crate) topics: i64,
    pub(crate) log: Vec<u8>,
}

/// The number of the block that an event is in.
pub(crate) fn block_of(event: i64) -> i64 {
    event >> INDEX_BITS
}

/// The first id that an event of a block can have.
pub(crate) fn first_of(block: i64) -> i64 {
    block << INDEX_BITS
}

/// The place of an event in its block.
pub(crate) fn index_of(event: i64) -> i64 {
    event & ((1 << INDEX_BITS) - 1)
}

/// The name of a kind.
pub(crate) fn name_of(kind: i64) -> &'static str {
    let kind = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind));
    kind.map_or("unknown", |(_, name, _)| name)
}

/// All kinds with their names.
pub(crate) fn kinds() -> impl Iterator<Item = (i64, &'static str)> {
    (0..).zip(KINDS.iter().map(|(_, name, _)| *name))
}

impl Event {
    /// Out of a log. What cannot be decoded is kept as it is.
    pub(crate) fn of(entry: &Entry, contracts: Contracts) -> Self {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX >> INDEX_BITS);
        let (contract, said) = decode(&entry.log, contracts);
        Self {
            id: first_of(number(entry.block)) + number(entry.index),
            at: number(entry.timestamp),
            block_hash: entry.block_hash,
            transaction: entry.transaction,
            raw: Raw::of(&entry.log.data, contract, !matches!(said, Said::Other)),
            said,
        }
    }
}

impl Raw {
    fn of(data: &LogData, contract: i64, is_known: bool) -> Self {
        let topics = data.topics();
        let kind = KINDS
            .iter()
            .position(|(signature, ..)| is_known && topics.first() == Some(signature));
        let kind = kind.unwrap_or(0);
        let kept = if kind == 0 { topics } else { &topics[1..] };
        let mut bytes: Vec<u8> = kept.iter().flat_map(|topic| topic.0).collect();
        bytes.extend_from_slice(&data.data);
        let subject = KINDS[kind].2.then(|| kept.first().map(low)).flatten();
        Self {
            contract,
            kind: place(kind),
            subject,
            topics: place(kept.len()),
            log: pack(&bytes),
        }
    }

    /// The log again.
    pub(crate) fn log(&self, contracts: Contracts) -> Option<Log> {
        let bytes = unpack(&self.log)?;
        let kept = usize::try_from(self.topics)
            .ok()
            .filter(|topics| *topics <= 4)?;
        let (topics, data) = bytes.split_at_checked(kept * 32)?;
        let signature = KINDS.get(usize::try_from(self.kind).ok()?)?.0;
        let signature = (self.kind != 0).then_some(signature);
        let topics = signature
            .into_iter()
            .chain(topics.chunks(32).map(B256::from_slice));
        let Contracts {
            consortium,
            token,
            operator,
        } = contracts;
        let address: Address =
            *[consortium, token, operator].get(usize::try_from(self.contract).ok()?)?;
        Some(Log {
            address,
            data: LogData::new(topics.collect(), Bytes::copy_from_slice(data))?,
        })
    }

    /// What it says.
    pub(crate) fn said(&self, contracts: Contracts) -> Option<Said> {
        self.log(contracts).map(|log| decode(&log, contracts).1)
    }
}

fn place(place: usize) -> i64 {
    i64::try_from(place).expect("a place in a short list")
}

/// The low 63 bits, which is all that numbers of tasks, products and organisations have.
fn low(topic: &B256) -> i64 {
    let bytes = topic.0.last_chunk::<8>().expect("32 bytes have 8");
    i64::from_be_bytes(*bytes) & i64::MAX
}

fn decode(log: &Log, contracts: Contracts) -> (i64, Said) {
    let other = |_| Said::Other;
    if log.address == contracts.consortium {
        let event = C::IConsortiumEvents::decode_log(log);
        return (
            0,
            event.map_or_else(other, |event| Said::Consortium(event.data)),
        );
    }
    if log.address == contracts.operator {
        let event = O::ICTIOperatorEvents::decode_log(log);
        return (
            2,
            event.map_or_else(other, |event| Said::Operator(event.data)),
        );
    }
    let said = match log.topics().first() {
        Some(&TransferSingle::SIGNATURE_HASH) => {
            TransferSingle::decode_log(log).map(|event| Said::Moved(event.data))
        }
        Some(&TransferBatch::SIGNATURE_HASH) => {
            TransferBatch::decode_log(log).map(|event| Said::MovedMany(event.data))
        }
        _ => T::ICTITokenEvents::decode_log(log).map(|event| Said::Token(event.data)),
    };
    (1, said.unwrap_or_else(other))
}

/// Half of a log is zeros.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() / 2 + 8);
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        packed.push(byte);
        rest = after;
        if byte == 0 {
            let run = rest.iter().take(254).take_while(|byte| **byte == 0).count();
            packed.push(u8::try_from(run + 1).expect("at most 255"));
            rest = &rest[run..];
        }
    }
    packed
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(packed.len() * 2);
    let mut rest = packed.iter();
    while let Some(&byte) = rest.next() {
        let run = if byte == 0 { *rest.next()? } else { 1 };
        bytes.resize(bytes.len() + usize::from(run), byte);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_as_it_went_in() {
        for bytes in [
            vec![],
            vec![0; 1000],
            vec![1, 0, 0, 2],
            vec![0],
            (0..=255).collect(),
            vec![7; 300],
        ] {
            assert_eq!(unpack(&pack(&bytes)), Some(bytes));
        }
        assert_eq!(unpack(&[0]), None);
    }
}
