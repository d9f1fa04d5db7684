//! What the logs of the chain change in the store.

use alloy::primitives::{B256, LogData, U256};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::SolEvent;
use ayumi_contracts::ICTIOperator::{
    ReceiptAcknowledged, State, TaskCancelled, TaskDeclined, TaskDelivered, TaskRefunded,
    TaskRequested, TaskSettled,
};
use ayumi_contracts::ICTIToken::{ProductPublished, SolverAssigned};
use ayumi_contracts::IConsortium::{
    AccountEnrolled, AccountSuspensionSet, OrganisationSuspensionSet,
};
use ayumi_contracts::Named;
use ayumi_sealing::PublicKey;

use crate::store::{Change, Logged, Product, Task};

/// The events that matter to a solver.
pub fn filter() -> Filter {
    Filter::new().event_signature(vec![
        AccountEnrolled::SIGNATURE_HASH,
        AccountSuspensionSet::SIGNATURE_HASH,
        OrganisationSuspensionSet::SIGNATURE_HASH,
        ProductPublished::SIGNATURE_HASH,
        SolverAssigned::SIGNATURE_HASH,
        TaskRequested::SIGNATURE_HASH,
        ReceiptAcknowledged::SIGNATURE_HASH,
        TaskDelivered::SIGNATURE_HASH,
        TaskSettled::SIGNATURE_HASH,
        TaskDeclined::SIGNATURE_HASH,
        TaskCancelled::SIGNATURE_HASH,
        TaskRefunded::SIGNATURE_HASH,
    ])
}

/// What `logs` change. A log that is none of ours changes nothing.
pub fn changes(logs: &[Log]) -> Vec<Logged> {
    let logged = |log: &Log| {
        Some(Logged {
            block: log.block_number?,
            transaction: log.transaction_hash?,
            change: change(&log.inner.data)?,
        })
    };
    logs.iter().filter_map(logged).collect()
}

fn change(log: &LogData) -> Option<Change> {
    match *log.topics().first()? {
        AccountEnrolled::SIGNATURE_HASH => {
            let AccountEnrolled {
                account,
                organisation,
                ..
            } = read(log)?;
            Some(Change::Enrolled {
                account,
                organisation,
            })
        }
        AccountSuspensionSet::SIGNATURE_HASH => {
            let AccountSuspensionSet { account, suspended } = read(log)?;
            Some(Change::AccountSuspensionSet { account, suspended })
        }
        OrganisationSuspensionSet::SIGNATURE_HASH => {
            let OrganisationSuspensionSet {
                organisation,
                suspended,
            } = read(log)?;
            Some(Change::OrganisationSuspensionSet {
                organisation,
                suspended,
            })
        }
        ProductPublished::SIGNATURE_HASH => {
            let ProductPublished {
                product,
                producer,
                listing,
            } = read(log)?;
            Some(Change::Published(Product {
                id: id(product)?,
                producer,
                content_root: listing.contentRoot,
                payload_length: listing.length.into(),
                solver: listing.solver,
            }))
        }
        SolverAssigned::SIGNATURE_HASH => {
            let SolverAssigned { product, solver } = read(log)?;
            Some(Change::Assigned {
                product: id(product)?,
                solver,
            })
        }
        TaskRequested::SIGNATURE_HASH => {
            let TaskRequested {
                task,
                product,
                consumer,
                oneTimeKey,
                deadline,
                ..
            } = read(log)?;
            Some(Change::Requested(Task {
                id: id(task)?,
                product: id(product)?,
                consumer,
                one_time_key: PublicKey(oneTimeKey),
                deadline: deadline.into(),
                ending: None,
            }))
        }
        ReceiptAcknowledged::SIGNATURE_HASH => {
            let ReceiptAcknowledged {
                task,
                ciphertextRoot,
                keyHash,
            } = read(log)?;
            Some(Change::Acknowledged {
                task: id(task)?,
                ciphertext_root: ciphertextRoot,
                key_hash: keyHash,
            })
        }
        event => ended(log, event),
    }
}

/// The endings have nothing but their task in common, which is the first topic of each.
fn ended(log: &LogData, event: B256) -> Option<Change> {
    let state = match event {
        TaskDelivered::SIGNATURE_HASH => State::Delivered,
        TaskSettled::SIGNATURE_HASH => State::Settled,
        TaskDeclined::SIGNATURE_HASH => State::Declined,
        TaskCancelled::SIGNATURE_HASH => State::Cancelled,
        TaskRefunded::SIGNATURE_HASH => State::Refunded,
        _ => return None,
    };
    let task = U256::from_be_bytes(log.topics().get(1)?.0);
    Some(Change::Ended {
        task: id(task)?,
        ending: state.name(),
    })
}

fn read<E: SolEvent>(log: &LogData) -> Option<E> {
    E::decode_log_data(log).ok()
}

fn id(id: U256) -> Option<u64> {
    id.try_into().ok()
}
