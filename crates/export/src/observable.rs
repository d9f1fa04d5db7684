//! What the value of an attribute is made of.

use ayumi_misp::ControlPoint;
use ipnet::IpNet;

use crate::report::Reason;
use crate::value::{self, Link};

/// What a part of a value can be seen as: the type of an [`Observable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Address,
    Port,
    Domain,
    Host,
    Url,
    Mail(Mail),
    Subject,
    Digest(Algorithm),
    Certificate(Algorithm),
    FileName,
    UserAgent,
    Mutex,
    RegistryKey,
    RegistryData,
    Rule(Language),
}

/// A part of a value, checked and refanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Observable {
    /// An address or a network.
    Address(IpNet),
    /// A port of the address or host before it.
    Port(u16),
    /// A name with all names below it.
    Domain(String),
    /// A name alone.
    Host(String),
    Url(Link),
    Mail(Mail, String),
    Subject(String),
    /// A file's digest.
    Digest(Algorithm, String),
    /// An X.509 certificate's digest.
    Certificate(Algorithm, String),
    FileName(String),
    UserAgent(String),
    Mutex(String),
    RegistryKey(String),
    RegistryData(String),
    /// A rule in a language of its own.
    Rule(Language, String),
}

/// Which address of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mail {
    Any,
    From,
    To,
    ReplyTo,
}

/// A digest's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3256,
    Sha3512,
    Ssdeep,
    Tlsh,
}

/// A rule's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Sigma,
    Snort,
    Yara,
}

/// The parts of a type's value; `None` for types that are read by people.
pub(crate) fn classes(kind: &str) -> Option<Vec<Class>> {
    if let Some(digest) = kind.strip_prefix("filename|") {
        return Some(vec![Class::FileName, Class::Digest(algorithm(digest)?)]);
    }
    if let Some(algorithm) = algorithm(kind) {
        return Some(vec![Class::Digest(algorithm)]);
    }
    let classes = match kind {
        "ip-src" | "ip-dst" => vec![Class::Address],
        "ip-src|port" | "ip-dst|port" => vec![Class::Address, Class::Port],
        "domain" => vec![Class::Domain],
        "domain|ip" => vec![Class::Domain, Class::Address],
        "hostname" => vec![Class::Host],
        "hostname|port" => vec![Class::Host, Class::Port],
        "url" | "link" => vec![Class::Url],
        "email" => vec![Class::Mail(Mail::Any)],
        "email-src" => vec![Class::Mail(Mail::From)],
        "email-dst" => vec![Class::Mail(Mail::To)],
        "email-reply-to" => vec![Class::Mail(Mail::ReplyTo)],
        "email-subject" => vec![Class::Subject],
        "filename" | "email-attachment" => vec![Class::FileName],
        "malware-sample" => vec![Class::FileName, Class::Digest(Algorithm::Md5)],
        "x509-fingerprint-md5" => vec![Class::Certificate(Algorithm::Md5)],
        "x509-fingerprint-sha1" => vec![Class::Certificate(Algorithm::Sha1)],
        "x509-fingerprint-sha256" => vec![Class::Certificate(Algorithm::Sha256)],
        "user-agent" | "http-user-agent" => vec![Class::UserAgent],
        "mutex" => vec![Class::Mutex],
        "regkey" => vec![Class::RegistryKey],
        "regkey|value" => vec![Class::RegistryKey, Class::RegistryData],
        "sigma" => vec![Class::Rule(Language::Sigma)],
        "snort" => vec![Class::Rule(Language::Snort)],
        "yara" => vec![Class::Rule(Language::Yara)],
        _ => return None,
    };
    Some(classes)
}

fn algorithm(kind: &str) -> Option<Algorithm> {
    let algorithm = match kind {
        "md5" => Algorithm::Md5,
        "sha1" => Algorithm::Sha1,
        "sha224" => Algorithm::Sha224,
        "sha256" => Algorithm::Sha256,
        "sha384" => Algorithm::Sha384,
        "sha512" => Algorithm::Sha512,
        "sha3-256" => Algorithm::Sha3256,
        "sha3-512" => Algorithm::Sha3512,
        "ssdeep" => Algorithm::Ssdeep,
        "tlsh" => Algorithm::Tlsh,
        _ => return None,
    };
    Some(algorithm)
}

