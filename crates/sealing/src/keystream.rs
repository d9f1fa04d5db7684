//! The cipher of a delivery: one keccak a block, so that a contract can decrypt a chunk.

use alloy_primitives::keccak256;
use zeroize::Zeroizing;

use crate::Key;

const BLOCK_BYTES: usize = 32;

/// Encrypts and decrypts chunks under one key.
pub(crate) struct Keystream {
    /// `key ‖ u128(chunk) ‖ u128(block)`: the key stays in place, the counters change.
    preimage: Zeroizing<[u8; 64]>,
}

impl Keystream {
    pub(crate) fn new(key: &Key) -> Self {
        let mut preimage = Zeroizing::new([0; 64]);
        preimage[..32].copy_from_slice(key.as_bytes());
        Self { preimage }
    }

    /// Combines the chunk at `index` with its keystream, in place.
    pub(crate) fn apply(&mut self, index: u64, chunk: &mut [u8]) {
        self.preimage[32..48].copy_from_slice(&u128::from(index).to_be_bytes());
        for (number, block) in (0_u128..).zip(chunk.chunks_mut(BLOCK_BYTES)) {
            self.preimage[48..].copy_from_slice(&number.to_be_bytes());
            let keystream = keccak256(*self.preimage);
            for (byte, mask) in block.iter_mut().zip(keystream) {
                *byte ^= mask;
            }
        }
    }
}
