use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The limit of every wait: far above what anything here takes, so that it is reached by what would never end only.
pub const LIMIT: Duration = Duration::from_mins(5);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(10);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Has all waits panic from now on, so that everything is ended on the way out.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Whether the program was [interrupted](interrupt).
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Waits until `condition` gives something.
///
/// # Panics
/// After two minutes, or when the program was [interrupted](interrupt).
pub fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(!interrupted(), "interrupted before {what}");
        assert!(since.elapsed() < LIMIT, "waited too long until {what}");
        thread::sleep(LOOK);
    }
}

/// What a mutex holds, also where somebody panicked with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program that runs until it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program with its log in the file `log`, and waits for the line that starts with `announcement`. Returns
    /// the rest of it.
    pub fn start(
        mut command: Command,
        log: &Path,
        announcement: &str,
    ) -> Result<(Self, String), String> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("logs can be written");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|cause| panic!("{}: {cause}", command.get_program().display()));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let process = Self {
            child,
            log: log.to_owned(),
        };
        let (announce, announced) = mpsc::channel();
        let announcement = announcement.to_owned();
        // Reads on after the announcement, so that the program can print on.
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(rest) = line.strip_prefix(&announcement) {
                    let _ = announce.send(rest.trim().to_owned());
                }
            }
        });
        match announced.recv_timeout(LIMIT) {
            Ok(said) => Ok((process, said)),
            Err(RecvTimeoutError::Disconnected) => Err(process.said()),
            Err(RecvTimeoutError::Timeout) => Err(format!("silent: {}", process.said())),
        }
    }

    /// What it wrote to stderr so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> ExitStatus {
        wait_until("the process ends", || {
            self.child.try_wait().expect("our child")
        })
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let since = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && since.elapsed() < Duration::from_secs(10)
        {
            thread::sleep(LOOK);
        }
        self.kill();
    }
}
