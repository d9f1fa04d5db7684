//! What can go wrong, by subject. Each error has a kind for scripts, and a hint at what to do next.

use std::io;
use std::path::PathBuf;

use alloy::primitives::{Address, B256, U256};
use ayumi_chain::WalletError;
use ayumi_contracts::ProductId;
use ayumi_misp::{Leak, Need, ParseError};
use ayumi_sealing::{NoteError, PayloadSizeError, SealError, UnsealError, VerifyError};

use crate::command::DevnetError;
use crate::endpoint::SolverError;
use crate::text::{ether, time};

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error of the command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Of the chain.
    #[error(transparent)]
    Chain(#[from] ayumi_chain::Error),
    /// Of the keystore.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// Of the settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Of what was given.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Of a solver.
    #[error(transparent)]
    Solver(#[from] SolverError),
    /// Of a product or task.
    #[error(transparent)]
    Task(Box<TaskError>),
    /// Of the state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// Of the development network.
    #[error(transparent)]
    Devnet(#[from] DevnetError),
    /// The result could not be printed.
    #[error("the result could not be printed: {0}")]
    Output(io::Error),
}

impl From<TaskError> for Error {
    fn from(error: TaskError) -> Self {
        Self::Task(Box::new(error))
    }
}

impl Error {
    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &str {
        match self {
            Self::Chain(error) => error.kind(),
            Self::Wallet(WalletError::Missing(_)) => "no-keystore",
            Self::Wallet(WalletError::Exposed(_)) => "exposed-keystore",
            Self::Wallet(WalletError::Locked { .. }) => "locked-keystore",
            Self::Wallet(WalletError::Io { .. }) => "file",
            Self::Config(error) => error.kind(),
            Self::Input(error) => error.kind(),
            Self::Solver(error) => error.kind(),
            Self::Task(error) => error.kind(),
            Self::State(error) => error.kind(),
            Self::Devnet(error) => error.kind(),
            Self::Output(_) => "output",
        }
    }

    /// What to do next; "" where there is nothing to add.
    pub fn hint(&self) -> String {
        match self {
            Self::Chain(error) => error.hint(),
            Self::Wallet(error) => error.hint(),
            Self::Config(error) => error.hint().into(),
            Self::Input(error) => error.hint(),
            Self::Solver(error) => error.hint(),
            Self::Task(error) => error.hint(),
            Self::State(error) => error.hint(),
            Self::Devnet(error) => error.hint().into(),
            Self::Output(_) => "give stdout a place to go; what was done is done".into(),
        }
    }
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No operator was named.
    #[error("no operator is set")]
    NoOperator,
    /// No account was named.
    #[error("no account is set")]
    NoAccount,
    /// The profile of the network cannot be read.
    #[error("{path} is no network profile: {cause}")]
    BadNetwork {
        /// Of the profile.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// There is neither a password file nor a terminal to ask at.
    #[error("the keystore needs a password, and there is no terminal to ask at")]
    NoPassword,
    /// Two passwords that should be the same are not.
    #[error("the two passwords differ")]
    PasswordsDiffer,
    /// No folder for the state or the keystores is known.
    #[error("there is no home folder to keep the state in")]
    NoHome,
}

impl ConfigError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NoOperator => "no-operator-set",
            Self::NoAccount => "no-account-set",
            Self::BadNetwork { .. } => "bad-network",
            Self::NoPassword => "no-password",
            Self::PasswordsDiffer => "passwords-differ",
            Self::NoHome => "no-home",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NoOperator => {
                "set AYUMI_OPERATOR or --operator to the address that your consortium's governor announced"
            }
            Self::NoAccount => {
                "name a keystore with --account or --keystore, or make one: ayumi account new NAME"
            }
            Self::BadNetwork { .. } => "see `ayumi config` for the settings that a profile has",
            Self::NoPassword => "name the file that holds it with --password-file or ETH_PASSWORD",
            Self::PasswordsDiffer => "type the same password twice",
            Self::NoHome => "set HOME, or AYUMI_STATE and FOUNDRY_DIR",
        }
    }
}

