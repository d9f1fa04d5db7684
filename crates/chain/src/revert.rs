use std::fmt;

use alloy::primitives::Bytes;
use alloy::sol;
use alloy::sol_types::SolInterface;
use ayumi_contracts::ICTIOperator::{Dialogue, ICTIOperatorErrors};
use ayumi_contracts::ICTIToken::ICTITokenErrors;
use ayumi_contracts::IConsortium::IConsortiumErrors;
use ayumi_contracts::{Named, ProductId};

sol! {
    /// The errors of OpenZeppelin's contracts that a caller of ours can meet.
    #[derive(Debug, PartialEq, Eq)]
    interface IOpenZeppelin {
        error ERC1155InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 tokenId);
        error ERC1155MissingApprovalForAll(address operator, address owner);
        error ERC1155InvalidReceiver(address receiver);
        error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);
    }
}
use IOpenZeppelin::IOpenZeppelinErrors;

/// Why a contract refused a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revert {
    /// The `CTIToken` refused.
    Token(ICTITokenErrors),
    /// The `CTIOperator` refused.
    Operator(ICTIOperatorErrors),
    /// The `Consortium` refused.
    Consortium(IConsortiumErrors),
    /// A part out of OpenZeppelin refused.
    OpenZeppelin(IOpenZeppelinErrors),
    /// None of the errors above.
    Unknown(Bytes),
}

impl Revert {
    /// Reads the data of a revert. An error that two contracts share is taken for the token's.
    pub fn decode(data: &[u8]) -> Self {
        None.or_else(|| ICTITokenErrors::abi_decode(data).ok().map(Self::Token))
            .or_else(|| {
                ICTIOperatorErrors::abi_decode(data)
                    .ok()
                    .map(Self::Operator)
            })
            .or_else(|| {
                IConsortiumErrors::abi_decode(data)
                    .ok()
                    .map(Self::Consortium)
            })
            .or_else(|| {
                IOpenZeppelinErrors::abi_decode(data)
                    .ok()
                    .map(Self::OpenZeppelin)
            })
            .unwrap_or_else(|| Self::Unknown(Bytes::copy_from_slice(data)))
    }

    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Token(error) => token_kind(error),
            Self::Operator(error) => operator_kind(error),
            Self::Consortium(error) => consortium_kind(error),
            Self::OpenZeppelin(error) => open_zeppelin_kind(error),
            Self::Unknown(_) => "reverted",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        let kind = self.kind();
        hint_for_traders(kind)
            .or_else(|| hint_for_governors(kind))
            .unwrap_or("run the command again; if it stays so, see the contracts' interfaces")
    }
}

/// What who sells, buys and uses can do about an error.
fn hint_for_traders(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "not-member" => "ask the governor to enrol the account, or to end its suspension",
        "not-solver" => "name an active solver: ayumi solver list",
        "not-producer" | "not-consumer" => {
            "act as the account that it belongs to: --account or ETH_KEYSTORE"
        }
        "not-on-sale" => "see what became of it: ayumi show PRODUCT",
        "expired" => "find what is still valid: ayumi search --valid",
        "out-of-stock" => {
            "buy fewer with --quantity, ask the producer for a new edition, or find another product: ayumi search"
        }
        "no-ticket" => "see what the account has: ayumi balance; a ticket is bought with ayumi buy",
        "own-product" => "act as another member's account: nobody delivers to itself",
        "deadline-passed" => "run the command again",
        "wrong-value" => "run the command again: it reads the price anew",
        "no-credit" => {
            "see what the account has: ayumi balance; credit comes when tasks are settled: ayumi settle"
        }
        "payment-refused" => "name another recipient: ayumi balance collect --to ADDRESS",
        "bad-listing" => "correct the listing: ayumi publish --help tells what it may state",
        "too-early" => "wait until then: the solver may still deliver",
        "too-late" => "the time for it is over; say it in a feedback: ayumi feedback give TASK",
        "wrong-state" => "see how far the task is: ayumi tasks",
        "already-said" => "see what was said: ayumi feedback show TASK",
        "already-acknowledged" => "nothing is left to do: the solver delivers next",
        "no-feedback" => "see what there is to answer: ayumi feedback inbox",
        "bad-feedback" => "give a usefulness from 1 to 5",
        "complaint-wrong" => "have the command find what is wrong: ayumi complain TASK",
        "bad-request" => "redeem tickets with this command, one at a time: ayumi use PRODUCT",
        "no-approval" => "act as the account that has the tickets: --account or ETH_KEYSTORE",
        "bad-receiver" => "send tickets to an account, or to the operator: ayumi use PRODUCT",
        _ => return None,
    })
}

