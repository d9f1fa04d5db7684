use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Who is told how far a flow is.
pub trait Observer: Send + Sync {
    /// What is being done at the moment; the next step takes its place.
    fn step(&self, doing: &str);

    /// What the user should know, whatever comes next.
    fn note(&self, note: &str);
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&self, _: &str) {}

    fn note(&self, _: &str) {}
}

/// The terminal, if stderr is one: a spinner for steps. Notes are printed in any case.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner(); // hidden by itself where stderr is no terminal
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self(bar)
    }
}

impl Observer for Spinner {
    fn step(&self, doing: &str) {
        self.0.enable_steady_tick(Duration::from_millis(100));
        self.0.set_message(crate::text::clean(doing));
    }

    fn note(&self, note: &str) {
        let note = crate::text::clean(note);
        self.0.suspend(|| eprintln!("{note}"));
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
