use std::net::SocketAddr;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the auditor cannot work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not of this machine.
    #[error("cannot listen at {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Of the index, or of the chain that it follows.
    #[error(transparent)]
    Index(#[from] ayumi_audit::Error),
    /// A question was given up while it was answered.
    #[error("the process is about to end")]
    Ending,
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Listen { .. } => {
                "name another address: --listen 127.0.0.1:0 takes a free port".into()
            }
            Self::Index(error) => error.hint(),
            Self::Ending => "ask again in a moment".into(),
        }
    }
}
