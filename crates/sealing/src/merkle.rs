//! The tree that `OpenZeppelin`'s `MerkleProof` checks, over leaves that hold their index.

use alloy_primitives::{B256, keccak256};

/// `keccak256(u64(index) ‖ digest)`
pub(crate) fn leaf(index: u64, digest: B256) -> B256 {
    let mut preimage = [0; 40];
    preimage[..8].copy_from_slice(&index.to_be_bytes());
    preimage[8..].copy_from_slice(digest.as_slice());
    keccak256(preimage)
}

/// The leaves of digests in order.
pub(crate) fn leaves(digests: impl Iterator<Item = B256>) -> Vec<B256> {
    (0..)
        .zip(digests)
        .map(|(index, digest)| leaf(index, digest))
        .collect()
}

/// The root over at least one leaf.
pub(crate) fn root(mut layer: Vec<B256>) -> B256 {
    while layer.len() > 1 {
        climb(&mut layer);
    }
    layer[0]
}

/// The siblings on the way from the leaf at `place` to the root; none where the node moves up unchanged.
pub(crate) fn proof(mut layer: Vec<B256>, mut place: usize) -> Vec<B256> {
    let mut proof = Vec::new();
    while layer.len() > 1 {
        proof.extend(layer.get(place ^ 1));
        climb(&mut layer);
        place /= 2;
    }
    proof
}

/// Replaces a layer by the one above it, in place.
fn climb(layer: &mut Vec<B256>) {
    let above = layer.len().div_ceil(2);
    for place in 0..above {
        let left = layer[2 * place];
        layer[place] = match layer.get(2 * place + 1) {
            Some(right) => node(left, *right),
            None => left,
        };
    }
    layer.truncate(above);
}

fn node(a: B256, b: B256) -> B256 {
    let mut preimage = [0; 64];
    preimage[..32].copy_from_slice(a.min(b).as_slice());
    preimage[32..].copy_from_slice(a.max(b).as_slice());
    keccak256(preimage)
}
