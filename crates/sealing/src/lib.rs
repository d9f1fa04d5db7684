//! What Ayumi keeps off the chain, and what it commits to on it: the byte layouts of `docs/protocol.md`.
//!
//! In the order of a product's life:
//!
//! 1. [`commit`] cuts a payload into blinded chunks; the [`Commitment`] is what the producer publishes.
//! 2. An [`Asset`] is the payload and its seed on the way to the solver.
//! 3. [`Delivery::prepare`] encrypts the chunks for one task; [`Delivery::verify`] is the consumer's check before it
//!    signs the receipt, [`Delivery::open`] the decryption once the key is on chain. A solver that lied is shown by
//!    [`Delivery::complaint`].
//! 4. A [`Note`] goes with a feedback or an answer; the chain has its hash.
//! 5. [`seal`] and [`unseal`] carry all of them, bound to one purpose, chain, operator and task or product.
//!
//! Nothing here does I/O. All is deterministic but `random()`, [`Note::new`] and [`seal`], which draw from the
//! operating system. No length that a message states is believed before it is compared with the message.

mod asset;
mod content;
mod delivery;
mod envelope;
mod keys;
mod keystream;
mod layout;
mod merkle;
mod note;
mod secret;

pub use asset::{Asset, AssetError};
pub use content::{
    CHUNK_BYTES, CHUNK_PAYLOAD_BYTES, Commitment, MAX_PAYLOAD_BYTES, PayloadSizeError, commit,
};
pub use delivery::{Delivery, Evidence, OpenError, VerifyError};
pub use envelope::{Message, SEAL_BYTES, Scope, SealError, UnsealError, seal, unseal};
pub use keys::{PublicKey, SecretKey, derive_one_time_key, derive_sealing_key};
pub use note::{MAX_NOTE_BYTES, Note, NoteError};
pub use secret::{Key, Seed};
