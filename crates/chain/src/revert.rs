use std::fmt;

use alloy::primitives::Bytes;
use alloy::sol;
use alloy::sol_types::SolInterface;
use ayumi_contracts::ICTIOperator::ICTIOperatorErrors;
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
            Self::Consortium(_) => "refused-by-consortium",
            Self::OpenZeppelin(IOpenZeppelinErrors::ERC1155InsufficientBalance(_)) => "no-ticket",
            Self::OpenZeppelin(IOpenZeppelinErrors::AccessControlUnauthorizedAccount(_)) => {
                "not-governor"
            }
            Self::OpenZeppelin(_) | Self::Unknown(_) => "reverted",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            "not-member" => "ask the governor to enrol the account, or to end its suspension",
            "not-solver" => "name a registered solver: ayumi solver list",
            "not-producer" | "not-consumer" => {
                "act as the account that it belongs to: --account or ETH_KEYSTORE"
            }
            "not-governor" => "act as the governor's account: --account or ETH_KEYSTORE",
            "not-on-sale" => "find what is on sale: ayumi search",
            "expired" => "find what is still valid: ayumi search --valid",
            "out-of-stock" => {
                "ask the producer for a new edition, or find another product: ayumi search"
            }
            "no-ticket" => "buy a ticket first: ayumi buy PRODUCT",
            "too-early" => "wait until the deadline, or until the solver delivers",
            "too-late" => "the time for it is over; say it in a feedback: ayumi feedback give TASK",
            "wrong-state" => "see how far the task is: ayumi tasks",
            "deadline-passed" => "run the command again",
            _ => "see the message; nothing was sent",
        }
    }
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
        E::NotToken(_) | E::NotOneTicket(_) | E::MalformedRequest(_) => "bad-request",
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => write_token(f, error),
            Self::Operator(error) => write_operator(f, error),
            Self::Consortium(error) => write!(f, "{error:?}"),
            Self::OpenZeppelin(IOpenZeppelinErrors::ERC1155InsufficientBalance(error)) => {
                write!(
                    f,
                    "account {} has {} tickets of {}, not {}",
                    error.sender,
                    error.balance,
                    product(error.tokenId),
                    error.needed
                )
            }
            Self::OpenZeppelin(IOpenZeppelinErrors::AccessControlUnauthorizedAccount(error)) => {
                write!(f, "account {} is not the governor", error.account)
            }
            Self::OpenZeppelin(error) => write!(f, "{error:?}"),
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
            "product {} has {} tickets left",
            product(e.product),
            e.left
        ),
        E::OwnProduct(e) => write!(f, "product {} is the account's own", product(e.product)),
        E::WrongValue(e) => write!(f, "{} wei were sent for a price of {}", e.sent, e.due),
        E::NoCredit(e) => write!(f, "account {} has nothing to collect", e.account),
        E::PaymentRefused(e) => write!(f, "{} refuses the money", e.recipient),
        E::TitleLength(e) => write!(f, "the title has {} bytes, not 1 to 200", e.length),
        other => write!(f, "{other:?}"),
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
        E::AlreadySaid(e) => write!(f, "it was said already about task {}", e.task),
        E::NoFeedback(e) => write!(f, "task {} has no feedback", e.task),
        E::ChunkIsRight(e) => write!(
            f,
            "chunk {} of task {} is what the producer committed to",
            e.index, e.task
        ),
        other => write!(f, "{other:?}"),
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
