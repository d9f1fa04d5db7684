use std::io;
use std::path::PathBuf;

/// What is wrong with the state folder.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refuses.
    #[error("the state in {path} cannot be kept: {cause}")]
    Io {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is not what was written.
    #[error("{path} is damaged: {cause}")]
    Damaged {
        /// Of the file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

impl StateError {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "state",
            Self::Damaged { .. } => "state-damaged",
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Io { .. } => {
                "make room or name another folder with --state; nothing was sent".into()
            }
            Self::Damaged { path, .. }
                if path
                    .parent()
                    .is_some_and(|folder| folder.ends_with("seeds")) =>
            {
                format!(
                    "restore {} from a backup; without it the product can be revised, and not be given to another solver",
                    path.display()
                )
            }
            Self::Damaged { path, .. } => {
                format!(
                    "move {} away: what matters can be had from the chain and the solver again",
                    path.display()
                )
            }
        }
    }
}
