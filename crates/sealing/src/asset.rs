//! What a producer gives to its solver: a product's payload and seed.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Commitment, PayloadSizeError, Seed, commit};

const SEED_BYTES: usize = 32;

/// A payload and the seed of its commitment.
#[derive(Clone)]
pub struct Asset {
    /// What blinds the payload.
    pub seed: Seed,
    /// The bytes of a MISP document.
    pub payload: Vec<u8>,
}

/// Why an asset is not a product's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// The message is too short to hold a seed.
    #[error("the asset has {0} bytes, too few for a seed")]
    NoSeed(usize),
    /// The payload is empty or too large.
    #[error(transparent)]
    PayloadSize(#[from] PayloadSizeError),
    /// Payload and seed give another commitment than the product's.
    #[error("the asset gives {actual} where {committed} is committed")]
    WrongCommitment {
        /// What payload and seed give.
        actual: Commitment,
        /// What the chain says.
        committed: Commitment,
    },
}

impl Asset {
    /// Checks the plaintext of an asset message against what the chain says of the product.
    pub fn verify(mut plaintext: Vec<u8>, committed: Commitment) -> Result<Self, AssetError> {
        let seed = plaintext
            .first_chunk::<SEED_BYTES>()
            .ok_or(AssetError::NoSeed(plaintext.len()))?;
        let seed = Seed::from(*seed);
        plaintext.drain(..SEED_BYTES);
        let actual = commit(&plaintext, &seed)?;
        if actual != committed {
            return Err(AssetError::WrongCommitment { actual, committed });
        }
        Ok(Self {
            seed,
            payload: plaintext,
        })
    }

    /// The plaintext of the asset message.
    pub fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.seed.as_bytes(), self.payload.as_slice()].concat())
    }
}

/// Without the payload.
impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asset").finish_non_exhaustive()
    }
}
