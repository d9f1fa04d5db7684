use ayumi_sealing::{CHUNK_PAYLOAD_BYTES, Delivery, Key, PayloadSizeError, Seed};

/// Bytes of a delivery before its digests: key hash, ciphertext root, payload length (`docs/protocol.md`).
const HEAD_BYTES: usize = 72;

const DIGEST_BYTES: usize = 32;

/// What a lying solver delivers: the right digests, and the ciphertext of something else.
///
/// # Errors
/// As [`Delivery::prepare`].
pub fn lie(payload: &[u8], seed: &Seed, key: &Key) -> Result<Delivery, PayloadSizeError> {
    let right = Delivery::prepare(payload, seed, key)?;
    let mut other = payload.to_vec();
    other[payload.len() / 2] ^= 1;
    let commitment = right.commitment();
    let right = right.into_bytes();
    let mut lie = Delivery::prepare(&other, seed, key)?.into_bytes();
    let digests =
        HEAD_BYTES..HEAD_BYTES + DIGEST_BYTES * payload.len().div_ceil(CHUNK_PAYLOAD_BYTES);
    lie[digests.clone()].copy_from_slice(&right[digests]);
    Ok(Delivery::verify(lie, commitment).expect("what we commit to ourselves fits together"))
}
