//! MISP's object templates: which attributes an object should have.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::data;
use crate::error::DataError;

/// Templates by their uuid, as <https://github.com/MISP/misp-objects> has them.
#[derive(Debug, Default)]
pub struct Templates(HashMap<String, Template>);

#[derive(Debug, Deserialize)]
pub(crate) struct Template {
    pub(crate) name: String,
    uuid: String,
    #[serde(default)]
    pub(crate) version: Value,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    #[serde(default, rename = "requiredOneOf")]
    pub(crate) required_one_of: Vec<String>,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Element>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Element {
    #[serde(default, rename = "misp-attribute")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) multiple: bool,
}

impl Templates {
    /// Reads a template, or all the templates beneath a folder.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let files = data::read_all::<Template>(path, "an object template", |value| {
            value.get("attributes").is_some_and(Value::is_object) && value.get("uuid").is_some()
        })?;
        let templates = files
            .into_iter()
            .map(|(_, template)| (template.uuid.to_lowercase(), template));
        Ok(Self(templates.collect()))
    }

    /// How many templates there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, uuid: &str) -> Option<&Template> {
        self.0.get(&uuid.to_lowercase())
    }
}

impl Template {
    /// The version as a number; MISP counts them.
    pub(crate) fn version(&self) -> Option<u64> {
        match &self.version {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }
}
