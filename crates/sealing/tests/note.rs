//! Notes and their hashes on chain.

use alloy_primitives::keccak256;
use ayumi_sealing::{MAX_NOTE_BYTES, Note, NoteError};

const TEXT: &str = "見つけた: three hosts";

#[test]
fn a_text_that_is_too_long_is_refused() {
    let refusal = Note::new("a".repeat(MAX_NOTE_BYTES + 1)).unwrap_err();
    assert_eq!(refusal, NoteError::TooLong(16 * 1024 + 1));
}

#[test]
fn a_note_of_the_greatest_length_survives_its_plaintext() {
    let note = Note::new("a".repeat(MAX_NOTE_BYTES)).unwrap();
    assert_eq!(Note::verify(&note.to_plaintext(), note.hash()), Ok(note));
}

#[test]
fn the_hash_is_of_salt_and_text() {
    let note = Note::new(TEXT).unwrap();
    let plaintext = note.to_plaintext();
    assert_eq!(&plaintext[32..], TEXT.as_bytes());
    assert_eq!(note.hash(), keccak256(&plaintext));
}

#[test]
fn the_same_text_has_another_hash_each_time() {
    assert_ne!(
        Note::new(TEXT).unwrap().hash(),
        Note::new(TEXT).unwrap().hash()
    );
}

#[test]
fn a_received_note_has_the_text() {
    let sent = Note::new(TEXT).unwrap();
    let received = Note::verify(&sent.to_plaintext(), sent.hash()).unwrap();
    assert_eq!(received.text(), TEXT);
}

#[test]
fn a_changed_note_is_refused() {
    let note = Note::new(TEXT).unwrap();
    for at in 0..note.to_plaintext().len() {
        let mut plaintext = note.to_plaintext();
        plaintext[at] ^= 1;
        let refusal = NoteError::WrongHash {
            actual: keccak256(&plaintext),
            committed: note.hash(),
        };
        assert_eq!(Note::verify(&plaintext, note.hash()), Err(refusal));
    }
}

#[test]
fn a_received_note_that_is_malformed_is_refused() {
    let refusal = |plaintext: &[u8]| Note::verify(plaintext, keccak256(plaintext)).unwrap_err();
    assert_eq!(refusal(&[0; 31]), NoteError::NoSalt(31));
    assert_eq!(refusal(&[0xff; 33]), NoteError::NotText);
    assert_eq!(
        refusal(&vec![b'a'; 32 + MAX_NOTE_BYTES + 1]),
        NoteError::TooLong(MAX_NOTE_BYTES + 1)
    );
}
