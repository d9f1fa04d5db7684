//! Sealed messages open as what they are, where they belong, and nowhere else.

mod support;

use alloy_primitives::{Address, B256, U256, address, hex};
use ayumi_sealing::{
    Message, PublicKey, SEAL_BYTES, Scope, SealError, SecretKey, UnsealError, seal, unseal,
};
use hpke::{
    Deserializable, OpModeR, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256,
    single_shot_open,
};

const TEXT: &[u8] = b"seen at the proxy";

const SCOPE: Scope = Scope {
    chain_id: 31337,
    operator: address!("0x00112233445566778899aabbccddeeff00112233"),
};

fn task() -> U256 {
    U256::from(0x0abc)
}

fn messages() -> [Message; 4] {
    [
        Message::Delivery { task: task() },
        Message::Asset {
            content_root: task().into(),
        },
        Message::FeedbackNote { task: task() },
        Message::AnswerNote { task: task() },
    ]
}

fn recipient() -> SecretKey {
    SecretKey::from([0x77; 32])
}

fn sealed(message: Message) -> Vec<u8> {
    seal(message, SCOPE, recipient().public(), TEXT).unwrap()
}

#[test]
fn each_message_opens_to_its_plaintext() {
    for message in messages() {
        assert_eq!(
            unseal(message, SCOPE, &recipient(), &sealed(message)).unwrap(),
            TEXT
        );
    }
}

#[test]
fn each_message_has_the_info_and_associated_data_of_the_protocol() {
    let associated_data = hex!(
        "0000000000000000000000000000000000000000000000000000000000007a69"
        "00112233445566778899aabbccddeeff00112233"
        "0000000000000000000000000000000000000000000000000000000000000abc"
    );
    let infos = [
        "ayumi/delivery/1",
        "ayumi/asset/1",
        "ayumi/feedback-note/1",
        "ayumi/answer-note/1",
    ];
    for (message, info) in messages().into_iter().zip(infos) {
        let sealed = sealed(message);
        let (encapsulated_key, output) = sealed.split_at(32);
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &Deserializable::from_bytes(recipient().as_bytes()).unwrap(),
            &Deserializable::from_bytes(encapsulated_key).unwrap(),
            info.as_bytes(),
            output,
            &associated_data,
        );
        assert_eq!(opened.unwrap(), TEXT, "{info}");
    }
}

#[test]
fn a_message_does_not_open_as_another_kind() {
    for message in messages() {
        for other in messages().into_iter().filter(|other| *other != message) {
            let refusal = unseal(other, SCOPE, &recipient(), &sealed(message));
            assert_eq!(
                refusal,
                Err(UnsealError::Refused),
                "{message:?} as {other:?}"
            );
        }
    }
}

#[test]
fn a_message_does_not_open_for_another_task_or_product() {
    let task = task() + U256::ONE;
    let others = [
        Message::Delivery { task },
        Message::Asset {
            content_root: task.into(),
        },
        Message::FeedbackNote { task },
        Message::AnswerNote { task },
    ];
    for (message, other) in messages().into_iter().zip(others) {
        let refusal = unseal(other, SCOPE, &recipient(), &sealed(message));
        assert_eq!(refusal, Err(UnsealError::Refused), "{message:?}");
    }
}

#[test]
fn a_message_does_not_open_on_another_chain_or_operator() {
    let others = [
        Scope {
            chain_id: 1,
            ..SCOPE
        },
        Scope {
            operator: Address::ZERO,
            ..SCOPE
        },
    ];
    for message in messages() {
        for other in others {
            let refusal = unseal(message, other, &recipient(), &sealed(message));
            assert_eq!(
                refusal,
                Err(UnsealError::Refused),
                "{message:?} in {other:?}"
            );
        }
    }
}

#[test]
fn a_message_does_not_open_with_another_key() {
    for message in messages() {
        let refusal = unseal(message, SCOPE, &SecretKey::random(), &sealed(message));
        assert_eq!(refusal, Err(UnsealError::Refused), "{message:?}");
    }
}

#[test]
fn a_message_with_a_flipped_bit_does_not_open() {
    let message = messages()[0];
    let sealed = sealed(message);
    // X25519 ignores the highest bit of a key, but the key schedule does not.
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 0x80;
        let refusal = unseal(message, SCOPE, &recipient(), &changed);
        assert_eq!(refusal, Err(UnsealError::Refused), "byte {at}");
    }
}

#[test]
fn a_truncated_or_extended_message_does_not_open() {
    let message = messages()[0];
    let sealed = sealed(message);
    for length in 0..sealed.len() {
        let refusal = unseal(message, SCOPE, &recipient(), &sealed[..length]).unwrap_err();
        let expected = match length {
            0..SEAL_BYTES => UnsealError::TooShort(length),
            _ => UnsealError::Refused,
        };
        assert_eq!(refusal, expected);
    }
    let extended = [sealed, vec![0]].concat();
    assert_eq!(
        unseal(message, SCOPE, &recipient(), &extended),
        Err(UnsealError::Refused)
    );
}

#[test]
fn keys_of_low_order_are_refused() {
    let low_order = [
        hex!("0000000000000000000000000000000000000000000000000000000000000000"),
        hex!("0100000000000000000000000000000000000000000000000000000000000000"),
        hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];
    let message = messages()[0];
    for bytes in low_order {
        let refusal = seal(message, SCOPE, PublicKey(B256::from(bytes)), TEXT);
        assert_eq!(refusal, Err(SealError::LowOrderKey(B256::from(bytes))));

        let encapsulated = [bytes.as_slice(), &[0; 64]].concat();
        let refusal = unseal(message, SCOPE, &recipient(), &encapsulated);
        assert_eq!(refusal, Err(UnsealError::Refused));
    }
}

#[test]
fn the_largest_payload_can_be_sealed() {
    let largest = support::payload(ayumi_sealing::MAX_PAYLOAD_BYTES);
    let message = messages()[1];
    let sealed = seal(message, SCOPE, recipient().public(), &largest).unwrap();
    assert_eq!(sealed.len(), largest.len() + SEAL_BYTES);
    assert!(unseal(message, SCOPE, &recipient(), &sealed).unwrap() == largest);
}

#[test]
fn the_same_plaintext_is_never_sealed_the_same() {
    assert_ne!(sealed(messages()[2]), sealed(messages()[2]));
}
