//! Prepare, verify, open and complain.

mod support;

use alloy_primitives::B256;
use ayumi_sealing::{
    Commitment, Delivery, Key, MAX_PAYLOAD_BYTES, OpenError, PayloadSizeError, VerifyError, commit,
};
use proptest::prelude::*;
use support::{ciphertext_start, is_upheld, key, lie, payload, prepared, seed};

/// Mostly a few chunks, with their edges.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        1..10_000_usize,
        (1..12_usize, 0..3_usize).prop_map(|(chunks, around)| 992 * chunks + around - 1),
    ]
}

fn round_trip(length: usize) {
    let (payload, commitment, prepared) = prepared(length);
    assert_eq!(prepared.commitment(), commitment);
    assert_eq!(prepared.key_hash(), key().hash());
    assert_eq!(
        Delivery::bytes_for(length as u64),
        Ok(prepared.as_bytes().len())
    );
    let received = Delivery::verify(prepared.as_bytes().to_vec(), commitment).unwrap();
    assert_eq!(received, prepared);
    assert!(received.open(&key()).unwrap() == payload, "{length} bytes");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_delivery_opens_to_the_payload(length in length()) {
        round_trip(length);
    }

    #[test]
    fn a_flipped_bit_is_refused(length in length(), at: prop::sample::Index, bit in 0..8_u32) {
        let (_, commitment, delivery) = prepared(length);
        let mut bytes = delivery.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let opened = Delivery::verify(bytes, commitment).map(|delivery| delivery.open(&key()));
        prop_assert!(!matches!(opened, Ok(Ok(_))), "byte {at}");
    }

    #[test]
    fn a_lie_is_found_at_its_chunk_and_proven(length in length(), chunk: prop::sample::Index, at: prop::sample::Index) {
        let (_, commitment, honest) = prepared(length);
        let chunk = chunk.index(length.div_ceil(992));
        let chunk_bytes = 32 + (length - 992 * chunk).min(992);
        let lying = lie(&honest, chunk, at.index(chunk_bytes));

        let delivery = Delivery::verify(lying, commitment).unwrap();
        let index = chunk as u64;
        prop_assert_eq!(delivery.open(&key()), Err(OpenError::WrongChunk { index }));
        let evidence = delivery.complaint(index).unwrap();
        prop_assert_eq!(evidence.index, index);
        prop_assert!(is_upheld(&evidence, &delivery, &key()));
    }

    #[test]
    fn a_false_complaint_is_not_upheld(length in length(), chunk: prop::sample::Index) {
        let (_, _, honest) = prepared(length);
        let index = chunk.index(length.div_ceil(992)) as u64;
        let evidence = honest.complaint(index).unwrap();
        prop_assert!(!is_upheld(&evidence, &honest, &key()));
    }

    #[test]
    fn another_length_is_refused(length in length(), other in 0..20_000_usize) {
        let (_, commitment, delivery) = prepared(length);
        let mut bytes = delivery.into_bytes();
        let expected = bytes.len();
        prop_assume!(other != expected);
        bytes.resize(other, 0);
        let refusal = VerifyError::Size { expected, actual: other };
        prop_assert_eq!(Delivery::verify(bytes, commitment), Err(refusal));
    }
}

#[test]
fn a_delivery_of_megabytes_opens_to_the_payload() {
    for length in [1 << 20, 2_600_000, 8 << 20] {
        round_trip(length);
    }
}

