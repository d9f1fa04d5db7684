use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use ayumi_misp::{MAX_DOCUMENT_BYTES, model};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use super::MANIFEST;
use crate::access::Access;
use crate::error::{Error, Result};
use crate::http::{Http, Repeat};
use crate::search::Entry;

/// A feed that somebody offers.
#[derive(Debug, Clone)]
pub struct Feed(Place);

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Server(Box<Http>),
}

impl Feed {
    /// In a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self(Place::Folder(folder.to_owned()))
    }

    /// On a web server. No key goes there.
    pub fn at(access: &Access) -> Result<Self> {
        Ok(Self(Place::Server(Box::new(Http::new(access)?))))
    }

    /// Its events, oldest change first.
    pub async fn entries(&self) -> Result<Vec<Entry>> {
        let Some(bytes) = self.file(MANIFEST).await? else {
            return Err(self.damaged(format!("it has no {MANIFEST}")));
        };
        let manifest = serde_json::from_slice::<BTreeMap<String, Value>>(&bytes)
            .map_err(|cause| self.damaged(format!("{MANIFEST}: {cause}")))?;
        let mut entries = Vec::new();
        for (name, facts) in manifest {
            let uuid = name
                .parse::<Uuid>()
                .map_err(|_| self.damaged(format!("{MANIFEST}: {name:?} is no uuid")))?;
            let facts = serde_json::from_value::<model::Event>(facts)
                .map_err(|cause| self.damaged(format!("{MANIFEST}: {uuid}: {cause}")))?;
            let text = |text: &ayumi_misp::Text| text.text().unwrap_or_default().into_owned();
            entries.push(Entry {
                uuid,
                timestamp: text(&facts.timestamp).parse().unwrap_or(0),
                info: text(&facts.info),
            });
        }
        entries.sort_by_key(|entry| (entry.timestamp, entry.uuid));
        Ok(entries)
    }

    /// An event of it, byte for byte.
    pub async fn event(&self, uuid: Uuid) -> Result<Vec<u8>> {
        let name = format!("{uuid}.json");
        let bytes = self.file(&name).await?;
        bytes.ok_or_else(|| self.damaged(format!("{MANIFEST} names {name}, and there is none")))
    }

    async fn file(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match &self.0 {
            Place::Folder(folder) => read(&folder.join(name)),
            Place::Server(http) => {
                let request = http.request(Method::GET, name)?;
                match http
                    .send(&format!("GET {name}"), request, Repeat::Freely)
                    .await
                {
                    Ok(bytes) => Ok(Some(bytes)),
                    // A web server says it with a page of its own.
                    Err(Error::NotFound { .. } | Error::NotMisp { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        }
    }

    fn damaged(&self, cause: String) -> Error {
        let feed = match &self.0 {
            Place::Folder(folder) => folder.display().to_string(),
            Place::Server(http) => http.base().to_string(),
        };
        Error::BadFeed { feed, cause }
    }
}

/// The bytes of a file, if there is one; never more than an event may have.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let io = |cause| Error::File {
        path: path.to_owned(),
        cause,
    };
    let file = match File::open(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(io)?,
    };
    let (mut bytes, most) = (Vec::new(), MAX_DOCUMENT_BYTES + 64 * 1024);
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() > most {
        let what = path.display().to_string();
        return Err(Error::TooLarge { what, most });
    }
    Ok(Some(bytes))
}
