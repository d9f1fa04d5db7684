//! A response policy zone (<https://datatracker.ietf.org/doc/html/draft-vixie-dnsop-dns-rpz>): names that do not resolve,
//! and addresses that no name resolves to.
//!
//! It acts on what goes out of the own network and blocks it, so only what may be outbound is in it, and nothing that
//! PAP:AMBER or PAP:RED marks as not to be blocked. The serial number is the moment asked for.

use ayumi_misp::{Direction, Pap};
use ipnet::IpNet;

use crate::observable::Observable;
use crate::options::Options;
use crate::report::{Reason, Report, placed};
use crate::select::Selected;

/// The longest owner name in the zone, so that the zone's own name, which its reader chooses, still fits behind it: of the
/// 255 bytes of a name (RFC 1035) the zone has 63.
const MAX_OWNER_CHARS: usize = 190;

pub(crate) fn write(selected: &[Selected<'_>], options: &Options, report: &mut Report) -> String {
    let records = report.lines(selected, |one| {
        let observables = one.observables()?;
        // Of a name with its address the name alone is blocked: others are at that address, too.
        let has_name = observables.iter().any(Observable::is_contacted);
        let owners = placed(observables, |observable| match observable {
            Observable::Address(_) if has_name => Err(Reason::NoPlace),
            observable => owners(observable),
        })?;
        one.stance.towards(Direction::Outbound, has_name)?;
        if one.pap >= Pap::Amber {
            return Err(Reason::Pap);
        }
        Ok(owners)
    });
    let records = records.into_iter().map(|owner| owner + " CNAME .\n");
    // A serial number has 32 bits and goes round (RFC 1982).
    let serial = options.at % (1 << 32);
    let head = format!(
        "$TTL 300\n@ SOA localhost. hostmaster.localhost. {serial} 3600 600 86400 300\n@ NS localhost.\n"
    );
    std::iter::once(head).chain(records).collect()
}

fn owners(observable: &Observable) -> Result<Vec<String>, Reason> {
    let owners = match observable {
        Observable::Domain(name) => vec![name.clone(), format!("*.{name}")],
        Observable::Host(name) => vec![name.clone()],
        Observable::Address(network) => vec![trigger(*network)],
        _ => return Err(Reason::NoPlace),
    };
    if owners.iter().any(|owner| owner.len() > MAX_OWNER_CHARS) {
        return Err(Reason::NoPlace);
    }
    Ok(owners)
}

/// The owner name that stands for answers with an address: its length, and its parts from the last to the first.
fn trigger(network: IpNet) -> String {
    let address = network.addr().to_string();
    let parts = match network {
        IpNet::V4(_) => address
            .split('.')
            .rev()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
        IpNet::V6(v6) => reversed(v6.addr().segments()),
    };
    format!("{}.{}.rpz-ip", network.prefix_len(), parts.join("."))
}

/// The segments from the last to the first, with the longest run of two or more zeros as `zz`: the one spelling that BIND
/// accepts.
fn reversed(mut segments: [u16; 8]) -> Vec<String> {
    segments.reverse();
    let (start, length) = longest_zeros(&segments);
    let mut parts = Vec::new();
    let mut index = 0;
    while index < segments.len() {
        if length > 1 && index == start {
            parts.push("zz".to_owned());
            index += length;
        } else {
            parts.push(format!("{:x}", segments[index]));
            index += 1;
        }
    }
    parts
}

/// Where the longest run of zeros starts, and its length. Of equally long ones the last, which is the first of the address.
fn longest_zeros(segments: &[u16; 8]) -> (usize, usize) {
    let run = |start: usize| {
        let zeros = segments[start..]
            .iter()
            .take_while(|segment| **segment == 0);
        (start, zeros.count())
    };
    (0..segments.len())
        .map(run)
        .max_by_key(|(_, length)| *length)
        .unwrap_or((0, 0))
}
