//! The command ayumi.
