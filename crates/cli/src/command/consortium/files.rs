//! Files of the folder: secrets are their owner's alone.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::error::{InputError, Result};

/// The mode of secrets.
pub(super) const SECRET: u32 = 0o600;

/// The mode of what anybody may read.
const PUBLIC: u32 = 0o644;

/// Writes what anybody may read.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    write_with_mode(path, text, PUBLIC)
}

/// Writes what its owner alone may read.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<()> {
    write_with_mode(path, text, SECRET)
}

/// The file is made with the mode, so that nobody can read a secret even for a moment.
fn write_with_mode(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = make_parent(path)
        .and_then(|()| options.open(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|cause| failed(path, cause))
}

fn make_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// A new folder in `parent` that its owner alone may enter, and that goes if it is not kept.
pub(super) fn private_folder(parent: &Path) -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".consortium-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent)
}

pub(super) fn failed(path: &Path, cause: std::io::Error) -> crate::error::Error {
    let path = path.to_owned();
    InputError::File { path, cause }.into()
}

/// The user and group that a folder belongs to.
#[cfg(unix)]
pub(super) fn owner(folder: &Path) -> Result<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(folder).map_err(|cause| failed(folder, cause))?;
    Ok((metadata.uid(), metadata.gid()))
}

/// Besu's own, in its image.
#[cfg(not(unix))]
pub(super) fn owner(_: &Path) -> Result<(u32, u32)> {
    Ok((1_000, 1_000))
}

/// The mode of a file.
#[cfg(unix)]
pub(super) fn mode(path: &Path) -> std::io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

/// Where there are no modes, nothing is wrong with them.
#[cfg(not(unix))]
pub(super) fn mode(path: &Path) -> std::io::Result<u32> {
    fs::metadata(path).map(|_| SECRET)
}
