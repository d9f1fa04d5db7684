use std::collections::BTreeMap;

use ayumi_misp::{Context, Document, Level, Note};
use serde::Serialize;

use crate::finding::{Edit, Finding, Findings};
use crate::locate;
use crate::rule::{Check, Rule, Share};
use crate::rules::RULES;
use crate::score::{self, Points};
use crate::subject::Subject;
use crate::{Templates, WarningLists};

/// What rules need to know beside the document.
#[derive(Debug)]
pub struct Settings {
    /// Today, in Unix seconds.
    pub now: u64,
    /// After how many days an indicator is old.
    pub stale_days: u32,
    /// How many findings of each rule are kept for a document; the rest is counted.
    pub limit: u64,
    /// Values that are bad indicators.
    pub warning_lists: WarningLists,
    /// What objects should have.
    pub templates: Templates,
}

impl Settings {
    /// The usual ones, on the day of `now`.
    pub fn new(now: u64) -> Self {
        Self {
            now,
            stale_days: 365,
            limit: 100,
            warning_lists: WarningLists::default(),
            templates: Templates::default(),
        }
    }
}

/// How usable one document is.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How much it tells beyond its values.
    pub level: Level,
    /// From 0 to 100.
    pub score: u64,
    /// What the score is made of.
    pub points: Vec<Points>,
    /// How many attributes are meant for detection.
    pub indicators: usize,
    /// How many findings each rule has.
    pub counts: BTreeMap<&'static str, u64>,
    /// The findings, in the order of the rules; of each rule at most [`Settings::limit`].
    pub findings: Vec<Finding>,
}

impl Report {
    /// Gives each finding its line and column, and makes its pointers those of the file. `bytes` are the document, which is
    /// at the pointer `prefix` and starts at line and column `origin`.
    pub fn locate(&mut self, bytes: &[u8], prefix: &str, origin: (usize, usize)) {
        locate::place(&mut self.findings, bytes, origin);
        if prefix.is_empty() {
            return;
        }
        for finding in &mut self.findings {
            finding.pointer.insert_str(0, prefix);
            if let Some(Edit::Replace { pointer, .. } | Edit::Tag { pointer, .. }) =
                &mut finding.edit
            {
                pointer.insert_str(0, prefix);
            }
        }
    }
}

/// Looks at a document with every rule. `context` and `notes` are those of [`Context::read`].
pub fn lint(document: &Document, context: &Context, notes: &[Note], settings: &Settings) -> Report {
    let subject = Subject::new(document, context, notes, settings);
    let mut inexact = vec![false; subject.items.len()];
    let mut findings = Findings::new(&RULES[0], settings.limit, &mut inexact);
    for rule in RULES {
        findings.of_rule(rule);
        match rule.check {
            Check::Share { of, .. } => tell_share(rule, of(&subject), &subject, &mut findings),
            Check::Exactness(find) | Check::Remark(find) => find(&subject, &mut findings),
        }
    }
    let (found, counts) = findings.done();
    let points = score::points(&subject, &inexact);
    Report {
        level: context.level,
        score: points.iter().map(|points| points.points).sum(),
        points,
        indicators: subject.indicators().count(),
        counts,
        findings: found,
    }
}

/// One finding about the whole: each indicator without it would only repeat it.
fn tell_share(rule: &Rule, share: Share, subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if share.is_whole() {
        return;
    }
    let message = match share.stated {
        0 => rule.finds.to_owned(),
        _ => format!(
            "{}, on {} of {} indicators",
            rule.finds,
            share.of - share.stated,
            share.of
        ),
    };
    findings.add(|| subject.pointer(), message);
}
