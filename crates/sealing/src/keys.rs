//! The X25519 keys that messages are sealed to, and those among them that an account can always derive again.

use alloy_primitives::B256;
use hkdf::Hkdf;
use hpke::{Deserializable, Kem as _, Serializable};
use sha2::Sha256;

use crate::{Scope, envelope::Kem, secret::secret};

secret! {
    /// An X25519 secret key.
    SecretKey
}

/// An X25519 public key. Any 32 bytes make one; [`seal`](crate::seal) refuses the few that give no secrecy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(pub B256);

impl SecretKey {
    /// The public key to give away.
    pub fn public(&self) -> PublicKey {
        let public = Kem::sk_to_pk(&self.to_hpke()).to_bytes();
        PublicKey(B256::from_slice(&public))
    }

    pub(crate) fn to_hpke(&self) -> <Kem as hpke::Kem>::PrivateKey {
        Deserializable::from_bytes(&self.0).expect("an X25519 secret key is any 32 bytes")
    }
}

impl PublicKey {
    pub(crate) fn to_hpke(self) -> <Kem as hpke::Kem>::PublicKey {
        Deserializable::from_bytes(self.0.as_slice()).expect("an X25519 public key is any 32 bytes")
    }
}

/// The consumer's key for one task, from its account's secp256k1 key and the nonce published with the task.
pub fn derive_one_time_key(wallet_secret: &[u8; 32], scope: Scope, nonce: B256) -> SecretKey {
    derive(b"ayumi/one-time-key/1", wallet_secret, scope, nonce)
}

/// An account's own key, to which notes to a producer and assets to a solver are sealed, from its secp256k1 key.
pub fn derive_sealing_key(wallet_secret: &[u8; 32], scope: Scope) -> SecretKey {
    derive(b"ayumi/sealing-key/1", wallet_secret, scope, B256::ZERO)
}

fn derive(salt: &[u8], wallet_secret: &[u8; 32], scope: Scope, nonce: B256) -> SecretKey {
    let mut derived = SecretKey([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), wallet_secret)
        .expand_multi_info(&[&scope.to_bytes(), nonce.as_slice()], &mut derived.0)
        .expect("HKDF-SHA256 gives up to 8160 bytes");
    derived
}
