//! `tests/vectors/sealing.json`, made from the protocol's text by a script that shares no code with this crate.

mod support;

use alloy_primitives::{B256, hex, keccak256};
use ayumi_sealing::{
    Commitment, Delivery, Key, OpenError, Scope, Seed, commit, derive_one_time_key,
    derive_sealing_key,
};
use serde_json::Value;
use support::{ciphertext_start, decrypt, is_upheld, reroot};

struct Vector(Value);

impl Vector {
    fn all(list: &str) -> Vec<Self> {
        let text = include_str!("../../../tests/vectors/sealing.json");
        let vectors: Value = serde_json::from_str(text).unwrap();
        vectors[list]
            .as_array()
            .unwrap()
            .iter()
            .cloned()
            .map(Self)
            .collect()
    }

    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap()
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        hex::decode(self.0[field].as_str().unwrap()).unwrap()
    }

    fn word(&self, field: &str) -> B256 {
        B256::from_slice(&self.bytes(field))
    }

    fn words(&self, field: &str) -> Vec<B256> {
        serde_json::from_value::<Vec<String>>(self.0[field].clone())
            .unwrap()
            .iter()
            .map(|word| word.parse().unwrap())
            .collect()
    }

    fn key(&self) -> Key {
        Key::from(self.word("key").0)
    }

    fn seed(&self) -> Seed {
        Seed::from(self.word("seed").0)
    }

    fn commitment(&self) -> Commitment {
        Commitment {
            content_root: self.word("contentRoot"),
            payload_length: self.number("payloadLength"),
        }
    }

    fn prepare(&self) -> Delivery {
        Delivery::prepare(&self.bytes("payload"), &self.seed(), &self.key()).unwrap()
    }

    /// The delivery with the vector's ciphertext chunk in its place.
    fn lie(&self) -> Delivery {
        let mut bytes = self.prepare().into_bytes();
        let chunk = self.bytes("ciphertextChunk");
        let at = ciphertext_start(&bytes) + 1024 * usize::try_from(self.number("index")).unwrap();
        bytes[at..at + chunk.len()].copy_from_slice(&chunk);
        reroot(&mut bytes);
        Delivery::verify(bytes, self.commitment()).unwrap()
    }

    fn check_evidence(&self, delivery: &Delivery) {
        let evidence = delivery.complaint(self.number("index")).unwrap();
        assert_eq!(
            evidence.ciphertext_chunk,
            self.bytes("ciphertextChunk"),
            "{}",
            self.name()
        );
        assert_eq!(
            evidence.ciphertext_proof,
            self.words("ciphertextProof"),
            "{}",
            self.name()
        );
        assert_eq!(evidence.digest, self.word("digest"), "{}", self.name());
        assert_eq!(
            evidence.content_proof,
            self.words("contentProof"),
            "{}",
            self.name()
        );
    }
}

#[test]
fn the_commitments_are_those_of_the_vectors() {
    for vector in Vector::all("cases").iter().chain(&Vector::all("lies")) {
        let commitment = commit(&vector.bytes("payload"), &vector.seed());
        assert_eq!(commitment, Ok(vector.commitment()), "{}", vector.name());
    }
}

#[test]
fn the_deliveries_are_those_of_the_vectors() {
    for vector in Vector::all("cases") {
        let delivery = vector.prepare();
        assert_eq!(
            delivery.commitment(),
            vector.commitment(),
            "{}",
            vector.name()
        );
        assert_eq!(
            delivery.key_hash(),
            vector.word("keyHash"),
            "{}",
            vector.name()
        );
        assert_eq!(
            delivery.ciphertext_root(),
            vector.word("ciphertextRoot"),
            "{}",
            vector.name()
        );
        assert_eq!(
            delivery.open(&vector.key()),
            Ok(vector.bytes("payload")),
            "{}",
            vector.name()
        );
        assert!(delivery.complaint(vector.number("chunks") - 1).is_some());
        assert!(delivery.complaint(vector.number("chunks")).is_none());
        vector.check_evidence(&delivery);
    }
}

#[test]
fn the_chunks_of_the_vectors_decrypt_to_what_was_committed() {
    for vector in Vector::all("cases") {
        let evidence = vector.prepare().complaint(vector.number("index")).unwrap();
        let chunk = decrypt(&evidence.ciphertext_chunk, evidence.index, &vector.key());
        assert_eq!(chunk, vector.bytes("chunk"), "{}", vector.name());
        assert_eq!(keccak256(chunk), vector.word("digest"), "{}", vector.name());
    }
}

#[test]
fn the_lies_of_the_vectors_are_found_and_proven() {
    for vector in Vector::all("lies") {
        let delivery = vector.lie();
        let index = vector.number("index");
        assert_eq!(
            delivery.ciphertext_root(),
            vector.word("ciphertextRoot"),
            "{}",
            vector.name()
        );
        assert_eq!(
            delivery.open(&vector.key()),
            Err(OpenError::WrongChunk { index }),
            "{}",
            vector.name()
        );
        vector.check_evidence(&delivery);
        assert!(
            is_upheld(
                &delivery.complaint(index).unwrap(),
                &delivery,
                &vector.key()
            ),
            "{}",
            vector.name()
        );
    }
}

#[test]
fn the_derived_keys_are_those_of_the_vectors() {
    for vector in Vector::all("derivedKeys") {
        let wallet = vector.word("walletSecret").0;
        let scope = Scope {
            chain_id: vector.number("chainId"),
            operator: vector.0["operator"].as_str().unwrap().parse().unwrap(),
        };
        let one_time_key = derive_one_time_key(&wallet, scope, vector.word("nonce"));
        let sealing_key = derive_sealing_key(&wallet, scope);
        assert_eq!(
            one_time_key.as_bytes(),
            &vector.word("oneTimeKey").0,
            "{}",
            vector.name()
        );
        assert_eq!(
            sealing_key.as_bytes(),
            &vector.word("sealingKey").0,
            "{}",
            vector.name()
        );
    }
}
