//! From a delivered task to a MISP server or a feed.

use std::time::Duration;

use alloy::primitives::{B256, U256, keccak256};
use ayumi_contracts::ICTIOperator::State;
use ayumi_misp::Document;
use ayumi_misp_client::{Client, EventCopy, Origin, Pushed, Receipt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{InputError, Result};
use crate::read::{Catalogue, Product, Task, Tasks, Which};
use crate::session::Session;
use crate::state;

/// A task's document, opened again.
#[derive(Debug, Clone)]
pub struct Held {
    /// As it goes to a server or feed, with its receipt.
    pub copy: EventCopy,
    /// As it is read.
    pub document: Document,
}

/// That a task's document was brought somewhere.
#[derive(Debug, Serialize, Deserialize)]
struct Landed {
    event: Uuid,
}

/// A place that documents land at, in the state folder's words.
#[derive(Debug, Clone, Copy)]
pub struct Place(B256);

impl Place {
    /// By its URL or path.
    pub fn new(name: &str) -> Self {
        Self(keccak256(name))
    }
}

impl Session {
    /// Opens the document of a delivered task again, for a MISP.
    pub async fn held(
        &self,
        catalogue: &Catalogue,
        product: &Product,
        task: &Task,
        wait: Duration,
    ) -> Result<Held> {
        let payload = self.open_task(product, task, wait).await?;
        let document = Document::parse(&payload.bytes).map_err(|cause| InputError::Document {
            path: format!("task {}", task.id).into(),
            cause,
        })?;
        let contracts = self.chain().contracts();
        let (chain_id, operator) = (self.chain().chain_id(), contracts.operator.to_string());
        let origin = Origin {
            name: &format!("{chain_id}/{operator}/{}", product.id),
            title: &product.listing.title,
            organisation: catalogue.members.organisation_of(product.producer),
        };
        let copy = EventCopy::bought(&payload.bytes, origin)?;
        let receipt = Receipt {
            task: task.id.to_string(),
            product: product.id.to_string(),
            transaction: task
                .delivered
                .map(|delivered| delivered.transaction.to_string())
                .unwrap_or_default(),
            content_root: product.listing.contentRoot.to_string(),
            chain_id,
            operator,
        };
        Ok(Held {
            copy: copy.with_receipt(&receipt),
            document,
        })
    }

    /// Brings the document of one own task to a server.
    pub async fn land(&self, task: U256, misp: &Client, wait: Duration) -> Result<(Uuid, Pushed)> {
        self.observer()
            .step("bringing the document to the MISP server");
        let task = self.own_task(task).await?;
        let catalogue = Catalogue::read(self.chain()).await?;
        let product = catalogue.find(task.product)?;
        let held = self.held(&catalogue, product, &task, wait).await?;
        let pushed = misp.push(&held.copy).await?;
        self.landed(task.id, Place::new(misp.url()), held.copy.uuid())?;
        Ok((held.copy.uuid(), pushed))
    }

    /// The account's tasks whose documents it holds, with the chain as it is.
    pub async fn consumed(&self) -> Result<(Catalogue, Vec<Task>)> {
        let which = Which::Of(self.account()?);
        let tasks = Tasks::read(self.chain(), &which).await?.tasks;
        let catalogue = Catalogue::read(self.chain()).await?;
        let is_held = |task: &Task| {
            matches!(task.state, State::Delivered | State::Settled)
                && catalogue.products.contains_key(&task.product)
        };
        let held = tasks.into_values().filter(is_held).collect();
        Ok((catalogue, held))
    }

    /// The event as which a task's document was brought to a place before.
    pub fn landed_before(&self, task: U256, place: Place) -> Result<Option<Uuid>> {
        let landed = state::read_json::<Landed>(&self.store()?.landed(task, place.0))?;
        Ok(landed.map(|landed| landed.event))
    }

    /// Remembers that a task's document was brought to a place.
    pub fn landed(&self, task: U256, place: Place, event: Uuid) -> Result<()> {
        let path = self.store()?.landed(task, place.0);
        Ok(state::write_json(&path, &Landed { event })?)
    }

    /// By what a sighting for a task is known to be ours.
    pub(crate) fn sighting_source(&self, task: U256) -> String {
        let operator = self.chain().contracts().operator;
        format!("{OURS}{}/{operator}/{task}", self.chain().chain_id())
    }
}

/// How the sources of our own sightings begin.
pub(crate) const OURS: &str = "ayumi/";
