//! The text that goes with a feedback or an answer.

use alloy_primitives::{B256, keccak256};

use crate::secret::fill_random;

/// The most bytes of a note's text, 16 KiB.
pub const MAX_NOTE_BYTES: usize = 16 * 1024;

const SALT_BYTES: usize = 32;

/// A text with a salt, so that its hash on chain gives nothing away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    salt: B256,
    text: String,
}

/// Why there is no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is longer than [`MAX_NOTE_BYTES`].
    #[error("the note has {0} bytes of text, more than {MAX_NOTE_BYTES}")]
    TooLong(usize),
    /// The message is too short to hold a salt.
    #[error("the note has {0} bytes, too few for a salt")]
    NoSalt(usize),
    /// The note is not the one whose hash is on chain.
    #[error("the note hashes to {actual} where {committed} is on chain")]
    WrongHash {
        /// The note's hash.
        actual: B256,
        /// The hash on chain.
        committed: B256,
    },
    /// The text is not UTF-8.
    #[error("the note is not utf-8 text")]
    NotText,
}

impl Note {
    /// Salts a text.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        check_length(text.len())?;
        let mut salt = B256::ZERO;
        fill_random(&mut salt);
        Ok(Self { salt, text })
    }

    /// Checks the plaintext of a note message against the hash on chain.
    pub fn verify(plaintext: &[u8], committed: B256) -> Result<Self, NoteError> {
        let (salt, text) = plaintext
            .split_first_chunk::<SALT_BYTES>()
            .ok_or(NoteError::NoSalt(plaintext.len()))?;
        check_length(text.len())?;
        let actual = keccak256(plaintext);
        if actual != committed {
            return Err(NoteError::WrongHash { actual, committed });
        }
        let text = str::from_utf8(text).map_err(|_| NoteError::NotText)?;
        Ok(Self {
            salt: B256::from(*salt),
            text: text.to_owned(),
        })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `noteHash` on chain.
    pub fn hash(&self) -> B256 {
        keccak256(self.to_plaintext())
    }

    /// The plaintext of the note message.
    pub fn to_plaintext(&self) -> Vec<u8> {
        [self.salt.as_slice(), self.text.as_bytes()].concat()
    }
}

fn check_length(text_bytes: usize) -> Result<(), NoteError> {
    if text_bytes > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong(text_bytes));
    }
    Ok(())
}
