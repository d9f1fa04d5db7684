//! What is told of one document, in each form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use ayumi_lint::{Finding, RULES, Report, Severity, Suggestion};
use ayumi_misp::{Context, Leak, Note};
use serde_json::{Value, json};

use crate::listing;
use crate::text::{clean, pairs};

/// Places of a rule that people are shown, unless all are asked for.
const PLACES_SHOWN: usize = 3;

/// A document with what was found.
pub(super) struct Told<'a> {
    pub(super) path: &'a Path,
    pub(super) prefix: String,
    pub(super) context: Context,
    pub(super) leaks: Vec<Leak>,
    pub(super) report: Report,
    notes: Vec<String>,
    suggestions: Option<Vec<Suggestion>>,
}

impl<'a> Told<'a> {
    pub(super) fn new(
        path: &'a Path,
        prefix: String,
        context: Context,
        notes: &[Note],
        leaks: Vec<Leak>,
        report: Report,
        suggestions: Option<Vec<Suggestion>>,
    ) -> Self {
        Self {
            path,
            prefix,
            context,
            leaks,
            report,
            notes: notes.iter().map(ToString::to_string).collect(),
            suggestions,
        }
    }

    /// One JSON object.
    pub(super) fn json(&self) -> Value {
        let mut told = json!({
            "file": self.path.to_string_lossy(),
            "pointer": self.prefix,
            "title": self.context.title,
            "titleCut": self.context.title_cut,
            "uuid": self.context.uuid,
            "context": listing::json(&self.context),
            "missing": listing::missing_json(&self.context),
            "leaks": self.leaks,
            "notes": self.notes,
            "level": self.report.level,
            "score": self.report.score,
            "points": self.report.points,
            "indicators": self.report.indicators,
            "counts": self.report.counts,
            "findings": self.report.findings,
        });
        if let Some(suggestions) = &self.suggestions {
            told["suggestions"] = json!(suggestions);
        }
        told
    }

    /// Everything, for people.
    pub(super) fn full(&self, all: bool) -> String {
        let score = format!("{} of 100", self.report.score);
        let lines = [("title", self.context.title.clone())]
            .into_iter()
            .chain(listing::lines(&self.context))
            .chain([("score", score)]);
        let mut text = pairs(lines);
        for (rule, findings) in self.by_rule() {
            text.push_str("\n\n");
            text.push_str(&self.group(rule, &findings, all));
        }
        // What the findings do not tell: texts and context that were given in place of the document's.
        let of_title = self.report.counts.get("title-leak").copied().unwrap_or(0);
        if self.leaks.len() as u64 > of_title {
            for leak in &self.leaks {
                let told = format!(
                    "leak: {:?} (at {}) is in the title or description",
                    leak.value, leak.pointer
                );
                let _ = write!(text, "\n\n{}", clean(&told));
            }
        }
        if let Some(suggestions) = &self.suggestions {
            text.push_str(&proposals(suggestions));
        }
        text
    }

    /// Two lines, for people who look at many.
    pub(super) fn brief(&self) -> String {
        let head = format!(
            "{:>3}  {:<12}  {}{}  {}",
            self.report.score,
            self.report.level,
            self.path.display(),
            self.prefix,
            self.context.title
        );
        let mut text = clean(&head);
        for severity in [Severity::Error, Severity::Warning] {
            let rules = RULES.iter().filter(|rule| rule.severity == severity);
            let counts = rules.filter_map(|rule| match self.report.counts.get(rule.id)? {
                1 => Some(rule.id.to_owned()),
                count => Some(format!("{} ({count})", rule.id)),
            });
            let counts = counts.collect::<Vec<_>>();
            if !counts.is_empty() {
                let _ = write!(text, "\n     {severity}: {}", counts.join(", "));
            }
        }
        if let Some(suggestions) = &self.suggestions {
            for found in suggestions {
                let _ = write!(
                    text,
                    "\n     perhaps: {} ({})",
                    clean(&found.tag),
                    confidence(found)
                );
            }
        }
        text
    }

    /// The findings of each rule, errors first.
    fn by_rule(&self) -> Vec<(&'static str, Vec<&Finding>)> {
        let mut groups = BTreeMap::<_, Vec<&Finding>>::new();
        for finding in &self.report.findings {
            let order = RULES.iter().position(|rule| rule.id == finding.rule);
            groups
                .entry((finding.severity, order, finding.rule))
                .or_default()
                .push(finding);
        }
        groups
            .into_iter()
            .map(|((_, _, rule), findings)| (rule, findings))
            .collect()
    }

    fn group(&self, rule: &str, findings: &[&Finding], all: bool) -> String {
        let count = self.report.counts.get(rule).copied().unwrap_or_default();
        let first = findings[0];
        let head = match (&first.value, count) {
            (None, 1) => format!("the document {}", first.message),
            (Some(_), 1) => "1 place".to_owned(),
            (_, count) => format!("{count} places"),
        };
        let mut text = format!("{}[{rule}]: {}", first.severity, clean(&head));
        let shown = if all {
            findings.len()
        } else {
            PLACES_SHOWN.min(findings.len())
        };
        for finding in &findings[..shown] {
            let _ = write!(text, "\n  --> {}", clean(&self.place(finding, count)));
        }
        if count > shown as u64 {
            let more = count - shown as u64;
            let _ = write!(text, "\n  and {more} more: --all");
        }
        let _ = write!(
            text,
            "\n   = {}: {}\n   = fix: {}",
            first.reader, first.why, first.fix
        );
        text
    }

    fn place(&self, finding: &Finding, count: u64) -> String {
        let mut text = self.path.display().to_string();
        if let Some(place) = finding.place {
            let _ = write!(text, ":{}:{}", place.line, place.column);
        }
        let _ = write!(text, " {}", finding.pointer);
        match &finding.value {
            Some(value) => {
                let _ = write!(text, " {value:?} {}", finding.message);
            }
            None if count > 1 => {
                let _ = write!(text, " {}", finding.message);
            }
            None => {}
        }
        text
    }
}

fn proposals(suggestions: &[Suggestion]) -> String {
    let mut text = String::new();
    for found in suggestions {
        let told = format!(
            "perhaps: {} ({}; {:?} at {})",
            found.tag,
            confidence(found),
            found.found,
            found.pointer
        );
        let _ = write!(
            text,
            "\n{}{}",
            if text.is_empty() { "\n" } else { "" },
            clean(&told)
        );
    }
    text
}

fn confidence(found: &Suggestion) -> &'static str {
    match found.confidence {
        ayumi_lint::Confidence::Low => "low confidence",
        ayumi_lint::Confidence::Medium => "medium confidence",
        ayumi_lint::Confidence::High => "high confidence",
    }
}
