use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::io::ReaderStream;

use crate::blocking;

/// Times a payload is in memory while it is worked on: as it was, and as it becomes.
const COPIES: usize = 2;

/// Bytes in a unit of what is reserved.
const UNIT: usize = 1 << 10;

/// Bytes of a file that are in memory while they are sent.
const PIECE: usize = 1 << 16;

/// The memory that payloads may take at once, so that many requests at a time cannot exhaust it: half of it while they are
/// worked on, and half while they are sent. Who works waits for room; who reads slowly takes a file where there is none,
/// and so holds up nobody.
#[derive(Debug)]
pub struct Memory {
    working: Arc<Semaphore>,
    sending: Arc<Semaphore>,
    half: u32,
    folder: PathBuf,
}

/// Room for a payload that is worked on, until it is dropped.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

/// What is being sent, in the room that it takes.
struct Held {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl Memory {
    /// Of so many MiB; what has no room is sent from files in `folder`.
    pub fn new(megabytes: u32, folder: &Path) -> Self {
        let half = megabytes.clamp(1, 1 << 20) << 9;
        let room = || Arc::new(Semaphore::new(half as usize));
        Self {
            working: room(),
            sending: room(),
            half,
            folder: folder.to_owned(),
        }
    }

    /// Waits until there is room to work on a payload. What is larger than all of it is worked on alone.
    pub async fn reserve(&self, payload_length: u64) -> Room {
        let bytes = usize::try_from(payload_length).unwrap_or(usize::MAX);
        let units = units(bytes.saturating_mul(COPIES)).min(self.half);
        let room = Arc::clone(&self.working).acquire_many_owned(units).await;
        Room(room.expect("nobody closes it"))
    }

    /// The body of an answer, which takes room until it was sent, or lies in a file without a name.
    pub async fn send(&self, bytes: Vec<u8>) -> io::Result<Body> {
        let units = units(bytes.len());
        if let Ok(room) = Arc::clone(&self.sending).try_acquire_many_owned(units) {
            let held = Held { bytes, _room: room };
            return Ok(Body::from(Bytes::from_owner(held)));
        }
        let folder = self.folder.clone();
        let file = blocking(move || put_aside(&folder, &bytes)).await?;
        let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE);
        Ok(Body::from_stream(pieces))
    }
}

/// How many units are as large as so many bytes.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// A file of these bytes, to be read from its beginning. It is gone with the process.
fn put_aside(folder: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
