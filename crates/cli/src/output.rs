use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::submit::Mined;
use crate::text::{clean, steers};

/// What a command has to say: a JSON document, the same for people, and whether the answer is a negative one.
#[derive(Debug)]
#[must_use]
pub struct Answer {
    json: Value,
    text: String,
    verdict: Verdict,
    /// For people, beside the result.
    remark: Option<Cow<'static, str>>,
    mined: Vec<Mined>,
    is_printed: bool,
}

/// Whether what was asked for is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Exit 0.
    Done,
    /// Exit 1: nothing was found, something is missing, there is nothing to do.
    Negative,
}

impl Answer {
    /// A result in both forms. `text` must be [cleaned](crate::text::clean) where others wrote parts of it.
    ///
    /// # Panics
    ///
    /// If the result cannot be written as JSON: a map without string keys.
    pub fn new(json: &impl Serialize, text: impl Into<String>) -> Self {
        Self {
            json: serde_json::to_value(json)
                .expect("results are plain structures with string keys"),
            text: text.into(),
            verdict: Verdict::Done,
            remark: None,
            mined: Vec::new(),
            is_printed: false,
        }
    }

    /// A result that was printed while it came.
    pub(crate) fn printed() -> Self {
        Self {
            is_printed: true,
            ..Self::new(&(), "")
        }
    }

    /// The same, as a negative answer where `negative` is true.
    pub fn negative_if(mut self, negative: bool) -> Self {
        if negative {
            self.verdict = Verdict::Negative;
        }
        self
    }

    /// A list in both forms, which is a negative answer where it has no rows; people are told so on stderr then.
    pub fn list<T: Serialize>(
        rows: &[T],
        text: impl FnOnce() -> String,
        empty: &'static str,
    ) -> Self {
        if rows.is_empty() {
            return Self::new(&rows, "").negative_if(true).remarking(empty);
        }
        Self::new(&rows, text())
    }

    /// The same, with a remark for people on stderr.
    pub fn remarking(mut self, remark: impl Into<Cow<'static, str>>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    /// The transactions behind the result, whose journal entries go once it is printed.
    pub fn after(mut self, mined: impl IntoIterator<Item = Mined>) -> Self {
        self.mined.extend(mined);
        self
    }

    /// Prints the result and forgets the transactions behind it.
    pub(crate) fn print(self, as_json: bool) -> Result<Verdict> {
        if self.is_printed {
            return Ok(self.verdict);
        }
        let printed = if as_json {
            document(&self.json)
        } else {
            self.text
        };
        match print(&printed) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Error::Output(cause));
            }
            _ => {}
        }
        if let Some(remark) = self.remark.filter(|_| !as_json) {
            eprintln!("{remark}");
        }
        self.mined.into_iter().for_each(Mined::recorded);
        Ok(self.verdict)
    }
}

/// Prints an error to stderr, in the form that goes with the results.
pub(crate) fn report(error: &Error, as_json: bool) {
    if as_json {
        let (kind, message, hint) = (error.kind(), error.to_string(), error.hint());
        eprintln!(
            "{}",
            document(&json!({ "error": { "kind": kind, "message": message, "hint": hint } }))
        );
        return;
    }
    eprintln!("error: {}", lines(&error.to_string()));
    let hint = error.hint();
    if !hint.is_empty() {
        eprintln!("hint: {}", lines(&hint));
    }
}

/// Cleans each line; our own messages have line breaks.
fn lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if !text.is_empty() {
        writeln!(stdout, "{text}")?;
    }
    stdout.flush()
}

/// JSON in which every character that could steer a terminal is escaped: indented on a terminal, else on one line.
pub(crate) fn document(value: &Value) -> String {
    escaped(&if io::stdout().is_terminal() {
        format!("{value:#}")
    } else {
        value.to_string()
    })
}

/// JSON with every character escaped that could steer a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && steers(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_and_steers_no_terminal() {
        let value = json!({ "title": "\u{202e}\u{9b}\u{1b}[1m\u{e0041}\n" });
        let text = document(&value);
        assert!(
            !text
                .chars()
                .any(|character| character != '\n' && steers(character)),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
