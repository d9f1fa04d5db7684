//! The content commitment: blinded chunks, their digests, and the root over them.

use std::fmt;

use alloy_primitives::{B256, keccak256};
use zeroize::Zeroizing;

use crate::{Seed, merkle};

/// The most bytes that a chunk has: small enough for one transaction of a complaint.
pub const CHUNK_BYTES: usize = 1024;

/// The most payload bytes in a chunk: what its blind leaves free.
pub const CHUNK_PAYLOAD_BYTES: usize = CHUNK_BYTES - BLIND_BYTES;

/// The most bytes of one payload, 32 MiB.
pub const MAX_PAYLOAD_BYTES: usize = 32 * 1024 * 1024;

pub(crate) const BLIND_BYTES: usize = 32;

/// What the chain knows of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The Merkle root over the chunks' digests.
    pub content_root: B256,
    /// The payload's length in bytes.
    pub payload_length: u64,
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.content_root, self.payload_length)
    }
}

/// Why a payload has no commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadSizeError {
    /// There is nothing to commit to.
    #[error("the payload is empty")]
    Empty,
    /// The payload is longer than [`MAX_PAYLOAD_BYTES`].
    #[error("the payload has {0} bytes, more than {MAX_PAYLOAD_BYTES}")]
    TooLarge(u64),
}

/// Commits to a payload, blinded with what comes from `seed`.
pub fn commit(payload: &[u8], seed: &Seed) -> Result<Commitment, PayloadSizeError> {
    let payload_length = payload.len() as u64;
    checked_length(payload_length)?;
    let mut buffer = [0; CHUNK_BYTES];
    let digests = (0..).zip(parts(payload)).map(|(index, part)| {
        let chunk = &mut buffer[..BLIND_BYTES + part.len()];
        write_chunk(chunk, seed, index, part);
        keccak256(chunk)
    });
    Ok(Commitment {
        content_root: merkle::root(merkle::leaves(digests)),
        payload_length,
    })
}

/// The payload's length as a size in memory, where a payload may have it.
pub(crate) fn checked_length(length: u64) -> Result<usize, PayloadSizeError> {
    match usize::try_from(length) {
        Ok(0) => Err(PayloadSizeError::Empty),
        Ok(length) if length <= MAX_PAYLOAD_BYTES => Ok(length),
        _ => Err(PayloadSizeError::TooLarge(length)),
    }
}

/// The payload's part of each chunk.
pub(crate) fn parts(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    payload.chunks(CHUNK_PAYLOAD_BYTES)
}

/// Writes `blind ‖ part`, which is as long as `chunk`.
pub(crate) fn write_chunk(chunk: &mut [u8], seed: &Seed, index: u64, part: &[u8]) {
    let (blind, rest) = chunk.split_at_mut(BLIND_BYTES);
    blind.copy_from_slice(blind_of(seed, index).as_slice());
    rest.copy_from_slice(part);
}

/// `keccak256(seed ‖ u64(index))`
fn blind_of(seed: &Seed, index: u64) -> B256 {
    let mut preimage = Zeroizing::new([0; 40]);
    preimage[..32].copy_from_slice(seed.as_bytes());
    preimage[32..].copy_from_slice(&index.to_be_bytes());
    keccak256(preimage)
}
