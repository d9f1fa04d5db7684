//! What can go wrong, by subject. Each error has a kind for scripts, and a hint at what to do next.

mod config;
mod input;
mod state;
mod task;

use std::io;

use ayumi_chain::WalletError;

use crate::command::DevnetError;
use crate::endpoint::SolverError;
pub use config::ConfigError;
pub use input::InputError;
pub use state::StateError;
pub use task::TaskError;

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
    /// Of a MISP server or feed.
    #[error(transparent)]
    Misp(#[from] ayumi_misp_client::Error),
    /// Of an index of events.
    #[error(transparent)]
    Audit(#[from] ayumi_audit::Error),
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
            Self::Misp(error) => error.kind(),
            Self::Audit(error) => error.kind(),
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
            Self::Misp(error) => error.hint(),
            Self::Audit(error) => error.hint(),
            Self::Devnet(error) => error.hint().into(),
            Self::Output(_) => "give stdout a place to go; what was done is done".into(),
        }
    }
}
