use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Identity, Url};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Until an answer is given up on. A search over a large server takes its minutes.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);

/// Where a server is, and how it is entered.
#[derive(Debug, Clone)]
pub struct Access {
    pub(crate) url: Url,
    pub(crate) key: Option<Key>,
    pub(crate) authorities: Vec<Certificate>,
    pub(crate) identity: Option<Identity>,
    pub(crate) within: Duration,
    pub(crate) patience: Patience,
}

/// A user's key of a server. It is shown nowhere, and its memory is overwritten.
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

/// How failures of a server are borne.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often a request is sent that may be sent again.
    pub tries: u32,
    /// Before the second try; doubled before each one after it.
    pub pause: Duration,
    /// The longest that a server which asks for it is waited for.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            pause: Duration::from_millis(500),
            longest: Duration::from_mins(5),
        }
    }
}

impl Access {
    /// Of a server at its base URL, `https://misp.example` or below a path; entered with a key.
    pub fn new(url: &str, key: Key) -> Result<Self> {
        let access = Self::open(url)?;
        if access.url.scheme() == "http" && !is_here(&access.url) {
            return Err(Error::Insecure(url.to_owned()));
        }
        Ok(Self {
            key: Some(key),
            ..access
        })
    }

    /// Of a place that is entered without a key, such as a feed.
    pub fn open(url: &str) -> Result<Self> {
        let bad = || Error::BadUrl(without_secrets(url));
        let mut base = Url::parse(url).map_err(|_| bad())?;
        let has_user = !base.username().is_empty() || base.password().is_some();
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() || has_user {
            return Err(bad());
        }
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Self {
            url: base,
            key: None,
            authorities: Vec::new(),
            identity: None,
            within: ANSWER_WITHIN,
            patience: Patience::default(),
        })
    }

    /// Trusts the authorities of a PEM file beside those of the system.
    pub fn trusting(mut self, path: &Path) -> Result<Self> {
        let found = Certificate::from_pem_bundle(&read(path)?).unwrap_or_default();
        if found.is_empty() {
            return Err(Error::BadCertificate(path.to_owned()));
        }
        self.authorities = found;
        Ok(self)
    }

    /// Shows the client certificate of a PEM file, which has its private key too.
    pub fn identified_by(mut self, path: &Path) -> Result<Self> {
        let pem = Zeroizing::new(read(path)?);
        let identity =
            Identity::from_pem(&pem).map_err(|_| Error::BadCertificate(path.to_owned()))?;
        self.identity = Some(identity);
        Ok(self)
    }

    /// Gives an answer up after this time.
    #[must_use]
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Bears failures like this.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }
}

impl Key {
    /// Of its text; space around it is none of it.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::BadKey);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Out of a file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = Zeroizing::new(read(path)?);
        Self::new(std::str::from_utf8(&bytes).map_err(|_| Error::BadKey)?)
    }

    pub(crate) fn header(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&self.0).expect("a key is visible ASCII");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn is_here(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.starts_with("127.") && host.parse::<std::net::Ipv4Addr>().is_ok(),
        None => false,
    }
}

/// What somebody typed as a URL, without what may be a password in it.
fn without_secrets(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| Error::File {
        path: PathBuf::from(path),
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_and_never_shown() {
        let key = Key::new(" abcDEF123 \n").unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(format!("{:?}", key.header()), "Sensitive");
        for text in ["", " \n", "a b", "a\u{7}b", "schlüssel"] {
            assert!(Key::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_goes_over_tls_or_stays_on_this_machine() {
        let key = || Key::new("key").unwrap();
        for url in [
            "https://misp.example",
            "https://x.example/misp/",
            "http://127.0.0.1:80",
            "http://[::1]",
            "http://localhost",
        ] {
            assert!(Access::new(url, key()).is_ok(), "{url}");
        }
        for url in [
            "http://misp.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
        ] {
            let error = Access::new(url, key()).unwrap_err();
            assert!(matches!(error, Error::Insecure(_)), "{url}");
        }
    }

    #[test]
    fn a_url_has_a_host_and_no_password() {
        for url in [
            "",
            "misp.example",
            "ftp://misp.example",
            "https://",
            "https://me:secret@misp.example",
        ] {
            let error = Access::open(url).unwrap_err();
            assert!(matches!(error, Error::BadUrl(_)), "{url}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
