use std::time::Duration;

/// What can go wrong between us and a solver.
#[derive(Debug, thiserror::Error)]
pub enum SolverError {
    /// The registered endpoint is no URL.
    #[error("the solver's registered endpoint {endpoint:?} is no http or https URL")]
    BadEndpoint {
        /// As registered.
        endpoint: String,
    },
    /// Nobody answers.
    #[error("the solver at {url} does not answer: {cause}")]
    Unreachable {
        /// Where it was asked.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// It did not answer in time.
    #[error("the solver at {url} did not answer in time")]
    TimedOut {
        /// Where it was asked.
        url: String,
    },
    /// What answers is no solver.
    #[error("what answers at {url} is no solver: {cause}")]
    NotASolver {
        /// Where it was asked.
        url: String,
        /// What came instead of JSON.
        cause: String,
        /// Whether it says that it is for a while only.
        passing: bool,
    },
    /// It is a solver, but another one.
    #[error("the solver at {url} is of {what} {found}, not {expected}")]
    OtherSolver {
        /// Where it was asked.
        url: String,
        /// `chain`, `operator` or `solver`.
        what: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// The answer is longer than what was asked for can be.
    #[error("the solver at {url} sends more than the {limit} bytes that are due")]
    TooLong {
        /// Where it was asked.
        url: String,
        /// The bytes that are due.
        limit: usize,
    },
    /// The solver says no.
    #[error("the solver at {url} refused: {message}")]
    Refused {
        /// Where it was asked.
        url: String,
        /// As in `docs/protocol.md`.
        kind: String,
        /// What the solver says.
        message: String,
        /// What the solver says to do.
        advice: String,
        /// When to ask again, if that may help.
        retry: Option<Duration>,
    },
}

impl SolverError {
    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &str {
        match self {
            Self::BadEndpoint { .. } => "bad-endpoint",
            Self::Unreachable { .. } => "solver-unreachable",
            Self::TimedOut { .. } => "solver-slow",
            Self::NotASolver { .. } => "not-a-solver",
            Self::OtherSolver { .. } => "other-solver",
            Self::TooLong { .. } => "bad-delivery",
            Self::Refused { kind, .. } => kind,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::BadEndpoint { .. } => {
                "ask the governor to correct it: ayumi solver update".into()
            }
            Self::Unreachable { .. } | Self::TimedOut { .. } => {
                "try again later, or tell the solver's operator; nothing was spent".into()
            }
            Self::NotASolver { .. } | Self::OtherSolver { .. } => {
                "check the endpoint that is registered: ayumi solver list; nothing was spent".into()
            }
            Self::TooLong { .. } => "tell the solver's operator".into(),
            Self::Refused { advice, .. } if advice.is_empty() => "see the message".into(),
            Self::Refused { advice, .. } => advice.clone(),
        }
    }

    /// When to ask again, where that may help.
    pub(crate) fn retry(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry, .. } => *retry,
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NotASolver { passing: true, .. } => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Whether the solver itself answered.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}
