//! Notes between the parties of a task, through the solver.

use alloy::primitives::{B256, U256, keccak256};
use ayumi_sealing::{
    MAX_NOTE_BYTES, Message, Note, PublicKey, SEAL_BYTES, SecretKey, seal, unseal,
};

use super::NoteText;
use crate::error::{InputError, Result, TaskError};
use crate::read::Product;
use crate::session::Session;
use crate::state;

/// The salt before the text.
const SALT_BYTES: usize = 32;

/// What kind of note it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Feedback,
    Answer,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Feedback => "feedback-note",
            Self::Answer => "answer-note",
        }
    }

    fn message(self, task: U256) -> Message {
        match self {
            Self::Feedback => Message::FeedbackNote { task },
            Self::Answer => Message::AnswerNote { task },
        }
    }
}

impl Session {
    /// Salts a note; the same text for the same task gets the same salt.
    pub(super) fn salted(&self, kind: Kind, task: U256, text: &str) -> Result<Note> {
        let path = self.store()?.note(task, kind.name());
        if let Some(plaintext) = state::read(&path)?
            && let Ok(note) = Note::verify(&plaintext, keccak256(&plaintext))
            && note.text() == text
        {
            return Ok(note);
        }
        let note = Note::new(text).map_err(InputError::from)?;
        state::write(&path, &note.to_plaintext())?;
        Ok(note)
    }

    /// Leaves a note with the solver, sealed to its reader.
    pub(super) async fn leave_note(
        &self,
        kind: Kind,
        product: &Product,
        task: U256,
        reader: PublicKey,
        note: &Note,
    ) -> Result<()> {
        self.observer().step("leaving the note with the solver");
        let sealed = seal(
            kind.message(task),
            self.scope(),
            reader,
            &note.to_plaintext(),
        )
        .map_err(TaskError::from)?;
        let endpoint = self.endpoint_of(product).await?;
        Ok(endpoint
            .put_note(
                self.wallet()?,
                &self.chain().domain(),
                (task, kind.name()),
                sealed,
            )
            .await?)
    }

    /// A note that this account wrote, if it is still here.
    pub(super) fn own_note(&self, kind: Kind, task: U256, hash: B256) -> Result<NoteText> {
        let stored = state::read(&self.store()?.note(task, kind.name()))?;
        let note = stored.and_then(|plaintext| Note::verify(&plaintext, hash).ok());
        Ok(match note {
            Some(note) => NoteText::Text(note.text().to_owned()),
            None => NoteText::Unreadable("it is sealed to the other party".into()),
        })
    }

    /// Fetches a note and opens it.
    pub(super) async fn fetch_note(
        &self,
        kind: Kind,
        product: &Product,
        task: U256,
        key: &SecretKey,
        hash: B256,
    ) -> Result<String> {
        let endpoint = self.endpoint_of(product).await?;
        let limit = MAX_NOTE_BYTES + SALT_BYTES + SEAL_BYTES;
        let domain = self.chain().domain();
        let sealed = endpoint
            .fetch(self.wallet()?, &domain, (task, kind.name()), limit)
            .await?;
        let plaintext =
            unseal(kind.message(task), self.scope(), key, &sealed).map_err(|cause| {
                TaskError::Unseal {
                    item: kind.name(),
                    task,
                    cause,
                }
            })?;
        let note = Note::verify(&plaintext, hash).map_err(InputError::from)?;
        Ok(note.text().to_owned())
    }
}
