//! Where documents come from: a file, a folder, or any other [`Source`], such as the answers of a server.
//!
//! A list of events, `[…]` or `{"response": […]}`, is cut into its events, of which only one is in memory; so a list may be of
//! any length, and an event has at most [`MAX_DOCUMENT_BYTES`].

mod cut;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ayumi_misp::{Document, MAX_DOCUMENT_BYTES, ParseError};
use walkdir::WalkDir;

use crate::error::SourceError;
use cut::Pieces;

const READ_AHEAD_BYTES: usize = 256 * 1024;

/// Anything that documents come from, one at a time.
pub trait Source {
    /// Gives each document, and what is none, to `take`, until that breaks off.
    fn each(&self, take: &mut dyn FnMut(Arrival<'_>) -> ControlFlow<()>) -> ControlFlow<()>;
}

/// What came, or why nothing did.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The file.
    pub path: &'a Path,
    /// The JSON pointer of the event in the file; "" where the file is one document.
    pub prefix: String,
    /// The document with its bytes.
    pub read: Result<Part<'a>, SourceError>,
}

/// A document with its bytes.
#[derive(Debug)]
pub struct Part<'a> {
    /// What was read.
    pub document: Document,
    /// Of what.
    pub bytes: &'a [u8],
    /// Line and column of the first byte in the file.
    pub origin: (usize, usize),
}

impl<'a> Part<'a> {
    /// A document that is all there is.
    pub fn whole(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Ok(Self {
            document: Document::parse(bytes)?,
            bytes,
            origin: (1, 1),
        })
    }
}

/// A file: one document, or a list of events.
#[derive(Debug)]
pub struct OneFile(pub PathBuf);

/// All the files of a folder whose names end with `.json`, hidden ones left out, links to folders not followed.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Source for OneFile {
    fn each(&self, take: &mut dyn FnMut(Arrival<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        match read_file(&self.0, take) {
            Ok(flow) => flow,
            Err(cause) => take(failed(&self.0, cause)),
        }
    }
}

impl Source for Folder {
    fn each(&self, take: &mut dyn FnMut(Arrival<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut is_empty = true;
        let entries = WalkDir::new(&self.0).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
            let path = match entry {
                Ok(entry) if entry.path().is_file() && is_json(entry.path()) => entry.into_path(),
                Ok(_) => continue,
                Err(error) => {
                    let path = error.path().unwrap_or(&self.0).to_owned();
                    is_empty = false;
                    take(failed(&path, std::io::Error::from(error).into()))?;
                    continue;
                }
            };
            is_empty = false;
            OneFile(path).each(take)?;
        }
        if is_empty {
            take(failed(&self.0, SourceError::EmptyFolder))?;
        }
        ControlFlow::Continue(())
    }
}

/// Gives each event of a list to `take`, as it is read; `None` if it is no list.
pub fn each_listed(
    path: &Path,
    reader: impl BufRead,
    take: &mut dyn FnMut(Arrival<'_>) -> ControlFlow<()>,
) -> Result<Option<ControlFlow<()>>, SourceError> {
    let Some(mut pieces) = Pieces::open(reader)? else {
        return Ok(None);
    };
    while let Some(piece) = pieces.next() {
        let flow = match piece {
            Ok(piece) => take(Arrival {
                path,
                prefix: piece.pointer,
                read: Document::parse(piece.bytes)
                    .map(|document| Part {
                        document,
                        bytes: piece.bytes,
                        origin: piece.origin,
                    })
                    .map_err(|error| SourceError::Document(error.within(piece.origin))),
            }),
            Err((pointer, cause)) => take(Arrival {
                path,
                prefix: pointer,
                read: Err(cause),
            }),
        };
        if flow.is_break() {
            return Ok(Some(flow));
        }
    }
    Ok(Some(ControlFlow::Continue(())))
}

fn read_file(
    path: &Path,
    take: &mut dyn FnMut(Arrival<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, SourceError> {
    let bytes = fs::metadata(path)?.len();
    if bytes > MAX_DOCUMENT_BYTES as u64 {
        let reader = BufReader::with_capacity(READ_AHEAD_BYTES, File::open(path)?);
        let too_big = ParseError::TooBig {
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        return each_listed(path, reader, take)?.ok_or(SourceError::Document(too_big));
    }
    let bytes = fs::read(path)?;
    if cut::is_long_list(&bytes)
        && let Some(flow) = each_listed(path, &*bytes, take)?
    {
        return Ok(flow);
    }
    Ok(take(Arrival {
        path,
        prefix: String::new(),
        read: Ok(Part::whole(&bytes)?),
    }))
}

fn failed(path: &Path, cause: SourceError) -> Arrival<'_> {
    Arrival {
        path,
        prefix: String::new(),
        read: Err(cause),
    }
}

fn is_hidden(entry: &walkdir::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}
