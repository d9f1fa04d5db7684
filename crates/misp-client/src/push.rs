use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use uuid::Uuid;

use crate::client::{Client, wrapped};
use crate::copy::{EventCopy, seconds};
use crate::error::{Error, Result};

/// How often a change is sent whose answer is not heard. The server is looked at before each.
const TRIES: u32 = 3;

/// What became of an event that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The server had none, and has it now.
    Added,
    /// The server had an older one.
    Edited,
    /// The server had it, and got its receipts.
    Attached,
    /// The server had all of it.
    Same,
    /// The server has a newer one, and keeps it.
    Newer,
}

impl Pushed {
    /// For people and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Edited => "edited",
            Self::Attached => "attached",
            Self::Same => "same",
            Self::Newer => "newer",
        }
    }
}

/// What the server still lacks.
enum Step<'a> {
    Add,
    Edit,
    Attach(String, Uuid, &'a Value),
    Nothing(Pushed),
}

impl Client {
    /// Brings an event to the server: adds it, or edits an older one, or attaches receipts that are not there yet. Given
    /// again, it does nothing; where an answer is not heard, the server is looked at before anything is sent again.
    pub async fn push(&self, copy: &EventCopy) -> Result<Pushed> {
        let (mut outcome, mut unheard, mut attached) = (None, 0, HashSet::new());
        loop {
            let found = self.event_json(copy.uuid()).await?;
            let (sent, done) = match step(copy, found.as_ref()) {
                Step::Nothing(state) => return Ok(outcome.unwrap_or(state)),
                Step::Add => (
                    self.change("events/add", &copy.to_json(), "Event").await,
                    Pushed::Added,
                ),
                Step::Edit => {
                    let path = format!("events/edit/{}", copy.uuid());
                    let sent = self.change(&path, &copy.to_json(), "Event").await;
                    (sent, Pushed::Edited)
                }
                Step::Attach(event, uuid, object) => {
                    let path = format!("objects/add/{event}");
                    if attached.contains(&uuid) {
                        return Err(self.not_misp(&format!("POST {path}")));
                    }
                    let sent = self
                        .change(&path, &wrapped("Object", object), "Object")
                        .await;
                    if sent.is_ok() {
                        attached.insert(uuid);
                    }
                    (sent, Pushed::Attached)
                }
            };
            match sent {
                Ok(_) if done != Pushed::Attached => return Ok(done),
                Ok(_) => unheard = 0,
                Err(error) if error.is_ambiguous() && unheard + 1 < TRIES => unheard += 1,
                Err(error) => return self.despite(copy, done, error).await,
            }
            outcome = Some(done);
        }
    }

    /// An event that came to be there in between is no reason to fail.
    async fn despite(&self, copy: &EventCopy, done: Pushed, error: Error) -> Result<Pushed> {
        let is_race = matches!(
            error,
            Error::Refused { .. } | Error::NotFound { .. } | Error::Redirected { .. }
        );
        if is_race && done == Pushed::Added {
            let found = self.event_json(copy.uuid()).await?;
            if let Step::Nothing(state) = step(copy, found.as_ref()) {
                return Ok(state);
            }
        }
        Err(error)
    }
}

fn step<'a>(copy: &'a EventCopy, found: Option<&Value>) -> Step<'a> {
    let Some(found) = found else {
        return Step::Add;
    };
    let theirs = seconds(found.get("timestamp"));
    if theirs < copy.timestamp() {
        return Step::Edit;
    }
    let objects = found["Object"].as_array().map_or(&[][..], Vec::as_slice);
    let is_there =
        |uuid: Uuid, receipt| objects.iter().any(|object| is_same(object, uuid, receipt));
    let mut missing = copy
        .receipts()
        .filter(|(uuid, receipt)| !is_there(*uuid, receipt));
    let event = match &found["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => copy.uuid().to_string(),
    };
    match missing.next() {
        Some((uuid, object)) => Step::Attach(event, uuid, object),
        None if theirs > copy.timestamp() => Step::Nothing(Pushed::Newer),
        None => Step::Nothing(Pushed::Same),
    }
}

/// Whether an object of the server is a receipt, be it under a uuid that the server gave it.
fn is_same(object: &Value, uuid: Uuid, receipt: &Value) -> bool {
    let is_named = object["uuid"].as_str().and_then(|text| text.parse().ok()) == Some(uuid);
    let said = |object: &Value| {
        let attributes = object["Attribute"].as_array().into_iter().flatten();
        let pairs = attributes.map(|attribute| {
            let text = |key: &str| attribute[key].as_str().unwrap_or_default().to_owned();
            (text("object_relation"), text("value"))
        });
        pairs.collect::<BTreeSet<_>>()
    };
    is_named || object["template_uuid"] == receipt["template_uuid"] && said(object) == said(receipt)
}
