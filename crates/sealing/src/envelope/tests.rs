//! The RFC's own vectors through the suite as we use it.

use std::convert::Infallible;

use alloy_primitives::hex;
use hpke::{setup_receiver, setup_sender_with_rng};
use rand::{TryCryptoRng, TryRng};
use serde_json::Value;

use super::*;

/// Gives the keying material that the RFC's ephemeral key is derived from.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("the KEM draws bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("the KEM draws bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

struct Vector(Value);

impl Vector {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../tests/rfc9180-a2.1.json")).unwrap())
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        bytes(&self.0, name)
    }

    fn encryptions(&self) -> impl Iterator<Item = (u64, Vec<u8>, Vec<u8>)> {
        let encryptions = self.0["encryptions"].as_array().unwrap().iter();
        encryptions.map(|one| {
            (
                one["sequence"].as_u64().unwrap(),
                bytes(one, "aad"),
                bytes(one, "ct"),
            )
        })
    }

    fn secret_key(&self) -> SecretKey {
        <[u8; 32]>::try_from(self.bytes("skRm")).unwrap().into()
    }

    fn public_key(&self) -> PublicKey {
        PublicKey(B256::from_slice(&self.bytes("pkRm")))
    }
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    hex::decode(value[name].as_str().unwrap()).unwrap()
}

#[test]
fn the_rfc_secret_key_has_the_rfc_public_key() {
    let vector = Vector::read();
    assert_eq!(vector.secret_key().public(), vector.public_key());
}

#[test]
fn encrypt_gives_the_rfc_bytes_under_the_rfc_randomness() {
    let vector = Vector::read();
    let (_, aad, ciphertext) = vector.encryptions().next().unwrap();
    let sealed = encrypt(
        &vector.bytes("info"),
        &aad,
        vector.public_key(),
        &vector.bytes("pt"),
        &mut Fixed(vector.bytes("ikmE")),
    );
    assert_eq!(sealed.unwrap(), [vector.bytes("enc"), ciphertext].concat());
}

#[test]
fn decrypt_opens_the_rfc_message() {
    let vector = Vector::read();
    let (_, aad, ciphertext) = vector.encryptions().next().unwrap();
    let sealed = [vector.bytes("enc"), ciphertext].concat();
    let opened = decrypt(&vector.bytes("info"), &aad, &vector.secret_key(), &sealed);
    assert_eq!(opened.unwrap(), vector.bytes("pt"));
}

#[test]
fn the_suite_gives_and_opens_every_sequence_number_of_the_rfc() {
    let vector = Vector::read();
    let (info, plaintext) = (vector.bytes("info"), vector.bytes("pt"));
    let (encapsulated_key, mut sender) = setup_sender_with_rng::<Aead, Kdf, Kem>(
        &OpModeS::Base,
        &vector.public_key().to_hpke(),
        &info,
        &mut Fixed(vector.bytes("ikmE")),
    )
    .unwrap();
    let secret = vector.secret_key().to_hpke();
    let mut receiver =
        setup_receiver::<Aead, Kdf, Kem>(&OpModeR::Base, &secret, &encapsulated_key, &info)
            .unwrap();

    let mut next = 0;
    for (sequence, aad, ciphertext) in vector.encryptions() {
        for _ in next..sequence {
            let skipped = sender.seal(b"", b"").unwrap();
            receiver.open(&skipped, b"").unwrap();
        }
        next = sequence + 1;
        assert_eq!(
            sender.seal(&plaintext, &aad).unwrap(),
            ciphertext,
            "sealing {sequence}"
        );
        assert_eq!(
            receiver.open(&ciphertext, &aad).unwrap(),
            plaintext,
            "opening {sequence}"
        );
    }
    assert_eq!(next, 257);
}
