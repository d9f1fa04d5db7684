//! A server behind an authority of its own, which lets nobody in without a certificate.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ayumi_misp_client::{Access, Client, Key, Patience};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

impl Authority {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let issuer = Issuer::new(params, key);
        let roots = Arc::new(roots);
        Self {
            folder,
            issuer,
            roots,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client certificate with its key.
    fn client(&self) -> PathBuf {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client".into()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = self.file("client.pem");
        fs::write(&path, certificate.pem() + &key.serialize_pem()).unwrap();
        path
    }

    /// Answers every request of who shows a certificate; says where.
    async fn serve(&self) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let verifier = WebPkiClientVerifier::builder(Arc::clone(&self.roots));
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let body = r#"{"version": "2.5.0"}"#;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}", body.len());
                let answer = format!("{head}\r\nConnection: close\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        format!("https://localhost:{port}")
    }
}

async fn version(access: Access) -> Result<String, &'static str> {
    let access = access.with_patience(Patience {
        pause: Duration::ZERO,
        ..Patience::default()
    });
    let client = Client::new(&access).unwrap();
    client.version().await.map_err(|error| error.kind())
}

#[tokio::test]
async fn own_authorities_and_client_certificates_are_taken() {
    let authority = Authority::new();
    let url = authority.serve().await;
    let access = || Access::new(&url, Key::new("key").unwrap()).unwrap();
    let (ca, certificate) = (authority.file("ca.pem"), authority.client());
    assert_eq!(version(access()).await, Err("misp-unreachable"));
    let trusting = access().trusting(&ca).unwrap();
    assert_eq!(version(trusting.clone()).await, Err("misp-unreachable"));
    let identified = trusting.identified_by(&certificate).unwrap();
    assert_eq!(version(identified).await, Ok("2.5.0".to_owned()));
}

#[test]
fn what_is_no_certificate_is_refused() {
    let authority = Authority::new();
    let access = || Access::new("https://misp.example", Key::new("key").unwrap()).unwrap();
    let (ca, none) = (authority.file("ca.pem"), authority.file("none.pem"));
    fs::write(&none, "hello").unwrap();
    let kinds = [
        access().trusting(&none).unwrap_err().kind(),
        access().identified_by(&none).unwrap_err().kind(),
        access().identified_by(&ca).unwrap_err().kind(),
        access()
            .trusting(&authority.file("absent"))
            .unwrap_err()
            .kind(),
    ];
    let bad = "misp-certificate";
    assert_eq!(kinds, [bad, bad, bad, "file"]);
}
