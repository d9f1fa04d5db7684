use std::path::PathBuf;
use std::time::Duration;

use ayumi_contracts::ProductId;
use ayumi_misp_client::{Change, Client, FeedEdit, FeedFolder, Pushed};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{listed, push::told};
use crate::args::MispArgs;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::flow::{Held, Place};
use crate::output::Answer;
use crate::read::{Catalogue, Task};
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write into the feed in this folder, instead of to a server
    #[arg(long, value_name = "DIR")]
    feed: Option<PathBuf>,
    /// Only what was delivered of this product
    #[arg(long)]
    product: Option<ProductId>,
    /// Bring there again what was brought before
    #[arg(long)]
    again: bool,
    /// Seconds to wait for a solver that has to give a delivery again
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    misp: MispArgs,
}

/// Where documents land.
enum Target<'a> {
    Server(Client),
    Feed(FeedEdit<'a>),
}

impl Args {
    pub(super) async fn run(self, cx: &Cx) -> Result<Answer> {
        let folder = self.feed.as_deref().map(FeedFolder::open).transpose()?;
        let mut target = match &folder {
            Some(feed) => Target::Feed(feed.edit()?),
            None => Target::Server(self.misp.client()?),
        };
        let place = match (&target, &self.feed) {
            (Target::Server(client), _) => {
                client.version().await?; // what fails for all fails first
                Place::new(client.url())
            }
            (_, folder) => Place::new(&absolute(folder.as_ref()).display().to_string()),
        };
        let session = cx.session().await?;
        let (catalogue, mut tasks) = session.consumed().await?;
        tasks.retain(|task| self.product.is_none_or(|product| product == task.product));
        let (mut rows, mut landed) = (Vec::new(), Vec::new());
        // Asked of all before the first is written: a file that is gone is missed by every task that is in it.
        let before = tasks.iter().map(|task| {
            let event = session.landed_before(task.id, place)?;
            Ok(event.filter(|event| !self.again && target.has(*event)))
        });
        let before = before.collect::<Result<Vec<_>>>()?;
        for (task, before) in tasks.iter().zip(before) {
            if let Some(event) = before {
                rows.push(row(&catalogue, task, Some(event), "same", None));
                continue;
            }
            let held = match self.open(&session, &catalogue, task).await? {
                Ok(held) => held,
                Err(cause) => {
                    rows.push(row(&catalogue, task, None, "failed", Some(&cause)));
                    continue;
                }
            };
            let event = held.copy.uuid();
            let (state, cause) = told(target.put(held).await)?;
            if cause.is_none() {
                match target {
                    Target::Server(_) => session.landed(task.id, place, event)?,
                    Target::Feed(_) => landed.push((task.id, event)),
                }
            }
            rows.push(row(&catalogue, task, Some(event), state, cause.as_deref()));
        }
        if let Target::Feed(edit) = target {
            edit.finish()?;
        }
        for (task, event) in landed {
            session.landed(task, place, event)?;
        }
        let columns = ["task", "product", "title", "event", "state"];
        Ok(listed(
            &rows,
            columns,
            "nothing was delivered to the account",
        ))
    }

    /// A delivery that cannot be opened does not keep the others away.
    async fn open(
        &self,
        session: &Session,
        catalogue: &Catalogue,
        task: &Task,
    ) -> Result<Result<Held, String>> {
        let product = catalogue.find(task.product)?;
        let wait = Duration::from_secs(self.wait);
        match session.held(catalogue, product, task, wait).await {
            Ok(held) => Ok(Ok(held)),
            Err(error @ (Error::Task(_) | Error::Solver(_) | Error::Input(_) | Error::Misp(_))) => {
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }
}

impl Target<'_> {
    /// Whether an event that was brought there is still there, as far as can be told without asking.
    fn has(&self, event: Uuid) -> bool {
        match self {
            Self::Server(_) => true, // who deleted it there wants it no more
            Self::Feed(edit) => edit.has(event),
        }
    }

    async fn put(&mut self, held: Held) -> Result<&'static str, ayumi_misp_client::Error> {
        match self {
            Self::Server(client) => client.push(&held.copy).await.map(Pushed::name),
            Self::Feed(edit) => edit.put(held.copy).map(Change::name),
        }
    }
}

fn absolute(folder: Option<&PathBuf>) -> PathBuf {
    let folder = folder.cloned().unwrap_or_default();
    folder.canonicalize().unwrap_or(folder)
}

fn row(
    catalogue: &Catalogue,
    task: &Task,
    event: Option<Uuid>,
    state: &str,
    cause: Option<&str>,
) -> Value {
    let product = catalogue.products.get(&task.product);
    json!({
        "task": task.id.to_string(),
        "product": task.product.to_string(),
        "title": product.map(|product| &product.listing.title),
        "event": event,
        "state": state,
        "cause": cause,
    })
}
