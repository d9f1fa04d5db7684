//! HTTPS with a certificate and a key from PEM files, which are read again on request.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Where the certificate and its key are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pem {
    /// A file with the certificate, and those between it and the authority's.
    pub certificate: PathBuf,
    /// A file with its secret key.
    pub key: PathBuf,
}

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or not of its form.
    #[error("cannot read the {what} {path}: {cause}")]
    File {
        /// `certificate` or `key`.
        what: &'static str,
        /// Of the file.
        path: PathBuf,
        /// What is wrong.
        cause: rustls::pki_types::pem::Error,
    },
    /// The two do not go together.
    #[error("the certificate {certificate} and the key {key} cannot be used: {cause}")]
    Pair {
        /// Its file.
        certificate: PathBuf,
        /// Its file.
        key: PathBuf,
        /// What is wrong.
        cause: rustls::Error,
    },
}

/// Speaks TLS. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    pem: Pem,
    config: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// With the certificate that is in the files now.
    pub fn open(pem: Pem) -> Result<Self, TlsError> {
        let config = pem.read()?;
        Ok(Self {
            pem,
            config: Arc::new(RwLock::new(config)),
        })
    }

    /// Reads the files again. Connections that are open stay as they are; where a file is wrong, all does.
    pub fn renew(&self) -> Result<(), TlsError> {
        let config = self.pem.read()?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// The other side's stream, once it agreed on a key.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> std::io::Result<TlsStream<S>> {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }
}

impl Pem {
    fn read(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let wrong = |what, path: &Path| {
            let path = path.to_owned();
            move |cause| TlsError::File { what, path, cause }
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(wrong("certificate", &self.certificate))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(wrong("key", &self.key))?;
        let pair = |cause| TlsError::Pair {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            cause,
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
