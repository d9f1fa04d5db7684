//! What an account does, as methods of [`Session`](crate::Session).
