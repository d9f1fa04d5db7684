//! Child processes that end with us, however we end.

use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::DevnetError;

/// How long a program may take to say where it listens.
const START: Duration = Duration::from_mins(1);

/// Bytes of a program's log that an error shows at most.
const SHOWN: usize = 2_000;

/// A program that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    /// Dropped, and with it ended, before the child.
    _watchdog: Child,
    child: Child,
    log: std::path::PathBuf,
}

impl Process {
    /// Starts a program, whose log goes to a file in `folder`, and waits until it prints a line that starts with
    /// `announcement`. Returns the rest of that line.
    pub(super) async fn start(
        name: &'static str,
        mut command: Command,
        folder: &Path,
        announcement: &str,
    ) -> Result<(Self, String), DevnetError> {
        let failed = |cause| DevnetError::Start { name, cause };
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(failed)?;
        // A group of its own: Ctrl-C at the terminal is for us, who then end it.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        let watchdog = watch_over(&child).map_err(failed)?;
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut process = Self {
            name,
            _watchdog: watchdog,
            child,
            log,
        };
        let said = timeout(START, announced(lines, announcement)).await;
        match said {
            Ok(Some(said)) => Ok((process, said)),
            Ok(None) => Err(process.ended().await),
            Err(_) => Err(DevnetError::Silent {
                name,
                log: process.tail(),
            }),
        }
    }

    /// Waits until the program ends, which it should not.
    pub(super) async fn ended(&mut self) -> DevnetError {
        let status = self.child.wait().await.map_or_else(
            |cause| cause.to_string(),
            |status: ExitStatus| status.to_string(),
        );
        DevnetError::Ended {
            name: self.name,
            status,
            log: self.tail(),
        }
    }

    fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let tail = &text[text.len().saturating_sub(SHOWN)..];
        String::from_utf8_lossy(tail).trim().to_owned()
    }
}

/// Looks for the line, and from then on reads what the program prints so that it can print more.
async fn announced(mut lines: Lines<BufReader<ChildStdout>>, announcement: &str) -> Option<String> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(said) = line.strip_prefix(announcement) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(said.trim().to_owned());
        }
    }
    None
}

/// A shell that waits for the end of its input, which is our end, and then ends the child: nothing else would after a
/// `kill -9`.
fn watch_over(child: &Child) -> std::io::Result<Child> {
    let id = child.id().map(|id| id.to_string()).unwrap_or_default();
    Command::new("/bin/sh")
        .args(["-c", "read -r _; kill -9 \"$1\"", "sh", &id])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .process_group(0)
        .spawn()
}
