//! Where the parts of a delivery message lie: head, digests, ciphertext.

use std::ops::Range;

use crate::{
    CHUNK_PAYLOAD_BYTES, PayloadSizeError,
    content::{BLIND_BYTES, checked_length},
};

pub(crate) const KEY_HASH: Range<usize> = 0..32;
pub(crate) const CIPHERTEXT_ROOT: Range<usize> = 32..64;
pub(crate) const PAYLOAD_LENGTH: Range<usize> = 64..72;
pub(crate) const HEAD_BYTES: usize = PAYLOAD_LENGTH.end;
pub(crate) const DIGEST_BYTES: usize = 32;

/// The sizes that follow from a permitted payload length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    payload_bytes: usize,
}

impl Layout {
    pub(crate) fn of(payload_length: u64) -> Result<Self, PayloadSizeError> {
        let payload_bytes = checked_length(payload_length)?;
        Ok(Self { payload_bytes })
    }

    pub(crate) fn bytes(self) -> usize {
        HEAD_BYTES + self.digest_bytes() + self.ciphertext_bytes()
    }

    pub(crate) fn payload_bytes(self) -> usize {
        self.payload_bytes
    }

    pub(crate) fn digest_bytes(self) -> usize {
        self.chunks() * DIGEST_BYTES
    }

    fn ciphertext_bytes(self) -> usize {
        self.chunks() * BLIND_BYTES + self.payload_bytes
    }

    fn chunks(self) -> usize {
        self.payload_bytes.div_ceil(CHUNK_PAYLOAD_BYTES)
    }
}
