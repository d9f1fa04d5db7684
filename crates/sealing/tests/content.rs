//! The content commitment and the asset that goes to the solver.

mod support;

use ayumi_sealing::{
    Asset, AssetError, Commitment, Delivery, MAX_PAYLOAD_BYTES, PayloadSizeError, Seed, commit,
};
use support::{key, payload, seed};

#[test]
fn an_empty_payload_is_refused() {
    assert_eq!(commit(&[], &seed()), Err(PayloadSizeError::Empty));
    assert_eq!(
        Delivery::prepare(&[], &seed(), &key()),
        Err(PayloadSizeError::Empty)
    );
}

#[test]
fn an_oversize_payload_is_refused() {
    let oversize = vec![0; MAX_PAYLOAD_BYTES + 1];
    let refusal = PayloadSizeError::TooLarge(oversize.len() as u64);
    assert_eq!(commit(&oversize, &seed()), Err(refusal));
    assert_eq!(Delivery::prepare(&oversize, &seed(), &key()), Err(refusal));
}

#[test]
fn the_largest_payload_has_a_commitment() {
    let largest = vec![0; MAX_PAYLOAD_BYTES];
    let commitment = commit(&largest, &seed()).unwrap();
    assert_eq!(commitment.payload_length, 32 * 1024 * 1024);
}

#[test]
fn the_seed_changes_the_content_root() {
    let other = Seed::from([0x5f; 32]);
    assert_ne!(commit(b"10.0.0.1", &seed()), commit(b"10.0.0.1", &other));
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    assert_eq!(format!("{:?} {:?}", seed(), key()), "Seed(..) Key(..)");
}

#[test]
fn random_secrets_differ() {
    assert_ne!(Seed::random().as_bytes(), Seed::random().as_bytes());
}

fn asset() -> (Asset, Commitment) {
    let (seed, payload) = (seed(), payload(5000));
    let commitment = commit(&payload, &seed).unwrap();
    (Asset { seed, payload }, commitment)
}

#[test]
fn an_asset_survives_its_plaintext() {
    let (asset, commitment) = asset();
    let received = Asset::verify(asset.to_plaintext().to_vec(), commitment).unwrap();
    assert_eq!(received.payload, asset.payload);
    assert_eq!(received.seed.as_bytes(), asset.seed.as_bytes());
}

#[test]
fn an_asset_with_a_changed_byte_is_refused() {
    let (asset, committed) = asset();
    for at in [0, 31, 32, 5031] {
        let mut plaintext = asset.to_plaintext().to_vec();
        plaintext[at] ^= 1;
        let refusal = Asset::verify(plaintext, committed).unwrap_err();
        assert!(
            matches!(refusal, AssetError::WrongCommitment { .. }),
            "byte {at}: {refusal}"
        );
    }
}

#[test]
fn an_asset_of_another_stated_length_is_refused() {
    let (asset, mut committed) = asset();
    committed.payload_length += 1;
    let refusal = Asset::verify(asset.to_plaintext().to_vec(), committed).unwrap_err();
    assert!(matches!(refusal, AssetError::WrongCommitment { .. }));
}

#[test]
fn an_asset_without_room_for_a_seed_or_a_payload_is_refused() {
    let (_, committed) = asset();
    let refusal = |length| Asset::verify(vec![0; length], committed).unwrap_err();
    assert_eq!(refusal(31), AssetError::NoSeed(31));
    assert_eq!(
        refusal(32),
        AssetError::PayloadSize(PayloadSizeError::Empty)
    );
}