/// What who governs can do about an error.
fn hint_for_governors(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "not-governor" => "act as the governor's account: --account or ETH_KEYSTORE",
        "not-solver-nor-governor" => {
            "act as the solver's or the governor's account: --account or ETH_KEYSTORE"
        }
        "unknown-organisation" => "see the organisations: ayumi organisation list",
        "unknown-account" | "already-enrolled" => {
            "see who is enrolled, and where: ayumi organisation list"
        }
        "unknown-solver" => "see the solvers: ayumi solver list",
        "already-registered" => "change its endpoint or sealing key: ayumi solver update",
        "bad-text" => "give a name or an endpoint of 1 to 256 bytes",
        "not-operator" | "not-token" => "leave this call to the contracts: nobody else may make it",
        _ => return None,
    })
}

fn token_kind(error: &ICTITokenErrors) -> &'static str {
    use ICTITokenErrors as E;
    match error {
        E::NotMember(_) => "not-member",
        E::NotSolver(_) => "not-solver",
        E::NotProducer(_) => "not-producer",
        E::NotOnSale(_) => "not-on-sale",
        E::Expired(_) => "expired",
        E::OutOfStock(_) => "out-of-stock",
        E::OwnProduct(_) => "own-product",
        E::DeadlinePassed(_) => "deadline-passed",
        E::NoCredit(_) => "no-credit",
        E::PaymentRefused(_) => "payment-refused",
        E::WrongValue(_) => "wrong-value",
        E::NotOperator(_) => "not-operator",
        E::DescriptionLength(_)
        | E::EmptyContent(_)
        | E::TitleLength(_)
        | E::RewardAbovePrice(_)
        | E::NoQuantity(_) => "bad-listing",
    }
}

fn operator_kind(error: &ICTIOperatorErrors) -> &'static str {
    use ICTIOperatorErrors as E;
    match error {
        E::WrongState(_) => "wrong-state",
        E::NotConsumer(_) => "not-consumer",
        E::NotProducer(_) | E::NotSolverNorProducer(_) => "not-producer",
        E::TooEarly(_) => "too-early",
        E::TooLate(_) => "too-late",
        E::AlreadySaid(_) => "already-said",
        E::AlreadyAcknowledged(_) => "already-acknowledged",
        E::NoFeedback(_) => "no-feedback",
        E::UsefulnessOutOfRange(_) => "bad-feedback",
        E::ChunkIsRight(_) | E::NotInTree(_) | E::NotOfReceipt(_) | E::ChunkTooLong(_) => {
            "complaint-wrong"
        }
        E::NotToken(_) => "not-token",
        E::NotOneTicket(_) | E::MalformedRequest(_) => "bad-request",
    }
}

fn consortium_kind(error: &IConsortiumErrors) -> &'static str {
    use IConsortiumErrors as E;
    match error {
        E::UnknownOrganisation(_) => "unknown-organisation",
        E::UnknownAccount(_) => "unknown-account",
        E::UnknownSolver(_) => "unknown-solver",
        E::AlreadyEnrolled(_) => "already-enrolled",
        E::AlreadyRegistered(_) => "already-registered",
        E::TextLength(_) => "bad-text",
        E::NotSolverNorGovernor(_) => "not-solver-nor-governor",
    }
}

fn open_zeppelin_kind(error: &IOpenZeppelinErrors) -> &'static str {
    use IOpenZeppelinErrors as E;
    match error {
        E::ERC1155InsufficientBalance(_) => "no-ticket",
        E::ERC1155MissingApprovalForAll(_) => "no-approval",
        E::ERC1155InvalidReceiver(_) => "bad-receiver",
        E::AccessControlUnauthorizedAccount(_) => "not-governor",
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => write_token(f, error),
            Self::Operator(error) => write_operator(f, error),
            Self::Consortium(error) => write_consortium(f, error),
            Self::OpenZeppelin(error) => write_open_zeppelin(f, error),
            Self::Unknown(data) if data.is_empty() => f.write_str("it gave no reason"),
            Self::Unknown(data) => write!(f, "it gave {data}"),
        }
    }
}

