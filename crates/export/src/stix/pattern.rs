//! Patterns: STIX's own, and rules in other languages as they are.

use ayumi_misp::Direction;
use ipnet::IpNet;

use crate::observable::{Algorithm, Language, Mail, Observable};
use crate::report::Reason;
use crate::select::Selected;

/// The pattern of an indicator with its language. Every part has to be in it: without one it would match more.
pub(super) fn of(one: &Selected<'_>) -> Result<(&'static str, String), Reason> {
    let observables = one.observables()?;
    if let [Observable::Rule(language, text)] = observables {
        return Ok((language.name(), text.clone()));
    }
    let direction = one.stance.only();
    let pattern = match observables {
        [Observable::Address(network), Observable::Port(port)] => {
            of_endpoint(kind(*network), &compared(*network), *port, direction)
        }
        [Observable::Host(name), Observable::Port(port)] => of_endpoint(
            "domain-name",
            &format!("= {}", quoted(name)),
            *port,
            direction,
        ),
        [Observable::Address(network)] => of_address(*network, direction),
        [Observable::Domain(name), Observable::Address(network)] => format!(
            "[domain-name:value = {} AND domain-name:resolves_to_refs[*].value {}]",
            quoted(name),
            compared(*network)
        ),
        parts => {
            let parts = parts
                .iter()
                .map(comparison)
                .collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", parts.join(" AND "))
        }
    };
    Ok(("stix", pattern))
}

fn comparison(observable: &Observable) -> Result<String, Reason> {
    let equal = |path: &str, text: &str| format!("{path} = {}", quoted(text));
    Ok(match observable {
        Observable::Domain(name) | Observable::Host(name) => equal("domain-name:value", name),
        Observable::Url(link) => equal("url:value", &link.text),
        Observable::Mail(Mail::Any, address) => equal("email-addr:value", address),
        Observable::Mail(Mail::From, address) => equal("email-message:from_ref.value", address),
        Observable::Mail(Mail::To, address) => equal("email-message:to_refs[*].value", address),
        Observable::Mail(Mail::ReplyTo, address) => {
            equal("email-message:additional_header_fields.'Reply-To'", address)
        }
        Observable::Subject(text) => equal("email-message:subject", text),
        Observable::Digest(algorithm, digest) => {
            equal(&format!("file:hashes.{}", algorithm.key()?), digest)
        }
        Observable::Certificate(algorithm, digest) => equal(
            &format!("x509-certificate:hashes.{}", algorithm.key()?),
            digest,
        ),
        Observable::FileName(name) => equal("file:name", name),
        Observable::UserAgent(agent) => equal(
            "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
            agent,
        ),
        Observable::Mutex(name) => equal("mutex:name", name),
        Observable::RegistryKey(key) => equal("windows-registry-key:key", key),
        Observable::RegistryData(data) => equal("windows-registry-key:values[*].data", data),
        Observable::Address(_) | Observable::Port(_) | Observable::Rule(..) => {
            return Err(Reason::NoPlace);
        }
    })
}

/// An address, on the side of the traffic that is stated.
fn of_address(network: IpNet, direction: Option<Direction>) -> String {
    let (kind, compared) = (kind(network), compared(network));
    match direction {
        None => format!("[{kind}:value {compared}]"),
        Some(direction) => {
            let side = side(direction);
            format!(
                "[network-traffic:{side}_ref.type = '{kind}' AND network-traffic:{side}_ref.value {compared}]"
            )
        }
    }
}

/// An address or name with its port, on the side that is stated or else on either.
fn of_endpoint(kind: &str, compared: &str, port: u16, direction: Option<Direction>) -> String {
    let on = |side: &str| {
        format!(
            "[network-traffic:{side}_ref.type = '{kind}' AND network-traffic:{side}_ref.value {compared} AND network-traffic:{side}_port = {port}]"
        )
    };
    match direction {
        Some(direction) => on(side(direction)),
        None => format!("{} OR {}", on("dst"), on("src")),
    }
}

fn side(direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => "dst",
        Direction::Inbound => "src",
    }
}

fn kind(network: IpNet) -> &'static str {
    match network {
        IpNet::V4(_) => "ipv4-addr",
        IpNet::V6(_) => "ipv6-addr",
    }
}

fn compared(network: IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        format!("= '{}'", network.addr())
    } else {
        format!("ISSUBSET '{network}'")
    }
}

/// A string literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Sigma => "sigma",
            Self::Snort => "snort",
            Self::Yara => "yara",
        }
    }
}

impl Algorithm {
    /// Its key in STIX's vocabulary.
    fn key(self) -> Result<&'static str, Reason> {
        Ok(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "'SHA-1'",
            Self::Sha256 => "'SHA-256'",
            Self::Sha512 => "'SHA-512'",
            Self::Sha3256 => "'SHA3-256'",
            Self::Sha3512 => "'SHA3-512'",
            Self::Ssdeep => "SSDEEP",
            Self::Tlsh => "TLSH",
            Self::Sha224 | Self::Sha384 => return Err(Reason::NoPlace),
        })
    }
}