/// The observables of a value whose parts are of `classes`, of which only those that `wanted` accepts are read.
pub(crate) fn read(
    classes: &[Class],
    value: &str,
    wanted: impl Fn(Class) -> bool,
) -> Result<Vec<Observable>, Reason> {
    let parts = value.splitn(classes.len(), '|').collect::<Vec<_>>();
    if parts.len() != classes.len() {
        return Err(Reason::Malformed);
    }
    let wanted = classes
        .iter()
        .zip(parts)
        .filter(|(class, _)| wanted(**class));
    wanted.map(|(class, part)| class.read(part)).collect()
}

impl Observable {
    /// Whether it is a name or a URL, as [`Class::is_contacted`] has it.
    pub(crate) fn is_contacted(&self) -> bool {
        matches!(self, Self::Domain(_) | Self::Host(_) | Self::Url(_))
    }
}

impl Class {
    /// Whether it is a name or a URL, which one side of a connection looks up and the other never has.
    pub(crate) fn is_contacted(self) -> bool {
        matches!(self, Self::Domain | Self::Host | Self::Url)
    }

    /// Whether it can be of use at a control point.
    pub(crate) fn is_of_use_at(self, point: ControlPoint) -> bool {
        use ControlPoint::{Dns, Endpoint, Firewall, Ids, Mail, Proxy, Siem, Waf};
        let points: &[ControlPoint] = match self {
            Self::Address => &[Proxy, Dns, Firewall, Waf, Ids, Endpoint],
            Self::Port => &[Proxy, Firewall, Waf, Ids, Endpoint],
            Self::Domain | Self::Host => &[Proxy, Dns, Ids, Endpoint],
            Self::Url => &[Proxy, Ids, Endpoint],
            Self::Mail(_) | Self::Subject => &[Mail],
            Self::Digest(_) | Self::FileName => &[Ids, Endpoint, Mail],
            Self::Certificate(_) => &[Proxy, Ids],
            Self::UserAgent => &[Proxy, Waf, Ids],
            Self::Mutex | Self::RegistryKey | Self::RegistryData | Self::Rule(Language::Yara) => {
                &[Endpoint]
            }
            Self::Rule(Language::Snort) => &[Ids],
            Self::Rule(Language::Sigma) => &[],
        };
        point == Siem || points.contains(&point)
    }

    fn read(self, part: &str) -> Result<Observable, Reason> {
        let observable = match self {
            Self::Address => Observable::Address(value::address(part)?),
            Self::Port => Observable::Port(port(part)?),
            Self::Domain => Observable::Domain(value::domain(part)?),
            Self::Host => Observable::Host(value::name(part)?),
            Self::Url => Observable::Url(value::link(part)?),
            Self::Mail(which) => Observable::Mail(which, value::mailbox(part)?),
            Self::Digest(algorithm) => Observable::Digest(algorithm, algorithm.read(part)?),
            Self::Certificate(algorithm) => {
                Observable::Certificate(algorithm, algorithm.read(&part.replace(':', ""))?)
            }
            Self::Subject => Observable::Subject(text(part)?),
            Self::FileName => Observable::FileName(text(part)?),
            Self::UserAgent => Observable::UserAgent(text(part)?),
            Self::Mutex => Observable::Mutex(text(part)?),
            Self::RegistryKey => Observable::RegistryKey(text(part)?),
            Self::RegistryData => Observable::RegistryData(text(part)?),
            Self::Rule(language) => Observable::Rule(language, text(part)?),
        };
        Ok(observable)
    }
}

impl Algorithm {
    fn read(self, part: &str) -> Result<String, Reason> {
        let part = part.trim();
        let digits = match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha224 => 56,
            Self::Sha256 | Self::Sha3256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 | Self::Sha3512 => 128,
            Self::Ssdeep => return fuzzy(part, part.matches(':').count() == 2),
            Self::Tlsh => return fuzzy(part, part.len() >= 70),
        };
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Reason::Malformed);
        }
        Ok(part.to_ascii_lowercase())
    }
}

/// A fuzzy digest: letters of Base64, and ssdeep's colons.
fn fuzzy(part: &str, has_form: bool) -> Result<String, Reason> {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/:=".contains(&byte);
    if has_form && part.bytes().all(is_digit) {
        return Ok(part.to_owned());
    }
    Err(Reason::Malformed)
}

fn port(part: &str) -> Result<u16, Reason> {
    let number = part.trim().parse().ok();
    number
        .filter(|number| *number != 0)
        .ok_or(Reason::Malformed)
}

fn text(part: &str) -> Result<String, Reason> {
    if part.trim().is_empty() || part.contains('\0') {
        return Err(Reason::Malformed);
    }
    Ok(part.trim().to_owned())
}
