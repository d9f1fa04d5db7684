//! The commands, one file each: `Args`, and `run`, which gives an [`Answer`].

mod account;
mod completions;
mod config;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Everyone(Everyone),
}

/// For everyone.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Everyone {
    /// Make, list and show accounts, in keystores as Foundry keeps them
    Account(account::Args),
    /// Show the settings in force, and where each came from
    Config(config::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

impl Command {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self {
            Self::Everyone(Everyone::Account(args)) => args.run(cx),
            Self::Everyone(Everyone::Config(args)) => args.run(cx),
            Self::Everyone(Everyone::Completions(args)) => Ok(args.run()),
        }
    }
}
