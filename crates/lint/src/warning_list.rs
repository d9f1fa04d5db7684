//! MISP's warning lists: values that many events have and few mean.
//!
//! A list is a JSON file `{"name", "type", "list", "matching_attributes"}` as
//! <https://github.com/MISP/misp-warninglists> has them.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::path::Path;

use aho_corasick::AhoCorasick;
use ipnet::IpNet;
use regex::RegexSet;
use serde::Deserialize;

use crate::error::DataError;
use crate::{data, host};

/// The lists that were given.
#[derive(Debug, Default)]
pub struct WarningLists(Vec<List>);

#[derive(Debug)]
struct List {
    name: String,
    /// The types that it is about; any, if none are named.
    kinds: HashSet<String>,
    entries: Entries,
}

#[derive(Debug)]
enum Entries {
    Exact(HashSet<String>),
    Inside(AhoCorasick),
    Hosts(HashSet<String>),
    Networks(Networks),
    Patterns(RegexSet),
}

/// Networks by their first address and length, so that a long list is no longer to search than a short one.
#[derive(Debug, Default)]
struct Networks {
    lengths: BTreeSet<(bool, u8)>,
    known: HashSet<IpNet>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    list: Vec<String>,
    #[serde(default)]
    matching_attributes: Vec<String>,
}

impl WarningLists {
    /// Reads a list, or all the lists beneath a folder.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let files = data::read_all::<File>(path, "a warning list", |value| {
            value.get("list").is_some() && value.get("name").is_some()
        })?;
        let lists = files.into_iter().map(|(path, file)| {
            List::new(file).map_err(|reason| DataError::Content { path, reason })
        });
        lists.collect::<Result<_, _>>().map(Self)
    }

    /// Takes the lists of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first list that has a value of the type, by its name.
    pub(crate) fn find(&self, kind: &str, part: &str, value: &str) -> Option<&str> {
        let mut about = self.0.iter().filter(|list| list.is_about(kind, part));
        about
            .find(|list| list.has(part, value))
            .map(|list| list.name.as_str())
    }
}

impl List {
    fn new(file: File) -> Result<Self, String> {
        let all = file
            .matching_attributes
            .iter()
            .any(|kind| kind.eq_ignore_ascii_case("all"));
        let lower = || file.list.iter().map(|entry| entry.trim().to_lowercase());
        let lower = || lower().filter(|entry| !entry.is_empty());
        let entries = match file.kind.as_str() {
            "string" | "" => Entries::Exact(lower().collect()),
            "substring" => {
                Entries::Inside(AhoCorasick::new(lower()).map_err(|error| error.to_string())?)
            }
            "hostname" => Entries::Hosts(
                lower()
                    .map(|entry| entry.trim_matches('.').to_owned())
                    .collect(),
            ),
            "cidr" => Entries::Networks(lower().filter_map(|entry| network(&entry)).collect()),
            "regex" => Entries::Patterns(
                RegexSet::new(file.list.iter().map(|pattern| perl(pattern)))
                    .map_err(|error| error.to_string())?,
            ),
            other => return Err(format!("\"{other}\" is no type of a warning list")),
        };
        Ok(Self {
            name: file.name,
            kinds: if all {
                HashSet::new()
            } else {
                file.matching_attributes.into_iter().collect()
            },
            entries,
        })
    }

    fn is_about(&self, kind: &str, part: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(kind) || self.kinds.contains(part)
    }

    fn has(&self, part: &str, value: &str) -> bool {
        let lower = value.to_lowercase();
        match &self.entries {
            Entries::Exact(values) => values.contains(&lower),
            Entries::Inside(words) => words.is_match(&lower),
            Entries::Hosts(hosts) => has_host(hosts, host::host_of(part, &lower).unwrap_or(&lower)),
            Entries::Networks(networks) => {
                let found = host::host_of(part, &lower).unwrap_or(&lower);
                host::address(found).is_some_and(|address| networks.has(address))
            }
            Entries::Patterns(patterns) => patterns.is_match(value),
        }
    }
}

