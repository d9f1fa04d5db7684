//! What a solver sends for a task, and what a consumer does with it.

use std::{fmt, slice::Chunks};

use alloy_primitives::{B256, keccak256};

use crate::{
    CHUNK_BYTES, Commitment, Key, PayloadSizeError, Seed,
    content::{BLIND_BYTES, parts, write_chunk},
    keystream::Keystream,
    layout::{CIPHERTEXT_ROOT, DIGEST_BYTES, HEAD_BYTES, KEY_HASH, Layout, PAYLOAD_LENGTH},
    merkle,
};

/// The plaintext of a delivery message, whose ciphertext and digests are what its roots say.
///
/// Whether the ciphertext decrypts to what the digests say shows only with the key, in [`Delivery::open`].
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    plaintext: Vec<u8>,
    layout: Layout,
    commitment: Commitment,
}

/// What a complaint shows to the contract: one ciphertext chunk, and the digest that its chunk should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The chunk's place.
    pub index: u64,
    /// The encrypted chunk.
    pub ciphertext_chunk: Vec<u8>,
    /// From the ciphertext chunk's leaf to the receipt's ciphertext root.
    pub ciphertext_proof: Vec<B256>,
    /// The digest of the chunk that the producer committed to.
    pub digest: B256,
    /// From the digest's leaf to the content root.
    pub content_proof: Vec<B256>,
}

/// Why a delivery deserves no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The commitment is to a payload of a length that none may have.
    #[error(transparent)]
    PayloadSize(#[from] PayloadSizeError),
    /// The message is shorter or longer than one of such a payload.
    #[error("the delivery has {actual} bytes where {expected} are due")]
    Size {
        /// The bytes of a delivery of the committed payload.
        expected: usize,
        /// The bytes of this one.
        actual: usize,
    },
    /// The message states another payload length than the chain.
    #[error("the delivery states a payload of {stated} bytes where {committed} are committed")]
    PayloadLength {
        /// The length in the message.
        stated: u64,
        /// The length on chain.
        committed: u64,
    },
    /// The digests are not those that the producer committed to.
    #[error("the digests give the content root {actual} where {committed} is committed")]
    ContentRoot {
        /// The root over the digests in the message.
        actual: B256,
        /// The root on chain.
        committed: B256,
    },
    /// The ciphertext is not the one that the receipt would be for.
    #[error("the ciphertext gives the root {actual} where the delivery states {stated}")]
    CiphertextRoot {
        /// The root over the ciphertext in the message.
        actual: B256,
        /// The root that the message states.
        stated: B256,
    },
}

/// Why a delivery does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key is not the one that the delivery was prepared with.
    #[error("the key hashes to {actual} where the delivery states {stated}")]
    WrongKey {
        /// The hash of the given key.
        actual: B256,
        /// The hash in the message.
        stated: B256,
    },
    /// A chunk is not the one that the producer committed to: a reason to complain.
    #[error("chunk {index} is not the committed one")]
    WrongChunk {
        /// The first wrong chunk's place.
        index: u64,
    },
}

impl Delivery {
    /// Encrypts a payload for one task; the same arguments give the same bytes.
    pub fn prepare(payload: &[u8], seed: &Seed, key: &Key) -> Result<Self, PayloadSizeError> {
        let payload_length = payload.len() as u64;
        let layout = Layout::of(payload_length)?;
        let mut plaintext = vec![0; layout.bytes()];
        let (head, body) = plaintext.split_at_mut(HEAD_BYTES);
        let (digests, ciphertext) = body.split_at_mut(layout.digest_bytes());
        let roots = encrypt(payload, seed, key, digests, ciphertext);

        head[KEY_HASH].copy_from_slice(key.hash().as_slice());
        head[CIPHERTEXT_ROOT].copy_from_slice(roots.ciphertext.as_slice());
        head[PAYLOAD_LENGTH].copy_from_slice(&payload_length.to_be_bytes());
        let commitment = Commitment {
            content_root: roots.content,
            payload_length,
        };
        Ok(Self {
            plaintext,
            layout,
            commitment,
        })
    }

    /// Checks the plaintext of a delivery message against what the chain says of the product.
    pub fn verify(plaintext: Vec<u8>, commitment: Commitment) -> Result<Self, VerifyError> {
        let layout = Layout::of(commitment.payload_length)?;
        let (expected, actual) = (layout.bytes(), plaintext.len());
        if actual != expected {
            return Err(VerifyError::Size { expected, actual });
        }
        let delivery = Self {
            plaintext,
            layout,
            commitment,
        };
        delivery.check_length()?;
        delivery.check_content()?;
        delivery.check_ciphertext()?;
        Ok(delivery)
    }

    /// Decrypts the payload and checks each chunk.
    pub fn open(&self, key: &Key) -> Result<Vec<u8>, OpenError> {
        self.check_key(key)?;
        let mut payload = Vec::with_capacity(self.layout.payload_bytes());
        let mut keystream = Keystream::new(key);
        let mut buffer = [0; CHUNK_BYTES];
        for (index, (ciphertext, digest)) in (0..).zip(self.ciphertexts().zip(self.digests())) {
            let chunk = &mut buffer[..ciphertext.len()];
            chunk.copy_from_slice(ciphertext);
            keystream.apply(index, chunk);
            if keccak256(&*chunk) != digest {
                return Err(OpenError::WrongChunk { index });
            }
            payload.extend_from_slice(&chunk[BLIND_BYTES..]);
        }
        Ok(payload)
    }

