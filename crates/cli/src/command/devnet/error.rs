use std::io;
use std::path::PathBuf;

use reqwest::Url;

/// Why there is no development network (any more).
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// There is no anvil.
    #[error("there is no anvil: not in AYUMI_ANVIL, on PATH, or among the npm packages")]
    NoAnvil,
    /// There is no solver.
    #[error("there is no solver at {0}")]
    NoSolver(PathBuf),
    /// There is no auditor.
    #[error("there is no auditor at {0}")]
    NoAuditor(PathBuf),
    /// Another program has the port.
    #[error("port {0} is in use")]
    PortInUse(u16),
    /// A program does not start.
    #[error("{name} does not start: {cause}")]
    Start {
        /// Of the program.
        name: &'static str,
        /// What the system says.
        cause: io::Error,
    },
    /// A program does not get ready.
    #[error("{name} does not get ready{}", said(log))]
    Silent {
        /// Of the program.
        name: &'static str,
        /// The end of its log, or what it answers.
        log: String,
    },
    /// A program ended.
    #[error("{name} ended ({status}){}", said(log))]
    Ended {
        /// Of the program.
        name: &'static str,
        /// Its exit status.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// A file cannot be written.
    #[error("{path}: {cause}")]
    File {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The node is no anvil.
    #[error("the node at {url} cannot be used: {cause}")]
    Node {
        /// Where it was asked.
        url: Url,
        /// What it says.
        cause: String,
    },
}

impl DevnetError {
    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoAnvil => "no-anvil",
            Self::NoSolver(_) => "no-solver-program",
            Self::NoAuditor(_) => "no-auditor-program",
            Self::PortInUse(_) => "port-in-use",
            Self::Start { .. } | Self::Silent { .. } => "not-started",
            Self::Ended { .. } => "devnet-ended",
            Self::File { .. } => "file",
            Self::Node { .. } => "no-anvil-node",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoAnvil => {
                "run scripts/toolchain, or install Foundry, or name the binary in AYUMI_ANVIL"
            }
            Self::NoSolver(_) => "build it: cargo build --bin ayumi-solver",
            Self::NoAuditor(_) => {
                "build it: cargo build --bin ayumi-auditor, or do without: --no-auditor"
            }
            Self::PortInUse(_) => "end what has it, or choose another --port-base, or leave it out",
            Self::Start { .. } | Self::Silent { .. } | Self::Ended { .. } => {
                "see what it says above; all else was ended"
            }
            Self::File { .. } => "check the path and its permissions",
            Self::Node { .. } => "name an anvil, or a --network without fees, or leave --node out",
        }
    }
}

fn said(log: &str) -> String {
    if log.is_empty() {
        String::new()
    } else {
        format!("; it said:\n{log}")
    }
}
