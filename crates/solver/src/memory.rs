use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::io::ReaderStream;

use crate::blocking;

/// Times a payload is in memory while it is worked on: as it was, and as it becomes.
const COPIES: u64 = 2;

/// Bytes in a unit of what is reserved.
const UNIT: u64 = 1 << 10;

/// Times all of the memory that may lie in files.
const ASIDE: u32 = 16;

/// Bytes of a file that are in memory while they are sent.
const PIECE: usize = 1 << 16;

/// The memory that payloads may take at once, so that many requests at a time cannot exhaust it: a third while they
/// arrive, one while they are worked on, one while they are sent. So who sends slowly holds up only others who send, and
/// who reads slowly nobody: what has no room lies in a file meanwhile.
#[derive(Debug)]
pub struct Memory {
    arriving: Part,
    working: Part,
    sending: Part,
    aside: Part,
    folder: PathBuf,
}

/// So much of a resource.
#[derive(Debug)]
struct Part {
    units: Arc<Semaphore>,
    all: u32,
}

/// Room in a part of the memory, until it is dropped.
#[derive(Debug)]
pub struct Room {
    _units: OwnedSemaphorePermit,
}

/// What is being sent from memory.
struct Held {
    bytes: Vec<u8>,
    _room: Room,
}

/// What is being sent from a file.
struct Aside {
    file: tokio::fs::File,
    _room: Room,
}

impl Memory {
    /// Of so many MiB; what has no room is sent from files in `folder`.
    pub fn new(megabytes: u32, folder: &Path) -> Self {
        let all = megabytes.clamp(1, 1 << 16) << 10;
        Self {
            arriving: Part::of(all / 3),
            working: Part::of(all / 3),
            sending: Part::of(all / 3),
            aside: Part::of(all * ASIDE),
            folder: folder.to_owned(),
        }
    }

    /// Waits until a payload may come in. What is larger than all of the room comes alone.
    pub async fn arrive(&self, payload_length: u64) -> Room {
        self.arriving.wait(payload_length).await
    }

    /// Waits until there is room to work on a payload. What is larger than all of it is worked on alone.
    pub async fn work(&self, payload_length: u64) -> Room {
        self.working
            .wait(payload_length.saturating_mul(COPIES))
            .await
    }

    /// The body of an answer, which takes room until it was sent, or lies in a file without a name.
    pub async fn send(&self, bytes: Vec<u8>) -> io::Result<Body> {
        let units = units(bytes.len() as u64);
        if let Some(room) = self.sending.take(units) {
            let held = Held { bytes, _room: room };
            return Ok(Body::from(Bytes::from_owner(held)));
        }
        let room = self.aside.take(units.min(self.aside.all));
        let room = room.ok_or(io::ErrorKind::QuotaExceeded)?;
        let folder = self.folder.clone();
        let file = blocking(move || put_aside(&folder, &bytes)).await?;
        let aside = Aside {
            file: file.into(),
            _room: room,
        };
        Ok(Body::from_stream(ReaderStream::with_capacity(aside, PIECE)))
    }
}

impl Part {
    fn of(all: u32) -> Self {
        Self {
            units: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    async fn wait(&self, bytes: u64) -> Room {
        let units = units(bytes).min(self.all);
        let units = Arc::clone(&self.units).acquire_many_owned(units).await;
        Room {
            _units: units.expect("nobody closes it"),
        }
    }

    fn take(&self, units: u32) -> Option<Room> {
        let units = Arc::clone(&self.units).try_acquire_many_owned(units);
        units.ok().map(|units| Room { _units: units })
    }
}

/// How many units are as large as so many bytes.
fn units(bytes: u64) -> u32 {
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

impl AsyncRead for Aside {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(context, buffer)
    }
}
