//! Secrets of 32 bytes.

use alloy_primitives::{B256, keccak256};
use rand::{TryRng, rngs::SysRng};

/// 32 random bytes from the operating system.
///
/// # Panics
///
/// If the operating system has none to give: no secret could be drawn at all.
pub(crate) fn fill_random(bytes: &mut [u8; 32]) {
    SysRng
        .try_fill_bytes(bytes)
        .expect("the operating system provides randomness");
}

/// A type of 32 secret bytes: wiped on drop, not shown by `Debug`.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Draws a new one from the operating system.
            ///
            /// # Panics
            ///
            /// If the operating system has no randomness to give.
            pub fn random() -> Self {
                let mut secret = Self([0; 32]);
                $crate::secret::fill_random(&mut secret.0);
                secret
            }

            /// The secret bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

pub(crate) use secret;

secret! {
    /// What the blinds of a product's chunks come from. The producer and its solvers know it.
    Seed
}

secret! {
    /// What the ciphertext of a task is encrypted with. The solver's alone until it reveals it on chain.
    Key
}

impl Key {
    /// The `keyHash` of the receipt.
    pub fn hash(&self) -> B256 {
        keccak256(self.0)
    }
}
