//! The commands, one file each: `Args`, and `run`, which gives an [`Answer`].

mod account;
mod audit;
mod balance;
mod buy;
mod cancel;
mod complain;
mod completions;
mod config;
mod consortium;
mod devnet;
mod export;
mod feedback;
mod governor;
mod holdings;
mod lint;
mod misp;
mod product;
mod publish;
mod refund;
mod revise;
mod search;
mod settle;
mod show;
mod tasks;
mod use_product;
mod withdraw;

pub use devnet::DevnetError;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Producer(Box<Producer>),
    #[command(flatten)]
    Consumer(Consumer),
    /// Say and read what deliveries were worth
    Feedback(feedback::Args),
    /// Show money, credit and tickets, and collect the credit
    Balance(balance::Args),
    /// Settle deliveries whose time for complaints is over
    Settle(settle::Args),
    /// Exchange events with MISP servers and feeds
    Misp(misp::Args),
    /// See what the consortium achieved
    Audit(audit::Args),
    #[command(flatten)]
    Everyone(Everyone),
    #[command(flatten)]
    Governor(governor::Governor),
    /// Make and check what the Besu nodes of a consortium need
    Consortium(consortium::Args),
    /// Run a whole consortium to try things on, until Ctrl-C
    Devnet(devnet::Args),
}

/// For producers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Producer {
    /// Tell how usable MISP documents are, and what is missing or wrong in them
    Lint(lint::Args),
    /// Give a document to a solver and put it on sale
    Publish(publish::Args),
    /// Publish the next edition of a product
    Revise(revise::Args),
    /// End the sale of a product
    Withdraw(withdraw::Args),
    /// List the account's own products, and have another solver deliver one
    Product(product::Args),
}

/// For consumers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Consumer {
    /// Find products
    Search(search::Args),
    /// Show a product
    Show(show::Args),
    /// Buy tickets
    Buy(buy::Args),
    /// Spend a ticket and write the document; takes up what was interrupted, or writes it again
    Use(use_product::Args),
    /// List the account's tasks
    Tasks(tasks::Args),
    /// List what was delivered and has since expired, been revised or withdrawn
    Holdings(holdings::Args),
    /// Have the ticket of a task back that was not served in time
    Cancel(cancel::Args),
    /// Turn tickets back into credit
    Refund(refund::Args),
    /// Have the price of a wrong delivery back
    Complain(complain::Args),
    /// Write a MISP document for security controls and other platforms
    Export(export::Args),
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
            Self::Producer(producer) => producer.run(cx).await,
            Self::Consumer(consumer) => consumer.run(cx).await,
            Self::Feedback(args) => args.run(cx).await,
            Self::Balance(args) => args.run(cx).await,
            Self::Settle(args) => args.run(cx).await,
            Self::Misp(args) => args.run(cx).await,
            Self::Audit(args) => args.run(cx).await,
            Self::Governor(governor) => governor.run(cx).await,
            Self::Consortium(args) => args.run(),
            Self::Devnet(args) => args.run(cx).await,
            Self::Everyone(Everyone::Account(args)) => args.run(cx),
            Self::Everyone(Everyone::Config(config::Args {})) => config::run(cx),
            Self::Everyone(Everyone::Completions(args)) => Ok(args.run()),
        }
    }
}

impl Producer {
    async fn run(self, cx: &Cx) -> Result<Answer> {
        match self {
            Self::Lint(args) => args.run(cx.global.output.json).await,
            Self::Publish(args) => args.run(cx).await,
            Self::Revise(args) => args.run(cx).await,
            Self::Withdraw(args) => args.run(cx).await,
            Self::Product(args) => args.run(cx).await,
        }
    }
}

impl Consumer {
    async fn run(self, cx: &Cx) -> Result<Answer> {
        match self {
            Self::Search(args) => args.run(cx).await,
            Self::Show(args) => args.run(cx).await,
            Self::Buy(args) => args.run(cx).await,
            Self::Use(args) => args.run(cx).await,
            Self::Tasks(args) => args.run(cx).await,
            Self::Holdings(args) => args.run(cx).await,
            Self::Cancel(args) => args.run(cx).await,
            Self::Refund(args) => args.run(cx).await,
            Self::Complain(args) => args.run(cx).await,
            Self::Export(args) => args.run(),
        }
    }
}
