use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::{fmt, fs};

use alloy::primitives::Address;
use serde_json::Value;

use crate::process::wait_until;
use crate::{programs, samples};

/// An account of a world, for which commands are run.
#[derive(Debug, Clone)]
pub struct Account {
    /// Short, unique.
    pub name: String,
    /// `producer`, `consumer`, `governor` or `stranger`.
    pub role: String,
    /// Where it belongs to, if anywhere.
    pub organisation: Option<String>,
    /// On the chain.
    pub address: Address,
    /// The variables that make `ayumi` act as it.
    pub environment: BTreeMap<String, String>,
    /// Where its commands run; files without a folder are here.
    pub folder: PathBuf,
}

/// A command that is running. Dropping it kills it.
pub struct Running {
    child: Child,
    command: String,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// What a command that has ended left.
pub struct Outcome {
    /// As the user would type it.
    pub command: String,
    /// Its exit status; none where a signal ended it.
    pub status: Option<i32>,
    /// All of it.
    pub stdout: String,
    /// All of it.
    pub stderr: String,
}

impl Account {
    /// The same account with another value of a variable.
    #[must_use]
    pub fn with(&self, variable: &str, value: impl fmt::Display) -> Self {
        let mut changed = self.clone();
        changed
            .environment
            .insert(variable.to_owned(), value.to_string());
        changed
    }

    /// The same account without a variable.
    #[must_use]
    pub fn without(&self, variable: &str) -> Self {
        let mut changed = self.clone();
        changed.environment.remove(variable);
        changed
    }

    /// Runs `ayumi --json` with these arguments to its end.
    pub fn ayumi(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).end()
    }

    /// Runs a command that must succeed, and returns its result.
    pub fn must(&self, arguments: &[&str]) -> Value {
        self.ayumi(arguments).done()
    }

    /// Puts [`samples::SAMPLE`] on sale for an ether, with the solver at this URL. Returns the product.
    pub fn publish(&self, solver: &str) -> String {
        let published = self.must(&samples::offer(solver));
        let product = published["product"].as_str();
        product.expect("products have ids").to_owned()
    }

    /// Checks that a file of the account is what [`publish`](Self::publish) puts on sale.
    pub fn received(&self, name: &str) {
        let sample = fs::read(samples::sample(samples::SAMPLE)).expect("our samples can be read");
        let is_same = fs::read(self.file(name)).is_ok_and(|file| file == sample);
        assert!(is_same, "{name} is not what was published");
    }

    /// Starts `ayumi --json` with these arguments.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.arg("--json");
        Running::of(command, arguments)
    }

    /// `ayumi` with these arguments and nothing in its environment but what belongs to the account.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::ayumi());
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear();
        command.envs(&self.environment).env("HOME", &self.folder);
        command
    }

    /// A file in the account's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file into the account's folder.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, bytes).expect("the account's folder can be written to");
        path
    }
}

impl Running {
    /// Starts any command; `arguments` are for messages.
    pub fn of(mut command: Command, arguments: &[&str]) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|cause| panic!("{}: {cause}", command.get_program().display()));
        let stdout = child.stdout.take().map(read_all);
        let stderr = child.stderr.take().map(read_all);
        Self {
            child,
            command: typed(arguments),
            stdout,
            stderr,
        }
    }

    /// Waits until it ends.
    pub fn end(mut self) -> Outcome {
        let what = format!("{} ends", self.command);
        let status = wait_until(&what, || self.child.try_wait().expect("our child"));
        let read = |reader: Option<JoinHandle<Vec<u8>>>| {
            let bytes = reader
                .map(|reader| reader.join().expect("readers do not panic"))
                .unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (read(self.stdout.take()), read(self.stderr.take()));
        Outcome {
            command: self.command.clone(),
            status: status.code(),
            stdout,
            stderr,
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Outcome {
    /// The result of a command that did what it was asked to.
    pub fn done(&self) -> Value {
        assert_eq!(self.status, Some(0), "{self}");
        self.json()
    }

    /// The result of a command whose answer is a negative one.
    pub fn negative(&self) -> Value {
        assert_eq!(self.status, Some(1), "{self}");
        self.json()
    }

    /// Checks that the command failed, and with this kind of error. Returns the message.
    pub fn fails(&self, kind: &str) -> String {
        assert_eq!(self.status, Some(2), "{self}");
        let error = self.error();
        assert_eq!(error["kind"], kind, "{self}");
        assert!(self.stdout.is_empty(), "{self}");
        error["message"].as_str().unwrap_or_default().to_owned()
    }

    /// What the command printed to stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|cause| panic!("{cause} in stdout of {self}"))
    }

    /// What the command says went wrong: `{"kind", "message", "hint"}`, or null.
    pub fn error(&self) -> Value {
        let mut errors = self
            .stderr
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        errors
            .next_back()
            .map(|error| error["error"].clone())
            .unwrap_or_default()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            status,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "{command}\nstatus: {status:?}\nstdout: {stdout}\nstderr: {stderr}"
        )
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// The command as one would type it: files by their names.
pub fn typed(arguments: &[&str]) -> String {
    let words = arguments.iter().map(|argument| {
        let path = Path::new(argument);
        let short = path
            .file_name()
            .filter(|_| path.is_absolute())
            .and_then(|name| name.to_str());
        let word = short.unwrap_or(argument);
        if word.contains(' ') {
            format!("\"{word}\"")
        } else {
            word.to_owned()
        }
    });
    format!("ayumi {}", words.collect::<Vec<_>>().join(" "))
}
