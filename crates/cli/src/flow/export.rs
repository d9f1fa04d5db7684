//! What a delivered document becomes for the controls of its consumer.

use std::path::{Path, PathBuf};

use ayumi_export::{Export, Format, Listing, Options, Report, export};
use ayumi_misp::Document;
use serde::Serialize;

use super::redeem::write_new;
use crate::error::{InputError, Result};
use crate::listing;
use crate::read::Product;

/// What is written beside a document.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// In which format.
    pub format: Format,
    /// Which indicators. That a document says it is not published does not matter: its product is.
    pub options: Options,
}

/// An export that was written.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// Where.
    pub file: PathBuf,
    /// In which format.
    #[serde(serialize_with = "crate::text::as_text")]
    pub format: Format,
    /// What is in it, and what is not.
    pub report: Report,
}

impl ExportOptions {
    /// Where the export of a document goes: its name with the format's ending instead of `.json`.
    pub(crate) fn file(&self, document: &Path) -> PathBuf {
        let name = document.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".json").unwrap_or(&name);
        document.with_file_name(format!("{stem}.{}", self.format.extension()))
    }

    /// Writes what is selected of a delivered document, within what the product's listing states.
    pub(crate) fn write(
        &self,
        product: &Product,
        document: &Path,
        bytes: &[u8],
        force: bool,
    ) -> Result<Exported> {
        let parsed = Document::parse(bytes).map_err(|cause| InputError::Document {
            path: document.to_owned(),
            cause,
        })?;
        let options = Options {
            unpublished: true,
            listing: Some(Listing::from(&listing::context(&product.listing))),
            ..self.options.clone()
        };
        let Export { text, report } = export(&[parsed], self.format, &options);
        let file = self.file(document);
        write_new(&file, text.as_bytes(), force)?;
        Ok(Exported {
            file,
            format: self.format,
            report,
        })
    }
}
