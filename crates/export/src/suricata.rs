//! Suricata rules, which alert and never drop: an address in the direction that is stated; names where a host of the own
//! network looks them up (DNS) or calls them (TLS, HTTP); URLs and user agents in HTTP.
//!
//! `$HOME_NET any -> address` is outbound and `address any -> $HOME_NET` inbound, as MISP has it; what is stated in both
//! directions has a rule for each, and what is stated in none has an outbound rule if it is a name or a URL, and else none.
//!
//! A rule's number is made of its attribute's uuid, so that it stays when other attributes come or go, and its revision is
//! the attribute's last change.

use std::collections::HashSet;
use std::fmt::Write as _;

use ayumi_misp::{Direction, Document};
use ipnet::IpNet;
use uuid::Uuid;

use crate::observable::Observable;
use crate::options::Options;
use crate::report::{Reason, Report, placed};
use crate::select::{PerDocument, Selected};
use crate::text::{cut, rfc3339, title};

/// Rule numbers from here on are nobody's: the well-known rule sets stay below, and a number has 32 bits.
const FIRST_SID: u32 = 3_000_000_000;
const SIDS: u32 = 1_000_000_000;
/// The most characters of a title in a message.
const MAX_TITLE_CHARS: usize = 120;
/// The longest pattern that Suricata looks for, in bytes.
const MAX_CONTENT_BYTES: usize = 255;

/// A rule without its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Rule {
    direction: Direction,
    protocol: &'static str,
    /// The side that is not the own network.
    address: String,
    port: String,
    /// What is looked for; "" for every packet.
    options: String,
}

pub(crate) fn write(selected: &[Selected<'_>], options: &Options, report: &mut Report) -> String {
    let mut sids = Sids::default();
    let mut seen = HashSet::new();
    let mut text = String::new();
    let mut message = PerDocument::new(message);
    for one in selected {
        for rule in report.count(one, rules(one, options)).unwrap_or_default() {
            if seen.insert(rule.clone()) {
                let sid = sids.next(one, &rule);
                let _ = writeln!(text, "{}", rule.written(one, message.of(one), sid));
            }
        }
    }
    text
}

fn rules(one: &Selected<'_>, options: &Options) -> Result<Vec<Rule>, Reason> {
    let observables = one.observables()?;
    let port = observables.iter().find_map(|observable| match observable {
        Observable::Port(port) => Some(*port),
        _ => None,
    });
    let asked = options.directions().collect::<Vec<_>>();
    let directions = |observable: &Observable| {
        let is_contacted = observable.is_contacted();
        let both = [Direction::Outbound, Direction::Inbound].into_iter();
        both.filter(|direction| asked.iter().all(|asked| asked == direction))
            .filter(|direction| one.stance.towards(*direction, is_contacted).is_ok())
            .collect::<Vec<_>>()
    };
    // What has no place in either direction has none, whatever its direction.
    placed(observables, |observable| {
        rules_of(observable, port, Direction::Outbound)
    })?;
    placed(observables, |observable| {
        let rules = directions(observable)
            .into_iter()
            .map(|direction| rules_of(observable, port, direction));
        let written = rules.filter(|rules| *rules != Err(Reason::OtherDirection));
        Ok(written.collect::<Result<Vec<_>, _>>()?.concat())
    })
    .map_err(|reason| match reason {
        Reason::NoPlace => {
            let outbound = one.stance.towards(Direction::Outbound, false);
            outbound.err().unwrap_or(Reason::OtherDirection)
        }
        reason => reason,
    })
}

fn rules_of(
    observable: &Observable,
    port: Option<u16>,
    direction: Direction,
) -> Result<Vec<Rule>, Reason> {
    let rule = |protocol, options: String| Rule {
        direction,
        protocol,
        address: "any".into(),
        port: port.map_or_else(|| "any".into(), |port| port.to_string()),
        options,
    };
    match observable {
        Observable::Address(network) => Ok(rules_of_address(*network, &rule("ip", String::new()))),
        Observable::UserAgent(agent) => {
            let whole = format!("http.user_agent; {}startswith; endswith; ", content(agent)?);
            Ok(vec![rule("http", whole)])
        }
        Observable::Domain(_) | Observable::Host(_) | Observable::Url(_)
            if direction == Direction::Inbound =>
        {
            Err(Reason::OtherDirection)
        }
        Observable::Domain(name) => {
            let below = |buffer, fold| {
                Ok(format!(
                    "{buffer}; dotprefix; {}{fold}endswith; ",
                    content(&format!(".{name}"))?
                ))
            };
            rules_of_name(rule, below)
        }
        Observable::Host(name) => {
            let alone = |buffer, fold| {
                Ok(format!(
                    "{buffer}; {}{fold}startswith; endswith; ",
                    content(name)?
                ))
            };
            rules_of_name(rule, alone)
        }
        Observable::Url(link) if !matches!(link.url.scheme(), "http" | "https") => {
            Err(Reason::NoPlace)
        }
        Observable::Url(link) => {
            let host = link.url.host_str().unwrap_or_default();
            let path = &link.url[url::Position::BeforePath..url::Position::AfterQuery];
            let options = format!(
                "http.host; {}startswith; endswith; http.uri.raw; {}startswith; endswith; ",
                content(host.trim_matches(['[', ']']))?,
                content(path)?
            );
            let port = link
                .url
                .port()
                .map_or_else(|| "any".into(), |port| port.to_string());
            Ok(vec![Rule {
                port,
                ..rule("http", options)
            }])
        }
        _ => Err(Reason::NoPlace),
    }
}

/// Only TCP and UDP have ports.
fn rules_of_address(network: IpNet, rule: &Rule) -> Vec<Rule> {
    let address = if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    };
    let protocols: &[&str] = if rule.port == "any" {
        &["ip"]
    } else {
        &["tcp", "udp"]
    };
    let with = |protocol: &&'static str| Rule {
        protocol,
        address: address.clone(),
        ..rule.clone()
    };
    protocols.iter().map(with).collect()
}

