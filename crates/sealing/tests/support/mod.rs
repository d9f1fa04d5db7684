//! What several tests need: payloads, and a Merkle tree and a liar written apart from the crate's own code.
#![allow(dead_code, missing_docs)] // each test file uses a part

use alloy_primitives::{B256, keccak256};
use ayumi_sealing::{Commitment, Delivery, Evidence, Key, Seed, commit};

pub const HEAD_BYTES: usize = 72;

pub fn seed() -> Seed {
    Seed::from([0x5e; 32])
}

pub fn key() -> Key {
    Key::from([0x4e; 32])
}

pub fn payload(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut payload: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| word()).collect();
    payload.truncate(length);
    payload
}

pub fn prepared(length: usize) -> (Vec<u8>, Commitment, Delivery) {
    let payload = payload(length);
    let commitment = commit(&payload, &seed()).unwrap();
    let delivery = Delivery::prepare(&payload, &seed(), &key()).unwrap();
    (payload, commitment, delivery)
}

/// The delivery of a solver that changed one byte of a chunk before it encrypted and rooted it.
pub fn lie(delivery: &Delivery, chunk: usize, at: usize) -> Vec<u8> {
    let mut bytes = delivery.as_bytes().to_vec();
    let start = ciphertext_start(&bytes);
    bytes[start + 1024 * chunk + at] ^= 0x01;
    reroot(&mut bytes);
    bytes
}

/// Makes the stated ciphertext root that of the ciphertext.
pub fn reroot(bytes: &mut [u8]) {
    let digests = bytes[ciphertext_start(bytes)..].chunks(1024).map(keccak256);
    let leaves: Vec<_> = (0..)
        .zip(digests)
        .map(|(index, digest)| leaf(index, digest))
        .collect();
    let root = merkle_root(&leaves);
    bytes[32..64].copy_from_slice(root.as_slice());
}

pub fn ciphertext_start(delivery: &[u8]) -> usize {
    let payload_length = u64::from_be_bytes(delivery[64..72].try_into().unwrap());
    HEAD_BYTES + 32 * usize::try_from(payload_length).unwrap().div_ceil(992)
}

pub fn leaf(index: u64, digest: B256) -> B256 {
    keccak256([index.to_be_bytes().as_slice(), digest.as_slice()].concat())
}

fn merkle_root(nodes: &[B256]) -> B256 {
    let join = |pair: &[B256]| pair.iter().copied().reduce(parent).unwrap();
    match nodes {
        [root] => *root,
        _ => merkle_root(&nodes.chunks(2).map(join).collect::<Vec<_>>()),
    }
}

fn parent(a: B256, b: B256) -> B256 {
    let mut pair = [a, b];
    pair.sort();
    keccak256(pair.concat())
}

/// What `MerkleProof.verify` does.
pub fn is_proven(proof: &[B256], root: B256, leaf: B256) -> bool {
    proof.iter().copied().fold(leaf, parent) == root
}

/// What the contract does with a complaint: both proofs hold, and the chunk decrypts to another digest.
pub fn is_upheld(evidence: &Evidence, delivery: &Delivery, key: &Key) -> bool {
    let content = leaf(evidence.index, evidence.digest);
    let ciphertext = leaf(evidence.index, keccak256(&evidence.ciphertext_chunk));
    is_proven(
        &evidence.content_proof,
        delivery.commitment().content_root,
        content,
    ) && is_proven(
        &evidence.ciphertext_proof,
        delivery.ciphertext_root(),
        ciphertext,
    ) && keccak256(decrypt(&evidence.ciphertext_chunk, evidence.index, key)) != evidence.digest
}

pub fn decrypt(chunk: &[u8], index: u64, key: &Key) -> Vec<u8> {
    let block = |j: usize| {
        let (i, j) = (u128::from(index).to_be_bytes(), (j as u128).to_be_bytes());
        keccak256([key.as_bytes().as_slice(), &i, &j].concat())
    };
    let keystream = (0..chunk.len().div_ceil(32)).flat_map(block);
    chunk
        .iter()
        .zip(keystream)
        .map(|(byte, mask)| byte ^ mask)
        .collect()
}
