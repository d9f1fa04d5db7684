//! Prints documents while they come, so that any number of them takes the memory of one.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use ayumi_lint::source::Arrival;
use ayumi_lint::{RULES, SourceError, manual, sarif};
use serde_json::json;

use super::Tally;
use super::tell::Told;
use crate::error::Error;
use crate::output::{self, Answer};
use crate::text::{clean, counted, table};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Sarif,
}

pub(super) struct Printer {
    form: Form,
    is_folder: bool,
    all: bool,
    /// Whether there is one document and no more; known once the first came.
    is_alone: Option<bool>,
    written: u64,
    failures: Vec<(String, String)>,
    out: BufWriter<Stdout>,
}

impl Printer {
    pub(super) fn new(form: Form, is_folder: bool, all: bool) -> Self {
        Self {
            form,
            is_folder,
            all,
            is_alone: None,
            written: 0,
            failures: Vec::new(),
            out: BufWriter::new(io::stdout()),
        }
    }

    /// Whether what came is all that comes: a file of one document.
    pub(super) fn decide(&mut self, arrival: &Arrival<'_>) -> bool {
        let is_list = !arrival.prefix.is_empty()
            || matches!(
                arrival.read,
                Err(SourceError::CutOff { .. } | SourceError::NotAList { .. })
            );
        *self.is_alone.get_or_insert(!self.is_folder && !is_list)
    }

    pub(super) fn document(&mut self, told: &Told<'_>) -> io::Result<()> {
        let is_alone = self.is_alone == Some(true);
        match self.form {
            Form::Text if is_alone => writeln!(self.out, "{}", told.full(self.all)),
            Form::Text => writeln!(self.out, "{}", told.brief()),
            Form::Json if is_alone => writeln!(self.out, "{}", output::document(&told.json())),
            Form::Json => {
                let before = if self.written == 0 {
                    "{\"documents\":["
                } else {
                    ",\n"
                };
                self.written += 1;
                write!(
                    self.out,
                    "{before}{}",
                    output::escaped(&told.json().to_string())
                )
            }
            Form::Sarif => self.results(told),
        }
    }

    fn results(&mut self, told: &Told<'_>) -> io::Result<()> {
        for finding in &told.report.findings {
            let result = output::escaped(&sarif::result(finding, told.path).to_string());
            let before = if self.written == 0 {
                sarif::opening(env!("CARGO_PKG_VERSION"))
            } else {
                ",".to_owned()
            };
            self.written += 1;
            writeln!(self.out, "{before}{result}")?;
        }
        Ok(())
    }

    /// What is no document, on stderr; scripts get it at the end too.
    pub(super) fn fail(
        &mut self,
        path: &Path,
        pointer: &str,
        cause: &SourceError,
    ) -> io::Result<()> {
        self.out.flush()?;
        let what = if cause.is_other() { "skipped" } else { "error" };
        eprintln!(
            "{}",
            clean(&format!("{what}: {}{pointer}: {cause}", path.display()))
        );
        if !cause.is_other() {
            self.failures
                .push((path.display().to_string(), format!("{pointer}: {cause}")));
        }
        Ok(())
    }

    /// What keeps the others away; the command tells it on stderr.
    pub(super) fn stopped(&mut self, path: &Path, cause: &Error) {
        self.failures
            .push((path.display().to_string(), cause.to_string()));
    }

    /// What all of them come to.
    pub(super) fn end(&mut self, tally: &Tally) -> io::Result<()> {
        let is_alone = self.is_alone == Some(true);
        match self.form {
            Form::Sarif => {
                if self.written == 0 {
                    write!(self.out, "{}", sarif::opening(env!("CARGO_PKG_VERSION")))?;
                }
                writeln!(
                    self.out,
                    "{}",
                    output::escaped(&sarif::closing(&self.failures))
                )?;
            }
            Form::Json if !is_alone => {
                let before = if self.written == 0 {
                    "{\"documents\":["
                } else {
                    ""
                };
                let failed = self
                    .failures
                    .iter()
                    .map(|(file, cause)| json!({ "file": file, "cause": cause }));
                let failed = json!(failed.collect::<Vec<_>>());
                let failed = output::escaped(&failed.to_string());
                writeln!(
                    self.out,
                    "{before}],\"failed\":{failed},\"summary\":{}}}",
                    tally.json()
                )?;
            }
            Form::Text if !is_alone => writeln!(self.out, "\n{}", tally.text())?,
            _ => {}
        }
        self.out.flush()
    }
}

impl Tally {
    fn mean(&self) -> u64 {
        self.scores.checked_div(self.documents).unwrap_or_default()
    }

    fn json(&self) -> serde_json::Value {
        let [ioc, information, intelligence] = self.levels;
        json!({
            "documents": self.documents,
            "levels": { "ioc": ioc, "information": information, "intelligence": intelligence },
            "meanScore": self.mean(),
            "lowestScore": self.lowest,
            "incomplete": self.incomplete,
            "leaking": self.leaking,
            "skipped": self.skipped,
            "failed": self.failed,
        })
    }

    fn text(&self) -> String {
        let [ioc, information, intelligence] = self.levels;
        format!(
            "{}: {intelligence} intelligence, {information} information, {ioc} ioc; mean score {}, lowest {}\n\
             {} incomplete, {} with an indicator in the title; {} skipped, {} unreadable",
            counted(self.documents, "document"),
            self.mean(),
            self.lowest.unwrap_or_default(),
            self.incomplete,
            self.leaking,
            counted(self.skipped, "file"),
            self.failed,
        )
    }
}

/// The rules, as a table or as their page.
pub(super) fn rules(markdown: bool) -> Answer {
    if markdown {
        return Answer::new(
            &json!({ "page": manual::page() }),
            manual::page().trim_end(),
        );
    }
    let rows = RULES.iter().map(|rule| {
        [
            rule.id.to_owned(),
            rule.severity.to_string(),
            rule.reader.to_string(),
            match (rule.points(), rule.is_exactness()) {
                (0, true) => "exactness".to_owned(),
                (0, false) => String::new(),
                (points, _) => points.to_string(),
            },
            rule.finds.to_owned(),
        ]
    });
    let listed = RULES.iter().map(|rule| {
        json!({
            "id": rule.id,
            "severity": rule.severity,
            "reader": rule.reader,
            "points": rule.points(),
            "exactness": rule.is_exactness(),
            "finds": rule.finds,
            "why": rule.why,
            "fix": rule.fix,
        })
    });
    let json = listed.collect::<Vec<_>>();
    Answer::new(
        &json,
        table(["rule", "severity", "for", "points", "finds"], rows),
    )
}