fn write_token(f: &mut fmt::Formatter<'_>, error: &ICTITokenErrors) -> fmt::Result {
    use ICTITokenErrors as E;
    match error {
        E::NotMember(e) => write!(
            f,
            "account {} is no active member of the consortium",
            e.account
        ),
        E::NotSolver(e) => write!(f, "{} is no active solver of the consortium", e.solver),
        E::NotProducer(e) => write!(f, "account {} is not its producer", e.caller),
        E::NotOnSale(e) => write!(f, "product {} is not on sale", product(e.product)),
        E::Expired(e) => write!(
            f,
            "product {} was valid until {}",
            product(e.product),
            time(e.validUntil.to())
        ),
        E::OutOfStock(e) => write!(
            f,
            "product {} has {} left",
            product(e.product),
            tickets(e.left)
        ),
        E::OwnProduct(e) => write!(f, "product {} is the account's own", product(e.product)),
        E::WrongValue(e) => write!(f, "{} wei were sent for a price of {}", e.sent, e.due),
        E::NoCredit(e) => write!(f, "account {} has nothing to collect", e.account),
        E::PaymentRefused(e) => write!(f, "{} refuses the money", e.recipient),
        E::TitleLength(e) => write!(f, "the title has {} bytes, not 1 to 200", e.length),
        E::DescriptionLength(e) => {
            write!(f, "the description has {} bytes, more than 2000", e.length)
        }
        E::EmptyContent(_) => f.write_str("the listing has no content root or no payload length"),
        E::RewardAbovePrice(e) => write!(
            f,
            "the reward would be {} % of the price, more than all of it",
            f64::from(e.rewardBps) / 100.0
        ),
        E::NoQuantity(_) => f.write_str("the number of tickets is 0"),
        E::DeadlinePassed(e) => write!(
            f,
            "the purchase was to be mined until {}, and was not",
            time(e.deadline.saturating_to())
        ),
        E::NotOperator(e) => write!(f, "account {} is not the CTIOperator", e.caller),
    }
}

fn write_operator(f: &mut fmt::Formatter<'_>, error: &ICTIOperatorErrors) -> fmt::Result {
    use ICTIOperatorErrors as E;
    match error {
        E::WrongState(e) => write!(f, "task {} is {}", e.task, e.state.name()),
        E::NotConsumer(e) => write!(f, "task {} is not of account {}", e.task, e.caller),
        E::TooEarly(e) => write!(
            f,
            "the solver has time for task {} until {}",
            e.task,
            time(e.deadline.saturating_to())
        ),
        E::TooLate(e) => write!(
            f,
            "the time to complain of task {} ended at {}",
            e.task,
            time(e.deadline.saturating_to())
        ),
        E::NotProducer(e) => write!(
            f,
            "account {} is not the producer of task {}'s product",
            e.caller, e.task
        ),
        E::NotSolverNorProducer(e) => write!(
            f,
            "account {} is neither the solver nor the producer of task {}'s product",
            e.caller, e.task
        ),
        E::AlreadyAcknowledged(e) => write!(
            f,
            "the receipt of task {} was acknowledged already, for good",
            e.task
        ),
        E::AlreadySaid(e) => {
            let what = if e.dialogue == Dialogue::Answered {
                "answered"
            } else {
                "given"
            };
            write!(f, "the feedback on task {} was {what} already", e.task)
        }
        E::NoFeedback(e) => write!(f, "task {} has no feedback", e.task),
        E::ChunkIsRight(e) => write!(
            f,
            "chunk {} of task {} is what the producer committed to",
            e.index, e.task
        ),
        E::UsefulnessOutOfRange(e) => {
            write!(f, "the usefulness is {}, not 1 to 5", e.usefulness)
        }
        E::NotOfReceipt(e) => write!(
            f,
            "the ciphertext root and the key are not those of the receipt of task {}",
            e.task
        ),
        E::NotInTree(e) => write!(
            f,
            "chunk {} of task {} is not under the roots of its delivery",
            e.index, e.task
        ),
        E::ChunkTooLong(e) => write!(
            f,
            "the chunk has {} bytes, more than the 1024 of a chunk",
            e.length
        ),
        E::NotToken(e) => write!(f, "account {} is not the CTIToken", e.caller),
        E::NotOneTicket(_) => f.write_str("more or less than one ticket was sent"),
        E::MalformedRequest(e) => write!(
            f,
            "the ticket came with {} bytes, not with the 64 of a one-time key and a nonce",
            e.length
        ),
    }
}

