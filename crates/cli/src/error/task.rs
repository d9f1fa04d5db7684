use alloy::primitives::{Address, B256, U256};
use ayumi_contracts::ProductId;
use ayumi_sealing::{SealError, UnsealError, VerifyError};
use uuid::Uuid;

use crate::endpoint::SolverError;
use crate::text::{counted, ether, time};

/// What stands in the way of a product or a task.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// There is no such product.
    #[error("there is no product {0}")]
    UnknownProduct(ProductId),
    /// There is no such task.
    #[error("there is no task {0}")]
    UnknownTask(U256),
    /// The account is no active member.
    #[error("account {0} is no active member of the consortium")]
    NotMember(Address),
    /// The task is somebody else's.
    #[error("task {task} is not of account {account}")]
    NotYours {
        /// The task.
        task: U256,
        /// Who asked.
        account: Address,
    },
    /// The task is of another product.
    #[error("task {task} is of product {found}, not of {given}")]
    OtherProduct {
        /// The task.
        task: U256,
        /// Of the chain.
        found: ProductId,
        /// Of the command.
        given: ProductId,
    },
    /// The task is about a product that is no earlier edition of the one that is revised.
    #[error(
        "task {task} is about product {found}, which is neither {product} nor an edition before it"
    )]
    OtherEdition {
        /// The task.
        task: U256,
        /// Of the chain.
        found: ProductId,
        /// Of the command.
        product: ProductId,
    },
    /// The product is the account's own.
    #[error("product {0} is the account's own")]
    OwnProduct(ProductId),
    /// The product is somebody else's.
    #[error("product {product} is not of account {account}")]
    NotProducer {
        /// The product.
        product: ProductId,
        /// Who asked.
        account: Address,
    },
    /// The product is withdrawn or revised.
    #[error("product {product} is not on sale: it was {status}")]
    NotOnSale {
        /// The product.
        product: ProductId,
        /// `withdrawn` or `revised`.
        status: &'static str,
        /// What took its place.
        next: Option<ProductId>,
    },
    /// There is nothing left to withdraw or revise.
    #[error("product {product} was {status} already")]
    SaleEnded {
        /// The product.
        product: ProductId,
        /// `withdrawn` or `revised`.
        status: &'static str,
        /// What took its place.
        next: Option<ProductId>,
    },
    /// The document is about another event than the product.
    #[error("the document is MISP event {given}, and product {product} is of event {found}")]
    OtherEvent {
        /// The product.
        product: ProductId,
        /// Of the product.
        found: Uuid,
        /// Of the document.
        given: Uuid,
    },
    /// The seed of the product's content is not in the state folder.
    #[error("the seed of product {product} is not in the state folder")]
    NoSeed {
        /// The product.
        product: ProductId,
    },
    /// The document is not the one that was published.
    #[error("the document is not the one that product {0} was published with")]
    OtherDocument(ProductId),
    /// The product is no longer valid.
    #[error("product {product} was valid until {} only", time(*until))]
    Expired {
        /// The product.
        product: ProductId,
        /// Unix seconds.
        until: u64,
    },
    /// The price is above what the buyer allows.
    #[error("the price of {} of product {product} is {} ether, more than the {} allowed", counted(u64::from(*quantity), "ticket"), ether(*price), ether(*allowed))]
    TooDear {
        /// The product.
        product: ProductId,
        /// Tickets.
        quantity: u32,
        /// Wei in all.
        price: U256,
        /// Wei.
        allowed: U256,
    },
    /// The account has no ticket.
    #[error("account {account} has no ticket of product {product}")]
    NoTicket {
        /// The product.
        product: ProductId,
        /// Who asked.
        account: Address,
        /// Wei of one.
        price: U256,
    },
    /// The account has fewer tickets than are to be turned back.
    #[error("account {account} has {} of product {product} to give back", tickets(*held))]
    NothingToRefund {
        /// The product.
        product: ProductId,
        /// Who asked.
        account: Address,
        /// Tickets.
        held: U256,
    },
    /// No solver can be chosen.
    #[error("{0}")]
    NoSolver(String),
    /// The solver does not deliver the product.
    #[error("the product's solver {0} is not an active solver of the consortium")]
    SolverInactive(Address),
    /// Sealing to the solver's or producer's key would not keep a secret.
    #[error("what is registered cannot be sealed to: {0}")]
    BadKey(#[from] SealError),
    /// What the solver sent does not unseal.
    #[error("the solver's {item} for task {task} does not open: {cause}")]
    Unseal {
        /// What was asked for.
        item: &'static str,
        /// The task.
        task: U256,
        /// Why.
        cause: UnsealError,
    },
    /// What the solver sent is not what the producer committed to.
    #[error("the solver's delivery for task {task} is not what the producer committed to: {cause}")]
    NotCommitted {
        /// The task.
        task: U256,
        /// Why.
        cause: VerifyError,
        /// Unix seconds, from when the ticket can be had back.
        deadline: u64,
    },
    /// The delivered data is wrong.
    #[error("chunk {chunk} of task {task} is not what the producer committed to")]
    WrongData {
        /// The task.
        task: U256,
        /// The chunk.
        chunk: u64,
    },
    /// The delivery that the key opens is not at hand.
    #[error(
        "the delivery that the key of task {task} opens is not at hand: the solver gives another"
    )]
    OtherDelivery {
        /// The task.
        task: U256,
    },
    /// The task ended without a delivery.
    #[error("task {task} was {state}{reason}")]
    Ended {
        /// The task.
        task: U256,
        /// `declined`, `cancelled` or `refunded`.
        state: &'static str,
        /// ` (why)`, or nothing.
        reason: String,
    },
    /// The task is not that far.
    #[error("task {task} is {state}")]
    NotDelivered {
        /// The task.
        task: U256,
        /// Where it is.
        state: &'static str,
    },
    /// There is no feedback to answer.
    #[error("task {0} has no feedback")]
    NoFeedback(U256),
    /// It was said already.
    #[error("the feedback on task {task} was {what} already")]
    AlreadySaid {
        /// The task.
        task: U256,
        /// `given` or `answered`.
        what: &'static str,
    },
    /// The solver is slow, or silent.
    #[error("task {task} is not delivered after {seconds} seconds: {waiting_for}")]
    Slow {
        /// The task.
        task: U256,
        /// How long this was waited.
        seconds: u64,
        /// For what.
        waiting_for: String,
        /// Unix seconds, from when the ticket can be had back.
        deadline: u64,
    },
    /// The solver let its time pass.
    #[error("task {task} was not delivered until its deadline, {}", time(*deadline))]
    Overdue {
        /// The task.
        task: U256,
        /// Unix seconds.
        deadline: u64,
    },
    /// A solver's refusal or silence, when a ticket is with it.
    #[error("task {task} is not delivered: {cause}")]
    Undelivered {
        /// The task.
        task: U256,
        /// What the solver did.
        cause: Box<SolverError>,
        /// Unix seconds, from when the ticket can be had back.
        deadline: u64,
    },
    /// The transaction is on its way for too long.
    #[error("transaction {hash} was not mined within {seconds} seconds")]
    NotMined {
        /// Of the transaction.
        hash: B256,
        /// How long this was waited.
        seconds: u64,
    },
    /// Others send for the account all the time.
    #[error("other transactions of the account keep taking the nonce")]
    NonceTaken,
    /// A receipt does not have the event that it must have.
    #[error("transaction {0} has no event of what it should have done")]
    NoEvent(B256),
}

