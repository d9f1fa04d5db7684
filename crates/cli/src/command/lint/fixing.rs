//! Writes fixes into files, or shows them.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ayumi_lint::fix::{self, Change};
use ayumi_lint::source::Source;
use ayumi_lint::{Edit, Settings};
use ayumi_misp::{Context, MAX_DOCUMENT_BYTES};
use serde_json::json;

use crate::error::{InputError, Result};
use crate::output::Answer;
use crate::text::{clean, counted};

#[derive(Debug, clap::Args)]
pub(super) struct FixArgs {
    /// Write what follows from the document itself into the file
    #[arg(long)]
    pub(super) fix: bool,
    /// With --fix: show the changes, and end with 1 if there are any; write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// With --fix: write into another file
    #[arg(
        long,
        short,
        value_name = "FILE",
        requires = "fix",
        conflicts_with = "dry_run"
    )]
    output: Option<PathBuf>,
}

/// Where fixed documents go.
pub(super) enum Target {
    /// Nowhere: they are shown.
    Nowhere,
    /// Into the file that they came from.
    InPlace,
    /// Into another file.
    Other(PathBuf),
}

/// A file with its changes.
struct Fixed {
    path: PathBuf,
    changes: Vec<Change>,
}

impl FixArgs {
    pub(super) fn target(&self) -> Target {
        match (self.dry_run, &self.output) {
            (true, _) => Target::Nowhere,
            (false, Some(path)) => Target::Other(path.clone()),
            (false, None) => Target::InPlace,
        }
    }
}

pub(super) fn run(source: &dyn Source, settings: &Settings, target: &Target) -> Result<Answer> {
    let mut asked: Vec<(PathBuf, Vec<Edit>)> = Vec::new();
    let mut failures = Vec::new();
    let _ = source.each(&mut |arrival| {
        match arrival.read {
            Ok(part) => {
                let (context, notes) = Context::read(&part.document);
                let mut report = ayumi_lint::lint(&part.document, &context, &notes, settings);
                report.locate(part.bytes, &arrival.prefix, part.origin);
                let edits = fix::edits(&report);
                match asked.last_mut() {
                    Some((path, all)) if path.as_path() == arrival.path => all.extend(edits),
                    _ => asked.push((arrival.path.to_owned(), edits)),
                }
            }
            Err(cause) if cause.is_other() => {
                eprintln!(
                    "{}",
                    clean(&format!(
                        "skipped: {}{}: {cause}",
                        arrival.path.display(),
                        arrival.prefix
                    ))
                );
            }
            Err(cause) => failures.push(super::error(arrival.path, &arrival.prefix, cause)),
        }
        ControlFlow::Continue(())
    });
    // A file that cannot be read whole is not rewritten, nor is any other.
    if let Some(error) = failures.into_iter().next() {
        return Err(error);
    }
    if let (Target::Other(_), 2..) = (target, asked.len()) {
        return Err(InputError::Usage("-o is for one file".into()).into());
    }
    let fixed = asked
        .into_iter()
        .map(|(path, edits)| fix_file(path, &edits, target));
    let fixed = fixed.collect::<Result<Vec<_>>>()?;
    Ok(answer(&fixed, target))
}

fn fix_file(path: PathBuf, edits: &[Edit], target: &Target) -> Result<Fixed> {
    if edits.is_empty() && !matches!(target, Target::Other(_)) {
        return Ok(Fixed {
            path,
            changes: Vec::new(),
        });
    }
    let file = |path: &Path| {
        let path = path.to_owned();
        move |cause| InputError::File { path, cause }
    };
    if fs::metadata(&path).map_err(file(&path))?.len() > MAX_DOCUMENT_BYTES as u64 {
        return Err(InputError::TooLongToFix(path).into());
    }
    let bytes = fs::read(&path).map_err(file(&path))?;
    let changes = fix::changes(&bytes, edits);
    let fixed = fix::apply(&bytes, &changes);
    match target {
        Target::Nowhere => {}
        Target::InPlace => replace(&path, &fixed).map_err(file(&path))?,
        Target::Other(other) => replace(other, &fixed).map_err(file(other))?,
    }
    Ok(Fixed { path, changes })
}

/// Written aside, synced and renamed: whatever happens, the file is the old one or the new one. A link stays a link.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(&path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

fn answer(fixed: &[Fixed], target: &Target) -> Answer {
    let changed = fixed.iter().filter(|fixed| !fixed.changes.is_empty());
    let count = fixed.iter().map(|fixed| fixed.changes.len()).sum::<usize>();
    let files = changed.clone().count();
    let json = changed.clone().map(|fixed| {
        let all = fixed.changes.iter().map(|change| {
            json!({ "pointer": change.pointer, "before": change.before, "after": change.after })
        });
        json!({ "file": fixed.path.to_string_lossy(), "changes": all.collect::<Vec<_>>() })
    });
    let json =
        json!({ "written": !matches!(target, Target::Nowhere), "files": json.collect::<Vec<_>>() });
    let mut text = changed.map(diff).collect::<String>();
    let _ = write!(
        text,
        "{} in {}{}",
        counted(count as u64, "change"),
        counted(files as u64, "file"),
        if matches!(target, Target::Nowhere) {
            ", not written"
        } else {
            ""
        }
    );
    Answer::new(&json, text).negative_if(matches!(target, Target::Nowhere) && count > 0)
}

/// A difference by places: MISP writes whole events on one line, which no line of a usual diff would show.
fn diff(fixed: &Fixed) -> String {
    let name = clean(&fixed.path.display().to_string());
    let mut text = format!("--- {name}\n+++ {name}\n");
    for change in &fixed.changes {
        let _ = writeln!(text, "@@ {} @@", clean(&change.pointer));
        if !change.before.is_empty() {
            let _ = writeln!(text, "-{}", clean(&change.before));
        }
        let _ = writeln!(
            text,
            "+{}",
            clean(change.after.trim_matches([',', '\n', ' ', '\r', '\t']))
        );
    }
    text
}
