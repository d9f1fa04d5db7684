//! What the chain's logs tell.
