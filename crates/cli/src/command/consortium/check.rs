//! Whether the files of the folder agree, and fit a network without fees.

mod access;
mod genesis;
mod nodes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use serde::Serialize;
use serde_json::Value;

use super::files::{SECRET, mode};
use super::init::{FEWEST, too_few};
use crate::error::{InputError, Result};

/// What was found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) chain_id: Option<u64>,
    /// Those of the genesis.
    pub(super) validators: Vec<Address>,
    pub(super) findings: Vec<Finding>,
}

/// Something that does not fit.
#[derive(Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// Inside the folder.
    pub(super) file: String,
    pub(super) problem: String,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// The network would not start, or not do what it should.
    Error,
    /// It works, and is odd.
    Warning,
}

impl Severity {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Report {
    /// Whether anything must be changed.
    pub(super) fn is_wrong(&self) -> bool {
        let mut severities = self.findings.iter().map(|finding| finding.severity);
        severities.any(|severity| severity == Severity::Error)
    }

    /// How many validators may fail before the chain halts.
    pub(super) fn faults_borne(&self) -> usize {
        self.validators.len().saturating_sub(1) / 3
    }
}

/// Reads every file of the folder and compares.
pub(super) fn examine(folder: &Path) -> Result<Report> {
    if !folder.is_dir() {
        let problem = format!(
            "{} is no folder: ayumi consortium init makes one",
            folder.display()
        );
        return Err(InputError::Usage(problem).into());
    }
    let mut examination = Examination::of(folder);
    let genesis = examination.genesis();
    let nodes = examination.nodes();
    examination.validators(&genesis, &nodes);
    let enodes = examination.static_nodes(&nodes);
    examination.permissions(&nodes, &enodes);
    examination.settings(&genesis, &nodes);
    examination.profile(&genesis, &nodes);
    examination.token(&genesis);
    examination.compose(&nodes);
    let report = Report {
        chain_id: genesis.chain_id,
        validators: genesis.validators,
        findings: examination.findings,
    };
    Ok(report)
}

/// The folder, and what was found so far.
struct Examination {
    folder: PathBuf,
    findings: Vec<Finding>,
}

impl Examination {
    fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            findings: Vec::new(),
        }
    }

    fn find(&mut self, severity: Severity, file: &str, problem: impl Into<String>) {
        let (file, problem) = (file.to_owned(), problem.into());
        self.findings.push(Finding {
            severity,
            file,
            problem,
        });
    }

    fn wrong(&mut self, file: &str, problem: impl Into<String>) {
        self.find(Severity::Error, file, problem);
    }

    fn odd(&mut self, file: &str, problem: impl Into<String>) {
        self.find(Severity::Warning, file, problem);
    }

    fn text(&mut self, file: &str) -> Option<String> {
        match fs::read_to_string(self.folder.join(file)) {
            Ok(text) => Some(text),
            Err(cause) => {
                self.wrong(file, format!("cannot be read: {cause}"));
                None
            }
        }
    }

    /// The text of a file that its owner alone may read.
    fn secret(&mut self, file: &str) -> Option<String> {
        let text = self.text(file)?;
        match mode(&self.folder.join(file)) {
            Ok(SECRET) => {}
            Ok(mode) => self.wrong(file, format!("has mode {mode:04o} instead of {SECRET:04o}")),
            Err(cause) => self.wrong(file, format!("has no mode: {cause}")),
        }
        Some(text)
    }

    fn json(&mut self, file: &str) -> Option<Value> {
        let read = serde_json::from_str(&self.text(file)?);
        read.map_err(|error| self.wrong(file, format!("is no JSON: {error}")))
            .ok()
    }

    fn toml(&mut self, file: &str) -> Option<toml::Table> {
        let read = self.text(file)?.parse::<toml::Table>();
        let said = |error: toml::de::Error| error.message().to_owned();
        read.map_err(|error| self.wrong(file, format!("is no TOML: {}", said(error))))
            .ok()
    }

    /// Finds what only one of two has.
    fn compare<T: Ord + ToString>(
        &mut self,
        file: &str,
        found: &BTreeSet<T>,
        expected: &BTreeSet<T>,
        where_expected: &str,
    ) {
        for extra in found.difference(expected) {
            let extra = extra.to_string();
            self.wrong(file, format!("has {extra}, which {where_expected} has not"));
        }
        for missing in expected.difference(found) {
            let missing = missing.to_string();
            self.wrong(file, format!("lacks {missing}, which {where_expected} has"));
        }
    }

    fn enough(&mut self, file: &str, validators: usize) {
        if validators < FEWEST {
            self.wrong(file, too_few(validators));
        }
    }
}
