//! The folder with what must outlive a command: of each deployment, and in it of each account.
//!
//! A deployment is a chain (id and first block) and an operator, so that a fresh chain with the old addresses starts with
//! a fresh folder. All files are written aside and renamed; those who may read them are the owner alone.

mod journal;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use ayumi_chain::Chain;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{Result, StateError};
pub(crate) use journal::Entry;

/// How often a lock is tried that another command has.
const LOCK_TRY: Duration = Duration::from_millis(25);

/// What one account keeps of one deployment.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Of `account` on `chain`, in the folder `root`.
    pub async fn open(root: &Path, chain: &Chain, account: Address) -> Result<Self> {
        let first = chain
            .block(0.into())
            .await?
            .map_or(B256::ZERO, |block| block.hash);
        let deployment = format!(
            "{}-{:x}-{}",
            chain.chain_id(),
            chain.contracts().operator,
            hex::encode(&first[..4])
        );
        let folder = root.join(deployment).join(format!("{account:x}"));
        make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Waits until no other command of this account sends.
    pub(crate) async fn lock(&self) -> Result<File> {
        let path = self.folder.join("lock");
        let io = |cause| StateError::Io {
            path: path.clone(),
            cause,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(LOCK_TRY).await,
                Err(fs::TryLockError::Error(cause)) => return Err(io(cause).into()),
            }
        }
    }

    /// What was signed and is not known to have ended.
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("journal.json")
    }

    /// The seed of what is being published; `key` names file and listing.
    pub(crate) fn draft(&self, key: B256) -> PathBuf {
        self.folder
            .join("drafts")
            .join(format!("{}.json", hex::encode(key)))
    }

    /// The seed of what was published; another solver can be given the document with it alone.
    pub(crate) fn seed(&self, content_root: B256) -> PathBuf {
        self.folder
            .join("seeds")
            .join(format!("{}.json", hex::encode(content_root)))
    }

    /// The salted text of a note that is being left.
    pub(crate) fn note(&self, task: U256, kind: &str) -> PathBuf {
        self.task(task).join(kind)
    }

    /// A delivery of a task, by its ciphertext root.
    pub(crate) fn delivery(&self, task: U256, ciphertext_root: B256) -> PathBuf {
        self.task(task)
            .join(format!("delivery-{}", hex::encode(ciphertext_root)))
    }

    /// The deliveries of a task that are here, newest first.
    pub(crate) fn deliveries(&self, task: U256) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.task(task))
            .into_iter()
            .flatten()
            .flatten();
        let deliveries =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("delivery-"));
        let mut dated = deliveries
            .map(|entry| {
                (
                    entry
                        .metadata()
                        .and_then(|metadata| metadata.modified())
                        .ok(),
                    entry.path(),
                )
            })
            .collect::<Vec<_>>();
        dated.sort();
        dated.into_iter().rev().map(|(_, path)| path).collect()
    }

    /// Where a task's file was written.
    pub(crate) fn written(&self, task: U256) -> PathBuf {
        self.task(task).join("written.json")
    }

    /// That a task's data was found to be wrong.
    pub(crate) fn wrong(&self, task: U256) -> PathBuf {
        self.task(task).join("wrong")
    }

    /// As which event a task's document was brought to a place.
    pub(crate) fn landed(&self, task: U256, place: B256) -> PathBuf {
        self.task(task)
            .join(format!("landed-{}.json", hex::encode(&place[..8])))
    }

    /// A document that was taken from a MISP server to be published; `hash` is of its bytes.
    pub(crate) fn document(&self, uuid: Uuid, hash: B256) -> PathBuf {
        self.folder
            .join("documents")
            .join(format!("{uuid}-{}.json", hex::encode(&hash[..4])))
    }

    fn task(&self, task: U256) -> PathBuf {
        self.folder.join("tasks").join(task.to_string())
    }
}

/// Writes a file so that it is there whole or not at all, whatever happens.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let folder = path.parent().expect("files of the state are in folders");
    make_folder(folder)?;
    write_aside(folder, path, bytes).map_err(|cause| StateError::Io {
        path: path.to_owned(),
        cause,
    })
}

fn write_aside(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut aside = tempfile::NamedTempFile::new_in(folder)?; // readable by its owner alone
    aside.write_all(bytes)?;
    aside.as_file().sync_all()?;
    aside.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Writes a value as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StateError> {
    let bytes = serde_json::to_vec(value).expect("the state is of plain structures");
    write(path, &bytes)
}

/// The bytes of a file, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(StateError::Io {
            path: path.to_owned(),
            cause,
        }),
    }
}

/// The value of a JSON file, if there is one.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let damaged = |cause: serde_json::Error| StateError::Damaged {
        path: path.to_owned(),
        cause: cause.to_string(),
    };
    read(path)?
        .map(|bytes| serde_json::from_slice(&bytes).map_err(damaged))
        .transpose()
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> Result<(), StateError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(StateError::Io {
            path: path.to_owned(),
            cause,
        }),
        _ => Ok(()),
    }
}

fn make_folder(folder: &Path) -> Result<(), StateError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(folder)
        .map_err(|cause| StateError::Io {
            path: folder.to_owned(),
            cause,
        })
}

/// A rename is on the disk when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