/// The host, or any domain that it is in.
fn has_host(hosts: &HashSet<String>, host: &str) -> bool {
    let mut rest = Some(host);
    while let Some(name) = rest {
        if hosts.contains(name) {
            return true;
        }
        rest = name.split_once('.').map(|(_, parent)| parent);
    }
    false
}

impl Networks {
    fn has(&self, address: IpAddr) -> bool {
        let mut lengths = self
            .lengths
            .iter()
            .filter(|(is_v4, _)| *is_v4 == address.is_ipv4());
        lengths.any(|(_, length)| {
            IpNet::new(address, *length).is_ok_and(|network| self.known.contains(&network.trunc()))
        })
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let mut all = Self::default();
        for network in networks {
            all.lengths
                .insert((network.addr().is_ipv4(), network.prefix_len()));
            all.known.insert(network.trunc());
        }
        all
    }
}

/// A network, or a single address.
fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))
}

/// PHP writes a pattern between slashes with its flags behind: `/^a$/i`.
fn perl(pattern: &str) -> String {
    let inner = pattern
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'));
    match inner {
        Some((inner, flags)) if flags.bytes().all(|flag| b"imsxuU".contains(&flag)) => {
            let known = flags
                .chars()
                .filter(|flag| "imsx".contains(*flag))
                .collect::<String>();
            let inner = inner.replace("\\/", "/");
            if known.is_empty() {
                inner
            } else {
                format!("(?{known}){inner}")
            }
        }
        _ => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(kind: &str, entries: &[&str], kinds: &[&str]) -> WarningLists {
        let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let file = File {
            name: "a list".to_owned(),
            kind: kind.to_owned(),
            list: strings(entries),
            matching_attributes: strings(kinds),
        };
        WarningLists(vec![List::new(file).expect("a sound list")])
    }

    fn has(lists: &WarningLists, kind: &str, value: &str) -> bool {
        lists.find(kind, kind, value).is_some()
    }

    #[test]
    fn each_type_of_list_matches_as_misp_has_it() {
        let exact = list("string", &["Evil.example"], &["domain"]);
        assert!(has(&exact, "domain", "evil.EXAMPLE") && !has(&exact, "domain", "a.evil.example"));
        assert!(!has(&exact, "hostname", "evil.example"), "another type");
        let inside = list("substring", &["bank"], &[]);
        assert!(has(&inside, "domain", "mybank.test") && !has(&inside, "domain", "evil.test"));
        let hosts = list("hostname", &[".cdn.test", "a.test"], &["url", "domain"]);
        assert!(has(&hosts, "url", "https://x.cdn.test/y") && has(&hosts, "domain", "a.test"));
        assert!(!has(&hosts, "domain", "ba.test"));
        let networks = list(
            "cidr",
            &["192.0.2.0/25", "2001:db8::/32", "198.51.100.7"],
            &["ip-dst"],
        );
        for (address, expected) in [
            ("192.0.2.127", true),
            ("192.0.2.128", false),
            ("2001:db8:1::1", true),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
        ] {
            assert_eq!(has(&networks, "ip-dst", address), expected, "{address}");
        }
        let patterns = list("regex", &["/^a\\/b$/i", "^c"], &[]);
        assert!(
            has(&patterns, "text", "A/B")
                && has(&patterns, "text", "cd")
                && !has(&patterns, "text", "bc")
        );
    }

    #[test]
    fn a_list_that_cannot_be_read_says_why() {
        let file = |kind: &str, entry: &str| File {
            name: String::new(),
            kind: kind.to_owned(),
            list: vec![entry.to_owned()],
            matching_attributes: Vec::new(),
        };
        assert!(List::new(file("regex", "(")).is_err());
        assert!(List::new(file("colour", "red")).is_err());
    }
}
