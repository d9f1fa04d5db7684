use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use ayumi_export::{Format, export};
use ayumi_misp::{Document, MAX_DOCUMENT_BYTES, ParseError};
use serde_json::json;

use crate::args::{SelectionArgs, words};
use crate::error::{InputError, Result};
use crate::flow::{read_document, write_new};
use crate::listing::told;
use crate::output::Answer;
use crate::text::clean;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// MISP JSON document, a folder of them (its *.json), or - for stdin
    file: PathBuf,
    /// What to write
    #[arg(long, value_parser = words::<Format>())]
    format: Format,
    /// Where to write it, instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file with other content
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// A file of a folder that is no MISP document.
struct Unread {
    file: PathBuf,
    cause: ParseError,
}

impl Args {
    pub(crate) fn run(self) -> Result<Answer> {
        let (documents, unread) = documents(&self.file)?;
        let export = export(&documents, self.format, &self.selection.options());
        let mut json = json!({
            "format": self.format,
            "documents": documents.len(),
            "notRead": unread.iter().map(|one| json!({ "file": one.file.to_string_lossy(), "reason": one.cause.to_string() })).collect::<Vec<_>>(),
            "report": export.report,
        });
        let text = if let Some(file) = &self.output {
            write_new(file, export.text.as_bytes(), self.force)?;
            json["file"] = json!(file.to_string_lossy());
            String::new()
        } else {
            json["content"] = json!(export.text);
            shown(&export.text)
        };
        let mut remark = unread.iter().map(Unread::told).collect::<String>();
        remark += &told(self.format, &export.report);
        Ok(Answer::new(&json, text)
            .remarking(remark)
            .negative_if(export.report.exported == 0))
    }
}

impl Unread {
    fn told(&self) -> String {
        clean(&format!(
            "not read: {}: {}",
            self.file.display(),
            self.cause
        )) + "\n"
    }
}

/// Exactly what was written; on a terminal, nothing that steers it.
fn shown(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if !io::stdout().is_terminal() {
        return text.to_owned();
    }
    let plain = |line: &str| line.split('\t').map(clean).collect::<Vec<_>>().join("\t");
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// One document; of a folder all that are, and those that are not.
fn documents(path: &Path) -> Result<(Vec<Document>, Vec<Unread>), InputError> {
    if path == Path::new("-") {
        let document = parsed(Path::new("stdin"), &standard_input()?)?;
        return Ok((vec![document], Vec::new()));
    }
    if !path.is_dir() {
        return Ok((vec![parsed(path, &read_document(path)?)?], Vec::new()));
    }
    let (mut documents, mut unread) = (Vec::new(), Vec::new());
    for file in json_files(path)? {
        match parsed(&file, &read_document(&file)?) {
            Ok(document) => documents.push(document),
            Err(InputError::Document { path: file, cause }) => unread.push(Unread { file, cause }),
            Err(error) => return Err(error),
        }
    }
    if documents.is_empty() {
        return Err(InputError::NoDocuments(path.to_owned()));
    }
    Ok((documents, unread))
}

fn parsed(path: &Path, bytes: &[u8]) -> Result<Document, InputError> {
    Document::parse(bytes).map_err(|cause| InputError::Document {
        path: path.to_owned(),
        cause,
    })
}

fn standard_input() -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(MAX_DOCUMENT_BYTES as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(|cause| InputError::File {
        path: "stdin".into(),
        cause,
    })?;
    Ok(bytes)
}

/// The JSON files of a folder, by their names.
fn json_files(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let io = |cause| InputError::File {
        path: folder.to_owned(),
        cause,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
