//! Indicators of a document in a text that is to be public (promises P1 and P8 of the design).
//!
//! Both sides are refanged and compared in lower case, as whole words: `evil.example` is in `www.evil.example`, but
//! `192.0.2.1` is not in `192.0.2.10`. Values of composite types are taken apart, and the host of a URL counts as its
//! part. Some types never leak: see [`NEVER`] and [`REFERENCES`].

use serde::Serialize;

use crate::document::{Document, Placed};
use crate::refang::comparable;

/// An attribute whose value is in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The JSON pointer of the attribute in the document.
    pub pointer: String,
    /// Its value, as it is written there.
    pub value: String,
}

/// Types whose values are prose, small numbers, or the very words by which a threat is named in public.
const NEVER: [&str; 35] = [
    "anonymised",
    "boolean",
    "campaign-id",
    "campaign-name",
    "comment",
    "counter",
    "country-of-residence",
    "cpe",
    "datetime",
    "float",
    "gender",
    "http-method",
    "integer",
    "malware-type",
    "mime-type",
    "nationality",
    "other",
    "passport-country",
    "payment-details",
    "place-of-birth",
    "port",
    "primary-residence",
    "process-state",
    "size-in-bytes",
    "special-service-request",
    "target-external",
    "target-location",
    "target-org",
    "text",
    "threat-actor",
    "travel-details",
    "vulnerability",
    "weakness",
    "whois-creation-date",
    "whois-registrar",
];

/// Types that point to a report in public, unless they are marked for detection.
const REFERENCES: [&str; 2] = ["link", "git-commit-id"];

/// Types whose values are recognised by their form, so that a short one counts too.
const NETWORK: [&str; 11] = [
    "ip-src",
    "ip-dst",
    "domain",
    "hostname",
    "url",
    "uri",
    "email",
    "email-src",
    "email-dst",
    "email-reply-to",
    "onion-address",
];

/// The shortest network value that names one host: `t.co`.
const MIN_NETWORK_CHARS: usize = 4;

/// The shortest value of any other type that looks like no plain word.
const MIN_CHARS: usize = 6;

/// From this length on a single plain word counts too: a password or a mutex, no longer a word of a title.
const MIN_WORD_CHARS: usize = 14;

impl Document {
    /// The attributes, deleted and proposed ones too, whose values are in `text`.
    pub fn leaks(&self, text: &str) -> Vec<Leak> {
        let text = comparable(text);
        self.attributes_and_proposals()
            .filter_map(|placed| leak(&placed, &text))
            .collect()
    }
}

fn leak(placed: &Placed<'_>, text: &str) -> Option<Leak> {
    let kind = placed.attribute.r#type.text().unwrap_or_default();
    let value = placed.attribute.value.text()?;
    if REFERENCES.contains(&&*kind) && !placed.attribute.to_ids.is_true() {
        return None;
    }
    let found = parts(&kind, &value).any(|(kind, part)| is_in(kind, part, text));
    found.then(|| Leak {
        pointer: placed.pointer(),
        value: value.into_owned(),
    })
}

/// The parts of a value with their types: `filename|md5` has two. Whoever leaks the whole leaks its parts.
fn parts<'a>(kind: &'a str, value: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let kinds = if kind == "malware-sample" {
        "filename|md5"
    } else {
        kind
    };
    let count = kinds.split('|').count();
    kinds.split('|').zip(value.splitn(count, '|'))
}

fn is_in(kind: &str, part: &str, text: &str) -> bool {
    if NEVER.contains(&kind) {
        return false;
    }
    let part = comparable(part.trim());
    let bare = part
        .split_once("://")
        .map_or(&*part, |(_, rest)| rest)
        .trim_end_matches('/');
    let is_in = |value| counts(kind, value) && has_word(text, value);
    is_in(bare) || kind == "url" && is_in(host_of(bare))
}

fn counts(kind: &str, value: &str) -> bool {
    let length = value.chars().count();
    if NETWORK.contains(&kind) {
        return length >= MIN_NETWORK_CHARS && value.contains(['.', ':', '@', '/']);
    }
    let plain = value.chars().all(char::is_alphabetic);
    length >= if plain { MIN_WORD_CHARS } else { MIN_CHARS }
}

/// `user@host:port/path` without all but the host.
fn host_of(url: &str) -> &str {
    let authority = url.split(['/', '?', '#']).next().unwrap_or(url);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// Whether `word` is in `text` and no letter or digit of its alphabet continues it. Japanese has no spaces, so only ASCII
/// continues an ASCII word.
fn has_word(text: &str, word: &str) -> bool {
    let continues = |edge: Option<char>, next: Option<char>| {
        edge.is_some_and(char::is_alphanumeric)
            && next.is_some_and(|next| next.is_ascii_alphanumeric())
    };
    if word.len() > text.len() {
        return false;
    }
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (
            text[..start].chars().next_back(),
            text[start + word.len()..].chars().next(),
        );
        !continues(word.chars().next(), before) && !continues(word.chars().next_back(), after)
    })
}
