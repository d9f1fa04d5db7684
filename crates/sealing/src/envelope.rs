//! Sealed messages: HPKE (RFC 9180) in base mode, bound to a purpose and a place.

use alloy_primitives::{Address, B256, U256};
use hpke::{
    Deserializable, HpkeError, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305,
    kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open_inout_detached,
    single_shot_seal_inout_detached_with_rng,
};
use rand::{CryptoRng, rand_core::UnwrapErr, rngs::SysRng};

use crate::{PublicKey, SecretKey};

pub(crate) type Kem = X25519HkdfSha256;
type Kdf = HkdfSha256;
type Aead = ChaCha20Poly1305;
type EncapsulatedKey = <Kem as hpke::Kem>::EncappedKey;
type Tag = hpke::aead::AeadTag<Aead>;

const ENCAPSULATED_KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const SCOPE_BYTES: usize = 52;

/// How much longer a sealed message is than its plaintext.
pub const SEAL_BYTES: usize = ENCAPSULATED_KEY_BYTES + TAG_BYTES;

/// The deployment that a message or a derived key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The chain.
    pub chain_id: u64,
    /// The CTI operator contract.
    pub operator: Address,
}

/// What a message is, and of which task or product. It opens as nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A delivery, to the task's one-time key.
    Delivery {
        /// The task's id.
        task: U256,
    },
    /// An asset, to the solver's registered key.
    Asset {
        /// The product's content root.
        content_root: B256,
    },
    /// A consumer's note, to the product's note key.
    FeedbackNote {
        /// The task's id.
        task: U256,
    },
    /// A producer's note, to the task's one-time key.
    AnswerNote {
        /// The task's id.
        task: U256,
    },
}

/// Why a message was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The recipient's public key is of low order: anyone could open what is sealed to it.
    #[error("the public key {0} gives no secrecy")]
    LowOrderKey(B256),
    /// The plaintext is beyond what the cipher takes, 256 GiB.
    #[error("the plaintext is too large to seal")]
    TooLarge,
}

/// Why a message did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// The message is shorter than [`SEAL_BYTES`].
    #[error("the sealed message has {0} bytes, fewer than {SEAL_BYTES}")]
    TooShort(usize),
    /// The message was sealed to another key or as another message, or was changed on its way.
    #[error("the sealed message is not for this key and purpose, or was changed")]
    Refused,
}

/// Seals a plaintext to a public key.
///
/// # Panics
///
/// If the operating system has no randomness to give.
pub fn seal(
    message: Message,
    scope: Scope,
    recipient: PublicKey,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let associated_data = message.associated_data(scope);
    let rng = &mut UnwrapErr(SysRng);
    encrypt(message.info(), &associated_data, recipient, plaintext, rng)
}

/// Opens what was sealed to a key as this very message.
pub fn unseal(
    message: Message,
    scope: Scope,
    recipient: &SecretKey,
    sealed: &[u8],
) -> Result<Vec<u8>, UnsealError> {
    let associated_data = message.associated_data(scope);
    decrypt(message.info(), &associated_data, recipient, sealed)
}

impl Scope {
    /// `u256(chain id) ‖ operator`
    pub(crate) fn to_bytes(self) -> [u8; SCOPE_BYTES] {
        let mut bytes = [0; SCOPE_BYTES];
        bytes[24..32].copy_from_slice(&self.chain_id.to_be_bytes());
        bytes[32..].copy_from_slice(self.operator.as_slice());
        bytes
    }
}

impl Message {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Delivery { .. } => b"ayumi/delivery/1",
            Self::Asset { .. } => b"ayumi/asset/1",
            Self::FeedbackNote { .. } => b"ayumi/feedback-note/1",
            Self::AnswerNote { .. } => b"ayumi/answer-note/1",
        }
    }

    fn associated_data(self, scope: Scope) -> Vec<u8> {
        [scope.to_bytes().as_slice(), self.subject().as_slice()].concat()
    }

    fn subject(self) -> B256 {
        match self {
            Self::Asset { content_root } => content_root,
            Self::Delivery { task } | Self::FeedbackNote { task } | Self::AnswerNote { task } => {
                task.into()
            }
        }
    }
}

fn encrypt(
    info: &[u8],
    associated_data: &[u8],
    recipient: PublicKey,
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_BYTES);
    sealed.extend_from_slice(&[0; ENCAPSULATED_KEY_BYTES]);
    sealed.extend_from_slice(plaintext);
    let (encapsulated_key, tag) = single_shot_seal_inout_detached_with_rng::<Aead, Kdf, Kem>(
        &OpModeS::Base,
        &recipient.to_hpke(),
        info,
        sealed[ENCAPSULATED_KEY_BYTES..].as_mut().into(),
        associated_data,
        rng,
    )
    .map_err(|error| match error {
        HpkeError::EncapError => SealError::LowOrderKey(recipient.0),
        _ => SealError::TooLarge,
    })?;
    encapsulated_key.write_exact(&mut sealed[..ENCAPSULATED_KEY_BYTES]);
    sealed.extend_from_slice(&tag.to_bytes());
    Ok(sealed)
}

fn decrypt(
    info: &[u8],
    associated_data: &[u8],
    recipient: &SecretKey,
    sealed: &[u8],
) -> Result<Vec<u8>, UnsealError> {
    let (encapsulated_key, ciphertext, tag) =
        split(sealed).ok_or(UnsealError::TooShort(sealed.len()))?;
    let mut plaintext = ciphertext.to_vec();
    single_shot_open_inout_detached::<Aead, Kdf, Kem>(
        &OpModeR::Base,
        &recipient.to_hpke(),
        &encapsulated_key,
        info,
        plaintext.as_mut_slice().into(),
        associated_data,
        &tag,
    )
    .map_err(|_| UnsealError::Refused)?;
    Ok(plaintext)
}

fn split(sealed: &[u8]) -> Option<(EncapsulatedKey, &[u8], Tag)> {
    let (encapsulated_key, output) = sealed.split_first_chunk::<ENCAPSULATED_KEY_BYTES>()?;
    let (ciphertext, tag) = output.split_last_chunk::<TAG_BYTES>()?;
    Some((
        EncapsulatedKey::from_bytes(encapsulated_key).ok()?,
        ciphertext,
        Tag::from_bytes(tag).ok()?,
    ))
}

#[cfg(test)]
mod tests;
