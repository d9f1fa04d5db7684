use ayumi_audit::{
    Ask, Auditor, Difference, Query, Reader, Tracker, Verification, verify, verify_against,
};
use reqwest::Url;
use serde_json::Value;
use tempfile::TempDir;

use super::Place;
use super::index::IndexArgs;
use crate::cx::Cx;
use crate::error::{Error, InputError, Result};
use crate::output::Answer;
use crate::text::{counted, table};

/// Where an answer comes from.
pub(super) enum Source {
    /// An index, in a folder that goes with it where it was made for this answer alone.
    Index {
        reader: Box<Reader>,
        _folder: Option<TempDir>,
    },
    Auditor(Auditor),
}

impl Source {
    pub(super) async fn of(cx: &Cx, place: Place) -> Result<Self> {
        if let Some(url) = place.from {
            return Ok(Self::Auditor(Auditor::at(url)?));
        }
        if let Some(index) = place.index.location()? {
            return Ok(Self::Index {
                reader: Box::new(Reader::open(&index)?),
                _folder: None,
            });
        }
        let folder = tempfile::tempdir().map_err(|cause| InputError::File {
            path: std::env::temp_dir(),
            cause,
        })?;
        let path = folder.path().join("index.db");
        let mut tracker = Tracker::open(cx.chain().await?, &path).await?;
        tracker.catch_up().await?;
        Ok(Self::Index {
            reader: Box::new(Reader::open(&path)?),
            _folder: Some(folder),
        })
    }

    pub(super) async fn ask(&self, ask: Ask, query: &Query) -> Result<Value> {
        match self {
            Self::Index { reader, .. } => Ok(reader.answer(ask, query)?),
            Self::Auditor(auditor) => Ok(auditor.ask(ask, query).await?),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    index: IndexArgs,
    /// Auditor to compare with
    #[arg(long, value_name = "URL")]
    against: Option<Url>,
}

impl VerifyArgs {
    pub(super) async fn run(self, cx: &Cx) -> Result<Answer> {
        let index = self.index.location()?;
        let chain = cx.chain().await?;
        let verification = match self.against {
            Some(url) => verify_against(&chain, url).await?,
            None => verify(&chain, index.as_ref()).await?,
        };
        let differs = !verification.differences.is_empty();
        Ok(Answer::new(&verification, text(&verification)).negative_if(differs))
    }
}

fn text(verification: &Verification) -> String {
    let Verification {
        block,
        events,
        accounts,
        differences,
    } = verification;
    let counted_again = format!(
        "{} and {} up to block {block}: ",
        counted(*events, "event"),
        counted(*accounts, "account")
    );
    if differences.is_empty() {
        return counted_again + "all is as it says";
    }
    let rows = differences.iter().map(row);
    let headers = [
        "with",
        "what",
        "account",
        "of",
        "by the events",
        "found",
        "transaction",
    ];
    format!(
        "{counted_again}{}\n{}",
        counted(differences.len() as u64, "difference"),
        table(headers, rows)
    )
}

fn row(difference: &Difference) -> [String; 7] {
    let Difference {
        with,
        what,
        account,
        product,
        task,
        transaction,
        events,
        found,
    } = difference;
    let product = product.as_ref().map(|product| format!("product {product}"));
    let of = task.map(|task| format!("task {task}")).or(product);
    [
        with.clone(),
        what.clone(),
        account
            .map(|account| account.to_string())
            .unwrap_or_default(),
        of.unwrap_or_default(),
        events.clone(),
        found.clone(),
        transaction.map(|hash| hash.to_string()).unwrap_or_default(),
    ]
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("index-to-sync").required(true).args(["index", "database", "database_file"]))]
pub(super) struct SyncArgs {
    #[command(flatten)]
    index: IndexArgs,
    /// Go on with every block, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// Make all figures anew from the rows of the index first
    #[arg(long)]
    rebuild: bool,
}

impl SyncArgs {
    pub(super) async fn run(self, cx: &Cx) -> Result<Answer> {
        let index = self.index.location()?;
        let index = index.expect("the command line has one of the group");
        let mut tracker = Tracker::open(cx.chain().await?, &index).await?;
        if self.rebuild {
            tracker.rebuild()?;
        }
        let progress = tracker.catch_up().await?;
        if self.follow {
            let shutdown = async {
                // Without signals, only being killed ends it, which does no harm either.
                if tokio::signal::ctrl_c().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            let tell = |step: &ayumi_audit::Result<_>| {
                if let Err(error) = step {
                    eprintln!("{error}; asked again");
                }
            };
            tracker.follow(shutdown, tell).await.map_err(Error::from)?;
        }
        drop(tracker);
        let status = Reader::open(&index)?.status()?;
        let said = format!(
            "{} up to block {}, {} of them new",
            counted(status.events, "event"),
            status.block,
            progress.events
        );
        Ok(Answer::new(&status, said))
    }
}
