//! The only crate that speaks JSON-RPC.
//!
//! - [`Network`]: what is known of a network before it is called: chain id, fees, finality, pace.
//! - [`Chain`]: a node of that network, and the three contracts on it. It reads heads, logs and views, and never uses
//!   filters or subscriptions, which nodes forget: whoever follows the chain keeps a [`Cursor`] and asks for ranges.
//! - [`Pages`]: all logs of a long range, for who reads the whole chain.
//! - [`Wallet`]: an account's key, out of a keystore as Foundry keeps them.
//! - [`Sender`]: transactions in three steps, so that the caller can store what was signed before it is sent.
//! - [`Error`]: what can go wrong, with what to do about it; contract errors are decoded by [`Revert`].

mod bearer;
mod chain;
mod cursor;
mod deploy;
mod error;
mod network;
mod pages;
mod revert;
mod sender;
mod wallet;

pub use chain::{Chain, Contracts, Head, http, install_tls, provider};
pub use cursor::{Cursor, Step};
pub use deploy::deploy;
pub use error::{Error, Result};
pub use network::{Fees, Finality, Network, ProfileError};
pub use pages::{Entry, Page, Pages};
pub use revert::Revert;
pub use sender::{Broadcast, Call, Sender, Signed};
pub use wallet::{Wallet, WalletError};
