//! Hosts and addresses: what of a value they are, and which are of no use as an indicator.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address or a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// It means something else, or nothing, in every network.
    Private(&'static str),
    /// It is for examples.
    Documentation(&'static str),
}

/// The host of a URL, of a mail address, or the name or address itself.
pub(crate) fn host_of<'a>(kind: &str, value: &'a str) -> Option<&'a str> {
    let host = match kind {
        "url" | "uri" => host_of_url(value)?,
        "email" | "email-src" | "email-dst" | "email-reply-to" => value.rsplit_once('@')?.1,
        "ip-src" | "ip-dst" | "ip" | "domain" | "hostname" | "onion-address" => value,
        _ => return None,
    };
    Some(host.trim_end_matches('.')).filter(|host| !host.is_empty())
}

fn host_of_url(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => host.split(':').next(),
    }
}

/// Whether a URL is its host and nothing more.
pub(crate) fn is_bare_url(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    !rest.trim_end_matches('/').contains(['/', '?', '#'])
}

/// Addresses, the first of a network too: `10.0.0.0/8`.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    let text = text.split_once('/').map_or(text, |(address, _)| address);
    text.parse().ok()
}

/// What is special about a host (RFC 6890, RFC 5737, RFC 3849, RFC 2606, RFC 6761).
pub(crate) fn special(host: &str) -> Option<Special> {
    match address(host) {
        Some(IpAddr::V4(address)) => special_v4(address),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => special_v4(mapped),
            None => special_v6(address),
        },
        None => special_name(host),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => {
            Special::Documentation("a documentation range (RFC 5737)")
        }
        (198, 18..=19, _) => Special::Documentation("a range for benchmarks (RFC 2544)"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => {
            Special::Private("a private network (RFC 1918)")
        }
        (100, 64..=127, _) => Special::Private("shared by the customers of a carrier (RFC 6598)"),
        (127, ..) => Special::Private("the machine itself"),
        (169, 254, _) => Special::Private("local to a link (RFC 3927)"),
        (0, ..) => Special::Private("this network, not a host"),
        (224..=239, ..) => Special::Private("a multicast group"),
        (240..=255, ..) => Special::Private("reserved or broadcast"),
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    let [a, b, ..] = address.segments();
    Some(match (a, b) {
        _ if address.is_loopback() => Special::Private("the machine itself"),
        _ if address.is_unspecified() => Special::Private("no host"),
        (0x2001, 0xdb8) | (0x3fff, 0..=0xfff) => {
            Special::Documentation("a documentation range (RFC 3849, RFC 9637)")
        }
        (0xfc00..=0xfdff, _) => Special::Private("a private network (RFC 4193)"),
        (0xfe80..=0xfebf, _) => Special::Private("local to a link (RFC 4291)"),
        (0xff00.., _) => Special::Private("a multicast group"),
        _ => return None,
    })
}

fn special_name(name: &str) -> Option<Special> {
    let mut labels = name.rsplit('.');
    let (top, second) = (labels.next()?.to_ascii_lowercase(), labels.next());
    match (&*top, second) {
        ("example" | "test" | "invalid", _) => {
            Some(Special::Documentation("a name for examples (RFC 2606)"))
        }
        ("localhost", _) => Some(Special::Private("the machine itself")),
        ("local" | "internal" | "lan" | "localdomain" | "corp" | "home", Some(_)) => {
            Some(Special::Private("a name of a local network"))
        }
        ("com" | "net" | "org", Some(second)) if second.eq_ignore_ascii_case("example") => {
            Some(Special::Documentation("a name for examples (RFC 2606)"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_what_has_one() {
        for (kind, value, host) in [
            (
                "url",
                "https://user:pass@evil.example:8443/a?b",
                Some("evil.example"),
            ),
            ("url", "https://[2001:db8::1]:443/", Some("2001:db8::1")),
            ("url", "evil", None),
            ("email-src", "a@b@evil.example", Some("evil.example")),
            ("domain", "evil.example.", Some("evil.example")),
            ("md5", "0", None),
        ] {
            assert_eq!(host_of(kind, value), host, "{value}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_special_and_the_rest_is_not() {
        for private in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "localhost",
            "printer.lan",
            "10.0.0.0/8",
        ] {
            assert!(
                matches!(special(private), Some(Special::Private(_))),
                "{private}"
            );
        }
        for documentation in [
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "2001:db8::1",
            "3fff:fff::1",
            "www.example.com",
            "evil.EXAMPLE",
            "a.test",
        ] {
            assert!(
                matches!(special(documentation), Some(Special::Documentation(_))),
                "{documentation}"
            );
        }
        for public in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "2606:4700::1",
            "3fff:1000::1",
            "example.io",
            "notexample.com",
            "lan",
            "evil.com",
        ] {
            assert_eq!(special(public), None, "{public}");
        }
    }
}
