//! Files of data that a user names: one JSON file, or a folder of them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;
use walkdir::WalkDir;

use crate::error::DataError;

/// The JSON files at a path: itself, or those beneath the folder, by name.
pub(crate) fn json_files(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|cause| DataError::Folder {
            path: path.to_owned(),
            cause,
        })?;
        let is_json = entry
            .path()
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if entry.file_type().is_file() && (is_json || entry.depth() == 0)
            || entry.depth() == 0 && entry.path().is_file()
        {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Everything at `path` that `is_one` accepts, read; other files of a folder are passed over, but one must be there.
pub(crate) fn read_all<T: DeserializeOwned>(
    path: &Path,
    what: &'static str,
    is_one: impl Fn(&Value) -> bool,
) -> Result<Vec<(PathBuf, T)>, DataError> {
    let mut all = Vec::new();
    for file in json_files(path)? {
        let bytes = fs::read(&file).map_err(|cause| DataError::File {
            path: file.clone(),
            cause,
        })?;
        let content = |reason: String| DataError::Content {
            path: file.clone(),
            reason,
        };
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| content(error.to_string()))?;
        if is_one(&value) {
            let one = serde_json::from_value(value).map_err(|error| content(error.to_string()))?;
            all.push((file, one));
        }
    }
    if all.is_empty() {
        return Err(DataError::Nothing {
            path: path.to_owned(),
            what,
        });
    }
    Ok(all)
}