fn write_consortium(f: &mut fmt::Formatter<'_>, error: &IConsortiumErrors) -> fmt::Result {
    use IConsortiumErrors as E;
    match error {
        E::UnknownOrganisation(e) => {
            write!(f, "there is no organisation of number {}", e.organisation)
        }
        E::UnknownAccount(e) => write!(f, "account {} was never enrolled", e.account),
        E::UnknownSolver(e) => write!(f, "{} was never registered as a solver", e.solver),
        E::AlreadyEnrolled(e) => write!(
            f,
            "account {} is enrolled already, and stays with its organisation for good",
            e.account
        ),
        E::AlreadyRegistered(e) => write!(f, "solver {} is registered already", e.solver),
        E::TextLength(e) => write!(
            f,
            "the name or endpoint has {} bytes, not 1 to 256",
            e.length
        ),
        E::NotSolverNorGovernor(e) => write!(
            f,
            "account {} is neither the solver itself nor the governor",
            e.caller
        ),
    }
}

fn write_open_zeppelin(f: &mut fmt::Formatter<'_>, error: &IOpenZeppelinErrors) -> fmt::Result {
    use IOpenZeppelinErrors as E;
    match error {
        E::ERC1155InsufficientBalance(e) => write!(
            f,
            "account {} has {} of product {}, not {}",
            e.sender,
            tickets(e.balance),
            product(e.tokenId),
            e.needed
        ),
        E::ERC1155MissingApprovalForAll(e) => write!(
            f,
            "account {} may not move the tickets of account {}",
            e.operator, e.owner
        ),
        E::ERC1155InvalidReceiver(e) => write!(f, "{} takes no tickets", e.receiver),
        E::AccessControlUnauthorizedAccount(e) => {
            write!(f, "account {} is not the governor", e.account)
        }
    }
}

/// A count of tickets with its word.
fn tickets(count: impl fmt::Display + PartialEq<u32> + Copy) -> String {
    if count == 1 {
        "1 ticket".into()
    } else {
        format!("{count} tickets")
    }
}

fn product(id: alloy::primitives::U256) -> String {
    ProductId::try_from(id).map_or_else(|_| id.to_string(), |product| product.to_string())
}

/// Unix seconds as people read them.
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use alloy::sol_types::SolInterface;

    use super::*;

    /// An error of every selector, with data of zeros.
    fn all() -> Vec<Revert> {
        let selectors = (ICTITokenErrors::selectors())
            .chain(ICTIOperatorErrors::selectors())
            .chain(IConsortiumErrors::selectors())
            .chain(IOpenZeppelinErrors::selectors());
        let data = selectors.map(|selector| [&selector[..], &[0; 128]].concat());
        data.map(|data| Revert::decode(&data)).collect()
    }

    #[test]
    fn every_error_is_a_sentence_with_a_kind_and_a_hint() {
        let other = Revert::decode(b"").hint();
        for revert in all() {
            let text = revert.to_string();
            assert!(!text.contains(['{', '(']), "{text}");
            assert!(text.contains(' '), "{text}");
            assert_ne!(revert.kind(), "reverted", "{text}");
            assert_ne!(revert.hint(), other, "{text}");
        }
    }

    #[test]
    fn every_hint_is_for_a_kind_that_there_is() {
        let kinds = all().iter().map(Revert::kind).collect::<BTreeSet<_>>();
        assert!(kinds.contains("already-enrolled"));
        for kind in kinds {
            let (traders, governors) = (hint_for_traders(kind), hint_for_governors(kind));
            assert!(traders.is_some() != governors.is_some(), "{kind}");
        }
    }

    #[test]
    fn what_the_consortium_refuses_is_told_in_words() {
        let error = ayumi_contracts::IConsortium::TextLength {
            length: alloy::primitives::U256::ZERO,
        };
        let revert = Revert::decode(&alloy::sol_types::SolError::abi_encode(&error));
        assert_eq!(
            revert.to_string(),
            "the name or endpoint has 0 bytes, not 1 to 256"
        );
        assert_eq!(revert.kind(), "bad-text");
    }
}
