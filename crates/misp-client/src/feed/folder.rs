use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ayumi_misp::{Document, Many, Text, model};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use uuid::Uuid;

use super::read::read;
use super::{HASHES, MANIFEST};
use crate::copy::EventCopy;
use crate::error::{Error, Result};

/// A folder with a feed, as any MISP subscribes to it over a web server or from a disk.
#[derive(Debug, Clone)]
pub struct FeedFolder {
    folder: PathBuf,
}

/// What became of an event of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new in the feed.
    Added,
    /// Its file was written anew.
    Edited,
    /// It is as it was.
    Same,
}

impl Change {
    /// For people and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Edited => "edited",
            Self::Same => "same",
        }
    }
}

/// A feed that is being changed. Events that are not put stay; a file that would be the same is not touched.
#[derive(Debug)]
pub struct FeedEdit<'a> {
    feed: &'a FeedFolder,
    lists: Lists,
    _lock: File,
}

#[derive(Debug)]
struct Lists {
    manifest: BTreeMap<String, Value>,
    /// Of the values of each event.
    hashes: BTreeMap<String, BTreeSet<String>>,
}

impl FeedFolder {
    /// In a folder, which is made if there is none.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|cause| at(folder, cause))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Opens the feed for changes. Whoever else would change it waits until then.
    pub fn edit(&self) -> Result<FeedEdit<'_>> {
        let lock = File::open(&self.folder).map_err(|cause| at(&self.folder, cause))?;
        lock.lock().map_err(|cause| at(&self.folder, cause))?;
        Ok(FeedEdit {
            feed: self,
            lists: self.lists()?,
            _lock: lock,
        })
    }

    fn lists(&self) -> Result<Lists> {
        let damaged = |cause: String| Error::BadFeed {
            feed: self.folder.display().to_string(),
            cause,
        };
        let manifest = match read(&self.folder.join(MANIFEST))? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|cause| damaged(format!("{MANIFEST}: {cause}")))?,
            None => BTreeMap::new(),
        };
        let text = read_lines(&self.folder.join(HASHES))?;
        let mut hashes = BTreeMap::<String, BTreeSet<String>>::new();
        for line in text.lines() {
            if let Some((hash, uuid)) = line.split_once(',') {
                let hash = hash.to_owned();
                hashes.entry(uuid.to_owned()).or_default().insert(hash);
            }
        }
        Ok(Lists { manifest, hashes })
    }

    /// Writes a file whole or not at all, readable by a web server; `false` where it is there as it is.
    fn put(&self, path: &Path, bytes: &[u8]) -> Result<bool> {
        if fs::read(path).is_ok_and(|found| found == bytes) {
            return Ok(false);
        }
        self.replace(path, bytes).map_err(|cause| at(path, cause))?;
        Ok(true)
    }

    fn path(&self, uuid: &str) -> PathBuf {
        self.folder.join(format!("{uuid}.json"))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut aside = builder.tempfile_in(&self.folder)?;
        aside.write_all(bytes)?;
        aside.as_file().sync_all()?;
        aside.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl FeedEdit<'_> {
    /// Whether an event is in the feed.
    pub fn has(&self, uuid: Uuid) -> bool {
        let uuid = uuid.to_string();
        self.lists.manifest.contains_key(&uuid) && self.feed.path(&uuid).is_file()
    }

    /// Brings an event into the feed. Of two editions the newer stays, with the receipts of both.
    pub fn put(&mut self, copy: EventCopy) -> Result<Change> {
        let uuid = copy.uuid().to_string();
        let there = read(&self.feed.path(&uuid))?;
        let there = there.and_then(|bytes| EventCopy::written(&bytes).ok());
        let copy = match there.filter(|there| there.uuid() == copy.uuid()) {
            Some(there) => there.merged(copy),
            None => copy,
        };
        let text = copy.to_json().to_string();
        let document = Document::parse(text.as_bytes());
        let document = document.map_err(|_| Error::NoCopy("it is not MISP JSON"))?;
        let event = document.event().ok_or(Error::NoCopy("it is no event"))?;
        let is_written = self.feed.put(&self.feed.path(&uuid), text.as_bytes())?;
        self.lists.hashes.insert(uuid.clone(), hashes(&document));
        let known = self.lists.manifest.insert(uuid, entry(event));
        Ok(match (known, is_written) {
            (None, _) => Change::Added,
            (Some(_), true) => Change::Edited,
            (Some(_), false) => Change::Same,
        })
    }

    /// Writes the lists; the manifest last, when all that it names is there.
    pub fn finish(self) -> Result<()> {
        let (feed, lists) = (self.feed, &self.lists);
        feed.put(&feed.folder.join(HASHES), lists.hashes().as_bytes())?;
        let manifest = format!("{:#}", json!(lists.manifest));
        feed.put(&feed.folder.join(MANIFEST), manifest.as_bytes())?;
        Ok(())
    }
}

impl Lists {
    fn hashes(&self) -> String {
        let lines = self
            .hashes
            .iter()
            .flat_map(|(uuid, hashes)| hashes.iter().map(move |hash| format!("{hash},{uuid}\n")));
        lines.collect()
    }
}

fn at(path: &Path, cause: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        cause,
    }
}

/// Hashes have no limit of an event: a large feed has millions.
fn read_lines(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|cause| at(path, cause)),
    }
}

/// What the manifest says of an event.
fn entry(event: &model::Event) -> Value {
    let text = |text: &Text| text.text().unwrap_or_default().into_owned();
    let number = |place: &Text| text(place).parse::<u64>().unwrap_or(0);
    let organisation = event.orgc.read();
    let organisation =
        organisation.map(|org| json!({ "name": text(&org.name), "uuid": text(&org.uuid) }));
    json!({
        "Orgc": organisation,
        "Tag": tags(&event.tags),
        "info": text(&event.info),
        "date": text(&event.date),
        "analysis": number(&event.analysis),
        "threat_level_id": number(&event.threat_level_id),
        "timestamp": number(&event.timestamp),
    })
}

fn tags(tags: &Many<model::Tag>) -> Vec<Value> {
    let text = |text: &Text| text.text().unwrap_or_default().into_owned();
    let exported = tags.iter().filter(|tag| !tag.exportable.is_false());
    exported
        .map(|tag| {
            json!({
                "name": text(&tag.name),
                "colour": text(&tag.colour),
                "local": tag.local.is_true(),
                "relationship_type": text(&tag.relationship_type),
            })
        })
        .collect()
}

/// MD5 of every value, of both where a type has two: MISP finds by them which feeds know a value.
fn hashes(document: &Document) -> BTreeSet<String> {
    let hash = |value: &str| {
        let digest = Md5::digest(value.as_bytes());
        format!("{:032x}", u128::from_be_bytes(digest.into()))
    };
    let mut hashes = BTreeSet::new();
    for placed in document.attributes() {
        let attribute = placed.attribute;
        let value = attribute.value.text().unwrap_or_default();
        let kind = attribute.r#type.text().unwrap_or_default();
        if kind.contains('|') || kind == "malware-sample" {
            hashes.extend(value.split('|').map(hash));
        } else {
            hashes.insert(hash(&value));
        }
    }
    hashes
}