/// What is wrong with what was given.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The arguments do not fit.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A folder or something else is where a file should be.
    #[error("{0} is not a file")]
    NotAFile(PathBuf),
    /// The chosen solver takes no such payload.
    #[error("the document has {bytes} bytes, and the solver takes {most} at most")]
    TooLargeForSolver {
        /// Of the document.
        bytes: u64,
        /// That the solver takes.
        most: u64,
    },
    /// The file is no MISP document.
    #[error("{path}: {cause}")]
    Document {
        /// Of the file.
        path: PathBuf,
        /// What is wrong with it.
        cause: ParseError,
    },
    /// Nobody can commit to such a payload.
    #[error(transparent)]
    PayloadSize(#[from] PayloadSizeError),
    /// The document and the options do not state all that a product should.
    #[error("the product does not state {}", needs(.0))]
    Incomplete(Vec<Need>),
    /// What is to be public gives away what is for sale.
    #[error("the {part} gives an indicator away: {:?} (at {})", leak.value, leak.pointer)]
    Leak {
        /// `title` or `description`.
        part: &'static str,
        /// What it gives away.
        leak: Leak,
    },
    /// There is no title.
    #[error("the document has no title")]
    NoTitle,
    /// The title is too long.
    #[error("the title has {0} bytes, more than 200")]
    TitleTooLong(usize),
    /// The description is too long.
    #[error("the description has {0} bytes, more than 2000")]
    DescriptionTooLong(usize),
    /// The period ends before it starts.
    #[error("the product would be valid until {} only, before {}", time(*until), time(*from))]
    PeriodReversed {
        /// Unix seconds.
        from: u64,
        /// Unix seconds.
        until: u64,
    },
    /// The product would be for sale and nobody could buy it.
    #[error("the product was valid until {} only", time(*.0))]
    PeriodOver(u64),
    /// The file is there, and is another.
    #[error("{0} exists, and has other content")]
    Exists(PathBuf),
    /// The note is none.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// There is a keystore of this name.
    #[error("there is a keystore at {0} already")]
    KeystoreExists(PathBuf),
}

impl InputError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::File { .. } | Self::NotAFile(_) => "file",
            Self::Document { .. } => "bad-document",
            Self::PayloadSize(_) | Self::TooLargeForSolver { .. } => "bad-size",
            Self::Incomplete(_) => "incomplete",
            Self::Leak { .. } => "leak",
            Self::NoTitle | Self::TitleTooLong(_) => "bad-title",
            Self::DescriptionTooLong(_) => "bad-description",
            Self::PeriodReversed { .. } | Self::PeriodOver(_) => "bad-period",
            Self::Exists(_) => "file-exists",
            Self::Note(_) => "bad-note",
            Self::KeystoreExists(_) => "keystore-exists",
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Usage(_) => "see --help".into(),
            Self::File { .. } => "check the path and its permissions".into(),
            Self::NotAFile(_) => "name one MISP JSON file".into(),
            Self::Document { cause, .. } => cause.hint().into(),
            Self::PayloadSize(_) => {
                "split the event, or leave its attachments out of the export".into()
            }
            Self::TooLargeForSolver { .. } => {
                "choose another solver with --solver, or split the event".into()
            }
            Self::Incomplete(missing) => incomplete_hint(missing),
            Self::Leak { .. } => {
                "say what the threat is without its indicators: --title, --description".into()
            }
            Self::NoTitle | Self::TitleTooLong(_) => {
                "give one of at most 200 bytes: --title".into()
            }
            Self::DescriptionTooLong(_) => "shorten it; the rest belongs into the document".into(),
            Self::PeriodReversed { .. } | Self::PeriodOver(_) => {
                "state another: --valid-from, --valid-until".into()
            }
            Self::Exists(_) => "name another file with -o, or write over it with --force".into(),
            Self::Note(_) => "shorten the note, and send the rest another way".into(),
            Self::KeystoreExists(_) => "choose another name".into(),
        }
    }
}

