//! Feedback as sightings in the consumer's MISP.

use std::collections::HashSet;
use std::time::Duration;

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::Outcome;
use ayumi_misp::Document;
use ayumi_misp_client::{Client, Sighted, SightingKind};
use uuid::Uuid;

use crate::error::{InputError, Result};
use crate::read::Catalogue;
use crate::session::Session;

/// How long a solver is waited for that has to give a delivery again.
const WAIT: Duration = Duration::from_mins(1);

/// What a feedback will say to a MISP server.
pub(super) struct Sight {
    client: Client,
    event: Uuid,
    attributes: Vec<Uuid>,
    kind: SightingKind,
}

impl Sight {
    /// Of a delivered task; nothing is said yet, but the server has the event, and the document the values.
    pub(super) async fn prepare(
        session: &Session,
        client: Client,
        task: U256,
        outcome: Outcome,
        values: &[String],
    ) -> Result<Self> {
        let Some(kind) = kind(outcome) else {
            let text = "only what was seen, harmless or expired is a sighting: leave --to-misp out";
            return Err(InputError::Usage(text.into()).into());
        };
        let task = session.own_task(task).await?;
        let catalogue = Catalogue::read(session.chain()).await?;
        let product = catalogue.find(task.product)?;
        let held = session.held(&catalogue, product, &task, WAIT).await?;
        let (event, attributes) = (held.copy.uuid(), attributes(&held.document, values)?);
        if client.event(event).await?.is_none() {
            return Err(ayumi_misp_client::Error::NoEvent(event).into());
        }
        Ok(Self {
            client,
            event,
            attributes,
            kind,
        })
    }

    /// Says it; what was said before is not said again.
    pub(super) async fn say(&self, session: &Session, task: U256) -> Result<Sighted> {
        session.observer().step("adding sightings");
        let source = session.sighting_source(task);
        let (event, kind) = (self.event, self.kind);
        let said = self
            .client
            .add_sightings(event, &self.attributes, kind, &source)
            .await?;
        Ok(said)
    }
}

fn kind(outcome: Outcome) -> Option<SightingKind> {
    match outcome {
        Outcome::TruePositive => Some(SightingKind::Seen),
        Outcome::FalsePositive => Some(SightingKind::FalsePositive),
        Outcome::Expired => Some(SightingKind::Expiration),
        _ => None,
    }
}

/// Those with the values that are named, or else all that are for detection.
fn attributes(document: &Document, values: &[String]) -> Result<Vec<Uuid>, InputError> {
    let mut unknown = values.iter().map(String::as_str).collect::<HashSet<_>>();
    let mut found = Vec::new();
    for placed in document.attributes() {
        let attribute = placed.attribute;
        let value = attribute.value.text().unwrap_or_default();
        let is_meant = if values.is_empty() {
            attribute.to_ids.is_true()
        } else {
            unknown.remove(&*value) || values.iter().any(|wanted| *wanted == value)
        };
        let uuid = attribute.uuid.text();
        let uuid = uuid.and_then(|uuid| uuid.parse::<Uuid>().ok());
        found.extend(uuid.filter(|_| is_meant));
    }
    match unknown.into_iter().next() {
        Some(value) => Err(InputError::Usage(format!(
            "the document has no attribute with the value {value:?}"
        ))),
        None => Ok(found),
    }
}