/// Where a name is looked up, and where it is called. The host of HTTP is in lower case already. A lookup goes to the port
/// of DNS, whatever the port of the call.
fn rules_of_name(
    rule: impl Fn(&'static str, String) -> Rule,
    options: impl Fn(&'static str, &'static str) -> Result<String, Reason>,
) -> Result<Vec<Rule>, Reason> {
    Ok(vec![
        Rule {
            port: "any".into(),
            ..rule("dns", options("dns.query", "nocase; ")?)
        },
        rule("tls", options("tls.sni", "nocase; ")?),
        rule("http", options("http.host", "")?),
    ])
}

/// A pattern in which every byte that could mean something is in hexadecimal.
fn content(text: &str) -> Result<String, Reason> {
    if text.is_empty() || text.len() > MAX_CONTENT_BYTES {
        return Err(Reason::NoPlace);
    }
    let mut content = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
            content.push(char::from(byte));
        } else {
            let _ = write!(content, "|{byte:02x}|");
        }
    }
    Ok(format!("content:\"{content}\"; "))
}

impl Rule {
    fn written(&self, one: &Selected<'_>, message: &str, sid: u32) -> String {
        let Self {
            protocol,
            address,
            port,
            options,
            ..
        } = self;
        let traffic = match self.direction {
            Direction::Outbound => format!("$HOME_NET any -> {address} {port}"),
            Direction::Inbound => format!("{address} {port} -> $HOME_NET any"),
        };
        let (metadata, rev) = (metadata(one, self.direction), revision(one));
        format!(
            "alert {protocol} {traffic} (msg:\"{message}\"; {options}{metadata}sid:{sid}; rev:{rev};)"
        )
    }
}

/// The title, without what has a meaning in a rule.
fn message(document: &Document) -> String {
    let title = title(document);
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '(' | ')' | '/' | '+')
    };
    let plain = title.chars().map(|c| if plain(c) { c } else { ' ' });
    let plain = plain.collect::<String>();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("Ayumi {}", cut(&words, MAX_TITLE_CHARS))
        .trim_end()
        .to_owned()
}

fn metadata(one: &Selected<'_>, direction: Direction) -> String {
    let uuid = uuid(one).map(|uuid| format!("misp_uuid {uuid}"));
    let date = |name, seconds: Option<u64>| {
        seconds.map(|seconds| format!("{name} {}", rfc3339(seconds).replace(['-', ':'], "_")))
    };
    let stated = [
        uuid,
        Some(format!("direction {direction}")),
        date("valid_from", one.period.from),
        date("valid_until", one.period.until),
    ];
    let stated = stated.into_iter().flatten().collect::<Vec<_>>();
    format!("metadata:{}; ", stated.join(", "))
}

/// The last change in Unix seconds, which grows as a revision does.
fn revision(one: &Selected<'_>) -> u32 {
    let timestamp = one.placed.attribute.timestamp.text();
    let stated = timestamp.and_then(|text| text.trim().parse().ok());
    stated.filter(|revision| *revision > 0).unwrap_or(1)
}

fn uuid(one: &Selected<'_>) -> Option<Uuid> {
    Uuid::try_parse(one.placed.attribute.uuid.text()?.trim()).ok()
}

/// Rule numbers that were given.
#[derive(Default)]
struct Sids(HashSet<u32>);

impl Sids {
    /// The number that the rule's attribute has wherever it is exported; the next free one where two have the same.
    fn next(&mut self, one: &Selected<'_>, rule: &Rule) -> u32 {
        let attribute = uuid(one).map_or_else(|| one.placed.pointer(), |uuid| uuid.to_string());
        // The options hold the value, which may change; what they look at does not.
        let buffer = rule.options.split(';').next().unwrap_or_default();
        let name = format!("{attribute} {} {} {buffer}", rule.direction, rule.protocol);
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        let (start, _) = digest.as_u64_pair();
        let offset =
            u32::try_from(start % u64::from(SIDS)).expect("a remainder is below its divisor");
        let mut sids = (offset..SIDS)
            .chain(0..offset)
            .map(|offset| FIRST_SID + offset);
        sids.find(|sid| self.0.insert(*sid)).unwrap_or(FIRST_SID)
    }
}
