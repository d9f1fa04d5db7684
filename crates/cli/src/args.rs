//! Arguments that many commands share, one file a group.

mod export;
mod listing;
mod misp;
mod network;
mod output;
mod values;
mod wallet;

pub use export::SelectionArgs;
pub(crate) use listing::words;
pub use listing::{ContextArgs, ListingArgs};
pub use misp::MispArgs;
pub use network::NetworkArgs;
pub use output::OutputArgs;
pub use values::{Moment, Percent, Price, WhichSolver};
pub(crate) use values::{address, key};
pub use wallet::WalletArgs;

/// The arguments of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// Where the chain, the solver and the state are.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Whose account it is.
    #[command(flatten)]
    pub wallet: WalletArgs,
    /// How results are written.
    #[command(flatten)]
    pub output: OutputArgs,
}