fn needs(missing: &[Need]) -> String {
    missing
        .iter()
        .map(Need::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn incomplete_hint(missing: &[Need]) -> String {
    let lines = missing.iter().map(|need| {
        format!(
            "\n- {need}: {}; stated by {}",
            need.meaning(),
            need.stated_by()
        )
    });
    format!(
        "state it in the document or with the options ({}), or publish all the same with --incomplete{}",
        missing
            .iter()
            .map(|need| options(*need))
            .collect::<Vec<_>>()
            .join(", "),
        lines.collect::<String>()
    )
}

fn options(need: Need) -> &'static str {
    match need {
        Need::Threat => "--level",
        Need::Period => "--valid-from, --valid-until",
        Need::Use => "--expect",
        Need::Audience => "--audience",
        Need::Sharing => "--tlp",
        Need::CommercialUse => "--commercial-use",
    }
}

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
    /// The product is no longer valid.
    #[error("product {product} was valid until {} only", time(*until))]
    Expired {
        /// The product.
        product: ProductId,
        /// Unix seconds.
        until: u64,
    },
    /// The price is above what the buyer allows.
    #[error("{quantity} of product {product} cost {} ether, more than the {} allowed", ether(*price), ether(*allowed))]
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
    fn kind(&self) -> &str {
        match self {
            Self::UnknownProduct(_) => "unknown-product",
            Self::UnknownTask(_) => "unknown-task",
            Self::NotMember(_) => "not-member",
            Self::NotYours { .. } => "not-consumer",
            Self::OtherProduct { .. } => "other-product",
            Self::OwnProduct(_) => "own-product",
            Self::NotProducer { .. } => "not-producer",
            Self::NotOnSale { .. } => "not-on-sale",
            Self::Expired { .. } => "expired",
            Self::TooDear { .. } => "too-dear",
            Self::NoTicket { .. } => "no-ticket",
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

    fn hint(&self) -> String {
        match self {
            Self::UnknownProduct(_) => "find what is on offer: ayumi search".into(),
            Self::UnknownTask(_) => "see your tasks: ayumi tasks".into(),
            Self::NotMember(_) => {
                "ask the governor to enrol the account, or to end its suspension".into()
            }
            Self::NotYours { .. } | Self::NotProducer { .. } => {
                "act as the account that it belongs to: --account or ETH_KEYSTORE".into()
            }
            Self::OtherProduct { found, .. } => format!("name its own product: ayumi use {found}"),
            Self::OwnProduct(_) => {
                "nobody delivers to itself: the file is where you published it from".into()
            }
            Self::NotOnSale {
                next: Some(next), ..
            } => format!("see the next edition: ayumi show {next}"),
            Self::NotOnSale { .. } => "find what is on sale: ayumi search --on-sale".into(),
            Self::Expired { .. } => "find what is still valid: ayumi search --valid".into(),
            Self::TooDear { .. } => "allow more with --max-price, or find another product".into(),
            Self::NoTicket { product, price, .. } => format!(
                "buy one for {} ether: ayumi buy {product}, or let this command do it with --buy",
                ether(*price)
            ),
            Self::NoSolver(_) => "name one with --solver URL or AYUMI_SOLVER".into(),
            Self::SolverInactive(_) => {
                "ask its producer to assign another solver; a ticket can be refunded: ayumi refund"
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
            Self::NoFeedback(_) => "see what there is: ayumi feedback inbox".into(),
            Self::AlreadySaid { task, .. } => format!("see it: ayumi feedback show {task}"),
            Self::NotDelivered { .. } => "see how far the task is: ayumi tasks".into(),
            Self::NotMined { .. } => {
                "run the same command again: it takes the transaction up".into()
            }
            Self::NonceTaken => "stop the other program that sends for this account".into(),
            Self::NoEvent(_) => "see the node's log, or use another node".into(),
        }
    }
}

fn patience(task: U256, deadline: u64) -> String {
    format!(
        "nothing is lost: run the same command again, and it takes the task up; from {} the ticket can be had back: ayumi cancel {task}",
        time(deadline)
    )
}

/// What is wrong with the state folder.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error("the state in {path} cannot be kept: {cause}")]
    Io {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is not what was written.
    #[error("{path} is damaged: {cause}")]
    Damaged {
        /// Of the file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

impl StateError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "state",
            Self::Damaged { .. } => "state-damaged",
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Io { .. } => {
                "make room or name another folder with --state; nothing was sent".into()
            }
            Self::Damaged { path, .. } => {
                format!(
                    "move {} away: what matters can be had from the chain and the solver again",
                    path.display()
                )
            }
        }
    }
}
