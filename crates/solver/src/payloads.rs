//! Where payloads lie: a local folder, or an object store of S3's, Google's or Azure's kind.

use std::path::Path as FilePath;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

/// Why a payload could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The setting names no store that we know.
    #[error("assets = {given:?} is no folder and no URL of an object store: {cause}")]
    Unknown {
        /// From the configuration.
        given: String,
        /// What is wrong.
        cause: String,
    },
    /// The folder cannot be made.
    #[error("cannot keep payloads in {folder}: {cause}")]
    Folder {
        /// From the configuration.
        folder: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The store does not do what it was asked.
    #[error("the payload store: {0}")]
    Store(#[from] object_store::Error),
}

/// The payloads, by producer and content root. Clones share the store.
#[derive(Debug, Clone)]
pub struct Payloads(Arc<dyn ObjectStore>);

impl Payloads {
    /// Opens `place`: a folder, or a URL such as `s3://bucket/folder`, `gs://…` or `az://…`, for which the settings that
    /// the provider's own tools know are taken from the environment.
    pub fn open(place: &str) -> Result<Self, PayloadError> {
        if !place.contains("://") {
            return Self::local(FilePath::new(place));
        }
        let unknown = |cause: String| PayloadError::Unknown {
            given: place.to_owned(),
            cause,
        };
        let url = place
            .parse()
            .map_err(|cause: <reqwest::Url as std::str::FromStr>::Err| {
                unknown(cause.to_string())
            })?;
        let settings = std::env::vars().map(|(name, value)| (name.to_lowercase(), value));
        let (store, prefix) = object_store::parse_url_opts(&url, settings)
            .map_err(|cause| unknown(cause.to_string()))?;
        Ok(Self(Arc::new(PrefixStore::new(store, prefix))))
    }

    fn local(folder: &FilePath) -> Result<Self, PayloadError> {
        let failed = |cause| PayloadError::Folder {
            folder: folder.display().to_string(),
            cause,
        };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed)?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self(Arc::new(store)))
    }

    /// Keeps a payload: it is on disk when this returns.
    pub async fn put(
        &self,
        producer: Address,
        content_root: B256,
        payload: Vec<u8>,
    ) -> Result<(), PayloadError> {
        let payload = PutPayload::from(payload);
        self.0.put(&path(producer, content_root), payload).await?;
        Ok(())
    }

    /// A payload, if it is here.
    pub async fn get(
        &self,
        producer: Address,
        content_root: B256,
    ) -> Result<Option<Vec<u8>>, PayloadError> {
        match self.0.get(&path(producer, content_root)).await {
            Ok(found) => Ok(Some(found.bytes().await?.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// `producer/root`, in hexadecimal digits.
fn path(producer: Address, content_root: B256) -> Path {
    Path::from_iter([format!("{producer:x}"), format!("{content_root:x}")])
}
