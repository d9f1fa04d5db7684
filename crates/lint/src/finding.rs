//! What rules find, and where.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Item;

/// The longest value that a finding shows, in characters.
const MAX_SHOWN_CHARS: usize = 160;

/// Something that a rule found in one place.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Whom it hurts most.
    pub reader: Reader,
    /// Where, as a JSON pointer (RFC 6901) from the top of the file.
    pub pointer: String,
    /// Where in the file.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What stands there; cut where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is found.
    pub message: String,
    /// Why it matters to the reader.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// What `--fix` would write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
}

/// A place in a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Of what stands there.
    pub end_line: usize,
    /// The first column after what stands there.
    pub end_column: usize,
}

/// A change that follows from the document itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Edit {
    /// Put another string in the place of the one at `pointer`.
    Replace {
        /// Where.
        pointer: String,
        /// With what.
        with: String,
    },
    /// Tag the event or attribute at `pointer`.
    Tag {
        /// The event or attribute.
        pointer: String,
        /// The tag.
        tag: String,
    },
}

/// Gathers findings; of each rule only the first few are kept whole, and the rest counted. So what is told of a finding is
/// written only where it is kept.
pub(crate) struct Findings<'a> {
    rule: &'static Rule,
    limit: u64,
    found: Vec<Finding>,
    counts: BTreeMap<&'static str, u64>,
    /// Which attributes are not exact, by their index.
    inexact: &'a mut [bool],
}

impl<'a> Findings<'a> {
    pub(crate) fn new(first: &'static Rule, limit: u64, inexact: &'a mut [bool]) -> Self {
        Self {
            rule: first,
            limit,
            found: Vec::new(),
            counts: BTreeMap::new(),
            inexact,
        }
    }

    /// Whose findings follow.
    pub(crate) fn of_rule(&mut self, rule: &'static Rule) {
        self.rule = rule;
    }

    pub(crate) fn done(self) -> (Vec<Finding>, BTreeMap<&'static str, u64>) {
        (self.found, self.counts)
    }

    /// Something at the place that `pointer` gives.
    pub(crate) fn add(&mut self, pointer: impl FnOnce() -> String, message: impl fmt::Display) {
        self.push(pointer, None, message, |_| None);
    }

    /// Something at the place that `pointer` gives, where `value` stands.
    pub(crate) fn add_value(
        &mut self,
        pointer: impl FnOnce() -> String,
        value: &str,
        message: impl fmt::Display,
    ) {
        self.push(pointer, Some(value), message, |_| None);
    }

    /// Something about an attribute's value.
    pub(crate) fn add_item(&mut self, item: &Item<'_>, message: impl fmt::Display) {
        self.mark(item);
        let pointer = || format!("{}/value", item.pointer());
        self.push(pointer, Some(&item.value), message, |_| None);
    }

    /// Something about a member of an attribute.
    pub(crate) fn add_member(
        &mut self,
        item: &Item<'_>,
        member: &str,
        value: &str,
        message: impl fmt::Display,
    ) {
        self.mark(item);
        let pointer = || format!("{}/{member}", item.pointer());
        self.push(pointer, Some(value), message, |_| None);
    }

    /// Something that `--fix` can change, by the edit at the place that `pointer` gives.
    pub(crate) fn add_fixable(
        &mut self,
        item: Option<&Item<'_>>,
        pointer: impl FnOnce() -> String,
        value: Option<&str>,
        message: impl fmt::Display,
        edit: impl FnOnce(String) -> Edit,
    ) {
        if let Some(item) = item {
            self.mark(item);
        }
        let edit = |pointer: &str| Some(edit(pointer.to_owned()));
        self.push(pointer, value, message, edit);
    }

    fn mark(&mut self, item: &Item<'_>) {
        if matches!(self.rule.check, Check::Exactness(_)) {
            self.inexact[item.index] = true;
        }
    }

    fn push(
        &mut self,
        pointer: impl FnOnce() -> String,
        value: Option<&str>,
        message: impl fmt::Display,
        edit: impl FnOnce(&str) -> Option<Edit>,
    ) {
        let count = self.counts.entry(self.rule.id).or_default();
        *count += 1;
        if *count > self.limit {
            return;
        }
        let pointer = pointer();
        self.found.push(Finding {
            rule: self.rule.id,
            severity: self.rule.severity,
            reader: self.rule.reader,
            edit: edit(&pointer),
            pointer,
            place: None,
            value: value.map(shown),
            message: message.to_string(),
            why: self.rule.why,
            fix: self.rule.fix,
        });
    }
}

fn shown(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