    /// What shows to the contract that the chunk at `index` is wrong, if it is; nothing where there is no such chunk.
    pub fn complaint(&self, index: u64) -> Option<Evidence> {
        let place = usize::try_from(index).ok()?;
        Some(Evidence {
            index,
            ciphertext_chunk: self.ciphertexts().nth(place)?.to_vec(),
            ciphertext_proof: merkle::proof(self.ciphertext_leaves(), place),
            digest: self.digests().nth(place)?,
            content_proof: merkle::proof(self.content_leaves(), place),
        })
    }

    /// How many bytes the delivery of a payload has, before it is sealed.
    pub fn bytes_for(payload_length: u64) -> Result<usize, PayloadSizeError> {
        Layout::of(payload_length).map(Layout::bytes)
    }

    /// The hash of the key that opens it.
    pub fn key_hash(&self) -> B256 {
        B256::from_slice(&self.plaintext[KEY_HASH])
    }

    /// The root that the receipt is for.
    pub fn ciphertext_root(&self) -> B256 {
        B256::from_slice(&self.plaintext[CIPHERTEXT_ROOT])
    }

    /// What the digests commit to.
    pub fn commitment(&self) -> Commitment {
        self.commitment
    }

    /// The plaintext of the delivery message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.plaintext
    }

    /// The plaintext of the delivery message, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.plaintext
    }

    fn check_length(&self) -> Result<(), VerifyError> {
        let mut length = [0; 8];
        length.copy_from_slice(&self.plaintext[PAYLOAD_LENGTH]);
        let stated = u64::from_be_bytes(length);
        let committed = self.commitment.payload_length;
        if stated == committed {
            Ok(())
        } else {
            Err(VerifyError::PayloadLength { stated, committed })
        }
    }

    fn check_content(&self) -> Result<(), VerifyError> {
        let actual = merkle::root(self.content_leaves());
        let committed = self.commitment.content_root;
        if actual == committed {
            Ok(())
        } else {
            Err(VerifyError::ContentRoot { actual, committed })
        }
    }

    fn check_ciphertext(&self) -> Result<(), VerifyError> {
        let actual = merkle::root(self.ciphertext_leaves());
        let stated = self.ciphertext_root();
        if actual == stated {
            Ok(())
        } else {
            Err(VerifyError::CiphertextRoot { actual, stated })
        }
    }

    fn check_key(&self, key: &Key) -> Result<(), OpenError> {
        let actual = key.hash();
        let stated = self.key_hash();
        if actual == stated {
            Ok(())
        } else {
            Err(OpenError::WrongKey { actual, stated })
        }
    }

    fn content_leaves(&self) -> Vec<B256> {
        merkle::leaves(self.digests())
    }

    fn ciphertext_leaves(&self) -> Vec<B256> {
        merkle::leaves(self.ciphertexts().map(keccak256))
    }

    fn digests(&self) -> impl Iterator<Item = B256> {
        let (digests, _) = self.body();
        digests.chunks_exact(DIGEST_BYTES).map(B256::from_slice)
    }

    fn ciphertexts(&self) -> Chunks<'_, u8> {
        let (_, ciphertext) = self.body();
        ciphertext.chunks(CHUNK_BYTES)
    }

    /// The digests and the ciphertext.
    fn body(&self) -> (&[u8], &[u8]) {
        self.plaintext[HEAD_BYTES..].split_at(self.layout.digest_bytes())
    }
}

/// Without the megabytes.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("key_hash", &self.key_hash())
            .field("ciphertext_root", &self.ciphertext_root())
            .field("commitment", &self.commitment)
            .finish_non_exhaustive()
    }
}

struct Roots {
    content: B256,
    ciphertext: B256,
}

/// Fills in the digests and the ciphertext of a payload, in one pass and in place.
fn encrypt(
    payload: &[u8],
    seed: &Seed,
    key: &Key,
    digests: &mut [u8],
    ciphertext: &mut [u8],
) -> Roots {
    let mut keystream = Keystream::new(key);
    let chunks = ciphertext.chunks_mut(CHUNK_BYTES);
    let slots = digests.chunks_exact_mut(DIGEST_BYTES);
    let leaves =
        (0..)
            .zip(parts(payload))
            .zip(chunks.zip(slots))
            .map(|((index, part), (chunk, slot))| {
                write_chunk(chunk, seed, index, part);
                let digest = keccak256(&*chunk);
                slot.copy_from_slice(digest.as_slice());
                keystream.apply(index, chunk);
                let ciphertext_digest = keccak256(chunk);
                (
                    merkle::leaf(index, digest),
                    merkle::leaf(index, ciphertext_digest),
                )
            });
    let (content, ciphertext) = leaves.unzip();
    Roots {
        content: merkle::root(content),
        ciphertext: merkle::root(ciphertext),
    }
}