impl TaskError {
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::UnknownProduct(_) => "unknown-product",
            Self::UnknownTask(_) => "unknown-task",
            Self::NotMember(_) => "not-member",
            Self::NotYours { .. } => "not-consumer",
            Self::OtherProduct { .. } | Self::OtherEdition { .. } => "other-product",
            Self::OwnProduct(_) => "own-product",
            Self::NotProducer { .. } => "not-producer",
            Self::NotOnSale { .. } | Self::SaleEnded { .. } => "not-on-sale",
            Self::OtherEvent { .. } => "other-event",
            Self::NoSeed { .. } => "no-seed",
            Self::OtherDocument(_) => "other-document",
            Self::Expired { .. } => "expired",
            Self::TooDear { .. } => "too-dear",
            Self::NoTicket { .. } | Self::NothingToRefund { .. } => "no-ticket",
            Self::NoSolver(_) => "no-solver",
            Self::SolverInactive(_) => "solver-inactive",
            Self::BadKey(_) => "bad-key",
            Self::Unseal { .. } | Self::NotCommitted { .. } | Self::OtherDelivery { .. } => {
                "bad-delivery"
            }
            Self::WrongData { .. } => "wrong-data",
            Self::Ended { state, .. } => state,
            Self::NotDelivered { .. } => "wrong-state",
            Self::Overdue { .. } => "overdue",
            Self::NoFeedback(_) => "no-feedback",
            Self::AlreadySaid { .. } => "already-said",
            Self::Slow { .. } => "solver-slow",
            Self::Undelivered { cause, .. } => cause.kind(),
            Self::NotMined { .. } => "not-mined",
            Self::NonceTaken => "nonce-taken",
            Self::NoEvent(_) => "node-malformed",
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::UnknownProduct(_) => "find what is on offer: ayumi search".into(),
            Self::UnknownTask(_) => {
                "see your tasks: ayumi tasks; or the feedback on your products: ayumi feedback inbox"
                    .into()
            }
            Self::NotMember(_) => {
                "ask the governor to enrol the account, or to end its suspension".into()
            }
            Self::NotYours { .. } | Self::NotProducer { .. } => {
                "act as the account that it belongs to: --account or ETH_KEYSTORE".into()
            }
            Self::OtherProduct { found, .. } => format!("name its own product: ayumi use {found}"),
            Self::OtherEdition { .. } => {
                "see which feedback is about which product: ayumi feedback inbox".into()
            }
            Self::OwnProduct(_) => {
                "nobody delivers to itself: the document is where you published it from".into()
            }
            Self::NotOnSale {
                next: Some(next), ..
            } => format!("see the next edition: ayumi show {next}"),
            Self::NotOnSale { .. } => "find what is on sale: ayumi search --on-sale".into(),
            Self::SaleEnded {
                next: Some(next), ..
            } => format!("see its next edition: ayumi show {next}"),
            Self::SaleEnded { .. } => {
                "nothing is left to do; see your products: ayumi product list".into()
            }
            Self::OtherEvent { .. } => {
                "publish it as a product of its own: ayumi publish FILE; or say that it is the next edition all the same: --other-event"
                    .into()
            }
            Self::NoSeed { product } => format!(
                "name the state folder that it was published with: --state or AYUMI_STATE; or publish the document anew: ayumi revise {product} FILE"
            ),
            Self::OtherDocument(product) => format!(
                "give the very file that was published, byte for byte; or publish a next edition: ayumi revise {product} FILE"
            ),
            Self::Expired { .. } => "find what is still valid: ayumi search --valid".into(),
            Self::TooDear { .. } => "allow more with --max-price, or find another product".into(),
            Self::NoTicket { product, price, .. } => format!(
                "buy one for {} ether: ayumi buy {product}, or let this command do it with --buy",
                ether(*price)
            ),
            Self::NothingToRefund { held, .. } if held.is_zero() => {
                "nothing is left to do; see what the account has: ayumi balance".into()
            }
            Self::NothingToRefund { held, .. } => format!("give back as many: --quantity {held}"),
            Self::NoSolver(_) => {
                "name one with --solver or AYUMI_SOLVER; see which there are: ayumi solver list"
                    .into()
            }
            Self::SolverInactive(_) => {
                "its producer can assign another one: ayumi product assign; a ticket can be refunded: ayumi refund"
                    .into()
            }
            Self::BadKey(_) => "ask the governor to register a proper sealing key".into(),
            Self::Unseal { task, .. } => format!(
                "run the command again; if it stays so, tell the solver's operator about task {task}"
            ),
            Self::NotCommitted { task, deadline, .. }
            | Self::Slow { task, deadline, .. }
            | Self::Undelivered { task, deadline, .. } => patience(*task, *deadline),
            Self::WrongData { task, .. } => format!("get the price back: ayumi complain {task}"),
            Self::OtherDelivery { task } => {
                format!("tell the solver's operator that it lost the delivery of task {task}")
            }
            Self::Ended {
                state: "refunded", ..
            } => "the price is in your credit: ayumi balance".into(),
            Self::Ended { .. } => {
                "the ticket is yours again: use it, or have it refunded: ayumi refund PRODUCT"
                    .into()
            }
            Self::Overdue { task, .. } => format!("have the ticket back: ayumi cancel {task}"),
            Self::NoFeedback(_) => {
                "its consumer gives it: ayumi feedback give; see what was given: ayumi feedback inbox"
                    .into()
            }
            Self::AlreadySaid { task, .. } => format!("see it: ayumi feedback show {task}"),
            Self::NotDelivered {
                task,
                state: "requested",
            } => format!("have it delivered first: ayumi use PRODUCT --task {task}"),
            Self::NotDelivered { .. } => "see how far the task is: ayumi tasks".into(),
            Self::NotMined { .. } => {
                "run the same command again: it takes the transaction up".into()
            }
            Self::NonceTaken => "stop the other program that sends for this account".into(),
            Self::NoEvent(_) => "see the node's log, or use another node".into(),
        }
    }
}

fn tickets(held: U256) -> String {
    counted(held.saturating_to::<u64>(), "ticket")
}

fn patience(task: U256, deadline: u64) -> String {
    format!(
        "nothing is lost: run the same command again, and it takes the task up; from {} the ticket can be had back: ayumi cancel {task}",
        time(deadline)
    )
}
