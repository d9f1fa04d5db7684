//! Zeek's intelligence framework: a file of tab-separated fields (<https://docs.zeek.org/en/current/frameworks/intel.html>).
//!
//! `meta.do_notice` and `meta.if_in` are of Zeek's `frameworks/intel/do_notice`: an address that is outbound only gives a
//! notice where it answers a connection, and one that is inbound only where it opens one.

use std::fmt::Write as _;

use ayumi_misp::{Direction, Document};

use crate::observable::Observable;
use crate::report::{Reason, Report, placed};
use crate::select::{PerDocument, Selected};
use crate::text::{creator, cut, title};

const HEADER: &str = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\tmeta.do_notice\tmeta.if_in\n";

/// What stands for a field that is not set.
const UNSET: &str = "-";
/// The most characters of a title or a name: every line has them.
const MAX_ORIGIN_CHARS: usize = 200;

pub(crate) fn write(selected: &[Selected<'_>], report: &mut Report) -> String {
    let mut origin = PerDocument::new(origin);
    let lines = report.lines(selected, |one| {
        let origin = origin.of(one);
        placed(one.observables()?, |observable| {
            Ok(vec![line(one, origin, observable)?])
        })
    });
    let lines = lines.into_iter().map(|line| line + "\n");
    std::iter::once(HEADER.to_owned()).chain(lines).collect()
}

/// Whose a document is and what about: two fields.
fn origin(document: &Document) -> String {
    [creator(document), title(document)]
        .map(|text| field(cut(&text, MAX_ORIGIN_CHARS)))
        .join("\t")
}

fn line(one: &Selected<'_>, origin: &str, observable: &Observable) -> Result<String, Reason> {
    let (indicator, kind) = indicator(observable)?;
    let place = match (observable, one.stance.only()) {
        (Observable::Address(_), Some(Direction::Outbound)) => "Conn::IN_RESP",
        (Observable::Address(_), Some(Direction::Inbound)) => "Conn::IN_ORIG",
        _ => UNSET,
    };
    // An unset field and an empty one are written so; a value that is so cannot be told from them.
    if matches!(&*indicator, UNSET | "(empty)") {
        return Err(Reason::Malformed);
    }
    let indicator = field(&indicator);
    Ok([&*indicator, kind, origin, UNSET, "T", place].join("\t"))
}

fn indicator(observable: &Observable) -> Result<(String, &'static str), Reason> {
    Ok(match observable {
        Observable::Address(network) if network.prefix_len() == network.max_prefix_len() => {
            (network.addr().to_string(), "Intel::ADDR")
        }
        Observable::Address(network) => (network.to_string(), "Intel::SUBNET"),
        Observable::Domain(name) | Observable::Host(name) => (name.clone(), "Intel::DOMAIN"),
        Observable::Url(link) => (link.requested().to_owned(), "Intel::URL"),
        Observable::Mail(_, address) => (address.clone(), "Intel::EMAIL"),
        Observable::Digest(_, digest) => (digest.clone(), "Intel::FILE_HASH"),
        Observable::Certificate(_, digest) => (digest.clone(), "Intel::CERT_HASH"),
        Observable::FileName(name) => (name.clone(), "Intel::FILE_NAME"),
        Observable::UserAgent(agent) => (agent.clone(), "Intel::SOFTWARE"),
        Observable::Port(_)
        | Observable::Subject(_)
        | Observable::Mutex(_)
        | Observable::RegistryKey(_)
        | Observable::RegistryData(_)
        | Observable::Rule(..) => return Err(Reason::NoPlace),
    })
}

/// A field in Zeek's spelling: bytes that separate or start a remark, and the backslash itself, in hexadecimal.
fn field(text: &str) -> String {
    if text.is_empty() {
        return UNSET.to_owned();
    }
    let mut field = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        let starts_remark = index == 0 && character == '#';
        if character.is_ascii() && (character.is_ascii_control() || character == '\\')
            || starts_remark
        {
            let _ = write!(field, "\\x{:02x}", u32::from(character));
        } else {
            field.push(character);
        }
    }
    field
}