#[test]
fn each_byte_is_protected_at_its_level() {
    let (_, commitment, delivery) = prepared(993);
    let digests = 72..ciphertext_start(delivery.as_bytes());
    for at in 0..delivery.as_bytes().len() {
        let mut bytes = delivery.as_bytes().to_vec();
        bytes[at] ^= 0x80;
        let verified = Delivery::verify(bytes, commitment);
        match at {
            0..32 => {
                let refusal = verified.unwrap().open(&key());
                assert!(
                    matches!(refusal, Err(OpenError::WrongKey { .. })),
                    "byte {at}"
                );
            }
            64..72 => {
                assert!(
                    matches!(verified, Err(VerifyError::PayloadLength { .. })),
                    "byte {at}"
                );
            }
            at if digests.contains(&at) => {
                assert!(
                    matches!(verified, Err(VerifyError::ContentRoot { .. })),
                    "byte {at}"
                );
            }
            _ => {
                assert!(
                    matches!(verified, Err(VerifyError::CiphertextRoot { .. })),
                    "byte {at}"
                );
            }
        }
    }
}

#[test]
fn of_two_wrong_chunks_the_first_is_named() {
    let (_, commitment, honest) = prepared(9921);
    let once = Delivery::verify(lie(&honest, 7, 0), commitment).unwrap();
    let twice = Delivery::verify(lie(&once, 3, 1023), commitment).unwrap();
    assert_eq!(twice.open(&key()), Err(OpenError::WrongChunk { index: 3 }));
}

#[test]
fn another_key_does_not_open() {
    let (_, _, delivery) = prepared(2000);
    let other = Key::from([0x4f; 32]);
    let refusal = OpenError::WrongKey {
        actual: other.hash(),
        stated: key().hash(),
    };
    assert_eq!(delivery.open(&other), Err(refusal));
}

#[test]
fn the_same_arguments_prepare_the_same_delivery() {
    let payload = payload(3000);
    let prepare = |key: &Key| Delivery::prepare(&payload, &seed(), key).unwrap();
    assert_eq!(prepare(&key()), prepare(&key()));
    assert_ne!(
        prepare(&key()).ciphertext_root(),
        prepare(&Key::random()).ciphertext_root()
    );
}

#[test]
fn a_delivery_of_another_product_is_refused() {
    let (_, _, delivery) = prepared(2000);
    let mut other = payload(2000);
    other[0] ^= 1;
    let committed = commit(&other, &seed()).unwrap();
    let refusal = Delivery::verify(delivery.clone().into_bytes(), committed);
    let expected = VerifyError::ContentRoot {
        actual: delivery.commitment().content_root,
        committed: committed.content_root,
    };
    assert_eq!(refusal, Err(expected));
}

#[test]
fn there_is_no_complaint_about_a_chunk_that_is_not_there() {
    let (_, _, delivery) = prepared(1985);
    assert!(delivery.complaint(2).is_some());
    assert_eq!(delivery.complaint(3), None);
    assert_eq!(delivery.complaint(u64::MAX), None);
}

#[test]
fn a_committed_length_that_no_payload_has_is_refused() {
    let (_, _, delivery) = prepared(100);
    let refusal = |payload_length| {
        let committed = Commitment {
            content_root: B256::ZERO,
            payload_length,
        };
        Delivery::verify(delivery.as_bytes().to_vec(), committed).unwrap_err()
    };
    assert_eq!(refusal(0), PayloadSizeError::Empty.into());
    for hostile in [MAX_PAYLOAD_BYTES as u64 + 1, u64::MAX] {
        assert_eq!(refusal(hostile), PayloadSizeError::TooLarge(hostile).into());
    }
}

#[test]
fn a_stated_length_is_not_believed() {
    let (_, commitment, delivery) = prepared(100);
    for stated in [0, 99, 101, MAX_PAYLOAD_BYTES as u64, u64::MAX] {
        let mut bytes = delivery.as_bytes().to_vec();
        bytes[64..72].copy_from_slice(&stated.to_be_bytes());
        let refusal = VerifyError::PayloadLength {
            stated,
            committed: 100,
        };
        assert_eq!(Delivery::verify(bytes, commitment), Err(refusal));
    }
}

#[test]
fn debug_output_leaves_out_the_ciphertext() {
    let (_, _, delivery) = prepared(5000);
    assert!(format!("{delivery:?}").len() < 400);
}
