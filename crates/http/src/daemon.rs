//! How a daemon begins and ends.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The form of a log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Log {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Log {
    /// Begins the log of the process, on standard error. `RUST_LOG` says how much of it.
    ///
    /// # Panics
    ///
    /// Where it has begun.
    pub fn start(self) {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        match self {
            Self::Text => log.init(),
            Self::Json => log.json().flatten_event(true).init(),
        }
    }
}

/// Tells who started the process where it can be reached.
pub fn tell_ready(url: impl Display) {
    let mut out = std::io::stdout();
    // Nobody may be listening, which is no reason to stop.
    let _ = writeln!(out, "listening on {url}").and_then(|()| out.flush());
}

/// Ctrl-C or SIGTERM, from now on.
///
/// # Panics
///
/// Where the system lets the process listen for no signals.
pub fn stopped() -> impl Future<Output = ()> {
    let listen = |kind| signal(kind).expect("a process can listen for signals");
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt()),
        listen(SignalKind::terminate()),
    );
    async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
