//! Values of networks, checked and in one spelling, so that no format has to doubt them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ayumi_misp::refang;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Position, Url};

use crate::report::Reason;

/// The longest name in DNS, written with dots (RFC 1035, section 2.3.4).
const MAX_NAME_CHARS: usize = 253;
/// The longest part of a name between dots.
const MAX_LABEL_CHARS: usize = 63;
/// The widest networks that one indicator may name: 65,536 IPv4 addresses, or what one provider has of IPv6.
const WIDEST_IPV4: u8 = 16;
const WIDEST_IPV6: u8 = 32;

/// A URL whose host is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// As it was written, refanged; in the URL standard's spelling where it was not ASCII.
    pub(crate) text: String,
    /// Taken apart; the scheme is http where none was written.
    pub(crate) url: Url,
    /// Whether it was written with a scheme.
    pub(crate) has_scheme: bool,
}

/// An address, or a network in CIDR notation.
pub(crate) fn address(text: &str) -> Result<IpNet, Reason> {
    let text = refang(text);
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| Reason::Malformed)?;
    let network = mapped(network.trunc());
    let (widest, internal) = match network {
        IpNet::V4(network) => (WIDEST_IPV4, is_internal_v4(network)),
        IpNet::V6(network) => (WIDEST_IPV6, is_internal_v6(network)),
    };
    if internal {
        return Err(Reason::Internal);
    }
    if network.prefix_len() < widest || is_teredo(network) {
        return Err(Reason::TooBroad);
    }
    Ok(network)
}

/// A name in DNS: in lower case, without the last dot, in the ASCII form of its letters (IDNA).
pub(crate) fn name(text: &str) -> Result<String, Reason> {
    let text = refang(text);
    let text = text.trim().trim_end_matches('.');
    // The URL standard's reader also decodes percent signs, which no name has.
    let plain = |c: char| c.is_alphanumeric() || !c.is_ascii() || matches!(c, '-' | '_' | '.');
    if !text.chars().all(plain) {
        return Err(Reason::Malformed);
    }
    let Ok(Host::Domain(name)) = Host::parse(text) else {
        return Err(Reason::Malformed);
    };
    check_name(&name)?;
    Ok(name)
}

/// A name with all names below it, which are to be of one owner.
pub(crate) fn domain(text: &str) -> Result<String, Reason> {
    let name = name(text)?;
    if is_above_suffixes(&name) {
        return Err(Reason::TooBroad);
    }
    Ok(name)
}

/// A URL without what keeps readers from clicking on it. Its path and query are what is asked for, and stay.
pub(crate) fn refang_link(text: &str) -> Cow<'_, str> {
    let mut marks = text.match_indices(['/', '?', '#']).map(|(at, _)| at);
    // The first are those of the scheme's `://`.
    let of_scheme = |at: usize| {
        let scheme = text[..at].split_once(':');
        scheme.is_some_and(|(_, rest)| rest.chars().all(|c| matches!(c, '/' | '[' | ']')))
    };
    let Some(at) = marks.find(|at| !of_scheme(*at)) else {
        return refang(text);
    };
    let (server, path) = text.split_at(at);
    match (server.strip_suffix('['), path.strip_prefix("/]")) {
        (Some(server), Some(path)) => format!("{}/{path}", refang(server)).into(),
        _ => format!("{}{path}", refang(server)).into(),
    }
}

/// A URL, with or without its scheme.
pub(crate) fn link(text: &str) -> Result<Link, Reason> {
    let text = refang_link(text.trim());
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Reason::Malformed);
    }
    let before_path = text.find(['/', '?', '#']).map(|at| text.split_at(at));
    let has_scheme =
        before_path.is_some_and(|(scheme, rest)| scheme.ends_with(':') && rest.starts_with("//"));
    let whole = if has_scheme {
        text.to_string()
    } else {
        format!("http://{text}")
    };
    // Readers differ in what such a host is: to some a backslash ends it, and empty ones are passed over.
    let behind = whole.split_once("://").map_or("", |(_, behind)| behind);
    let asked = behind.split(['/', '?', '#']).next().unwrap_or_default();
    if asked.is_empty() || asked.contains('\\') {
        return Err(Reason::Malformed);
    }
    let url = Url::parse(&whole).map_err(|_| Reason::Malformed)?;
    match url.host().ok_or(Reason::Malformed)? {
        // Of a scheme that the standard does not know the host is as it was written.
        Host::Domain(host) => drop(name(host)?),
        Host::Ipv4(host) => drop(address(&host.to_string())?),
        Host::Ipv6(host) => drop(address(&host.to_string())?),
    }
    let text = match (text.is_ascii(), has_scheme) {
        (true, _) => text.into_owned(),
        (false, true) => url.as_str().to_owned(),
        (false, false) => without_scheme(&url).to_owned(),
    };
    Ok(Link {
        text,
        url,
        has_scheme,
    })
}

impl Link {
    /// What is asked of whom: host, port, path and query, in the URL standard's spelling.
    pub(crate) fn requested(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterQuery]
    }
}

/// An address of electronic mail.
pub(crate) fn mailbox(text: &str) -> Result<String, Reason> {
    let text = refang(text);
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or(Reason::Malformed)?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '@');
    if local.is_empty() || local.chars().any(odd) {
        return Err(Reason::Malformed);
    }
    match name(domain) {
        // Mail of a whole provider is no mistake: only the one mailbox matches.
        Ok(_) | Err(Reason::TooBroad) => Ok(format!("{local}@{}", domain.to_lowercase())),
        Err(reason) => Err(reason),
    }
}

fn without_scheme(url: &Url) -> &str {
    let text = url.as_str();
    text.split_once("://").map_or(text, |(_, rest)| rest)
}

fn check_name(name: &str) -> Result<(), Reason> {
    let is_label = |label: &str| {
        let ascii = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=MAX_LABEL_CHARS).contains(&label.len()) && label.chars().all(ascii)
    };
    if name.len() > MAX_NAME_CHARS || !name.split('.').all(is_label) {
        return Err(Reason::Malformed);
    }
    let top = name.rsplit('.').next().unwrap_or(name);
    // Names that end so are not names but commands in a response policy zone.
    if top.starts_with("rpz-") {
        return Err(Reason::Malformed);
    }
    if matches!(
        top,
        "localhost" | "local" | "internal" | "arpa" | "lan" | "localdomain"
    ) {
        return Err(Reason::Internal);
    }
    match psl::suffix_str(name) {
        Some(suffix) if suffix.len() < name.len() => Ok(()),
        _ => Err(Reason::TooBroad),
    }
}

/// Whether names below it are public suffixes: by a wildcard in the list (`kawasaki.jp`), or by longer names
/// (`amazonaws.com`).
fn is_above_suffixes(name: &str) -> bool {
    static PARENTS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| include_str!("../data/suffix-parents.txt").lines().collect());
    let below = format!("x.{name}");
    psl::suffix_str(&below) == Some(&*below) || PARENTS.contains(name)
}

/// IPv4 that is written as IPv6, as IPv4: mapped (`::ffff:0:0/96`), translated (`64:ff9b::/96`, RFC 6052) and 6to4
/// (`2002::/16`, RFC 3056).
fn mapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    let start = match v6.addr().segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => 96,
        [0x2002, ..] => 16,
        _ => return network,
    };
    let Some(length) = v6.prefix_len().checked_sub(start) else {
        return network;
    };
    let bits = v6.addr().to_bits() >> (96 - start) & u128::from(u32::MAX);
    let v4 = Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or_default());
    Ipv4Net::new(v4, length.min(32)).map_or(network, IpNet::V4)
}

/// Private use, this host, links, multicast, and what is reserved (RFC 6890); not the blocks for documentation, which no
/// traffic has and every example needs.
fn is_internal_v4(network: Ipv4Net) -> bool {
    let blocks = [
        (Ipv4Addr::UNSPECIFIED, 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::LOCALHOST, 8),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(224, 0, 0, 0), 4),
        (Ipv4Addr::new(240, 0, 0, 0), 4),
    ];
    blocks
        .into_iter()
        .any(|(block, length)| Ipv4Net::new_assert(block, length).contains(&network))
}

/// The same of IPv6. What `::/8` has of the world is IPv4, and was [`mapped`].
fn is_internal_v6(network: Ipv6Net) -> bool {
    let blocks = [
        (Ipv6Addr::UNSPECIFIED, 8),
        (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
        (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
        (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
        (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
    ];
    blocks
        .into_iter()
        .any(|(block, length)| Ipv6Net::new_assert(block, length).contains(&network))
}

/// Whether it is a network of Teredo (RFC 4380), whose hosts are anybody's behind IPv4.
fn is_teredo(network: IpNet) -> bool {
    let teredo = Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32);
    matches!(network, IpNet::V6(v6) if teredo.contains(&v6) && v6.prefix_len() < 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_refanged_and_has_one_spelling() {
        for (text, read) in [
            ("192.0.2.1", "192.0.2.1/32"),
            (" 192[.]0[.]2[.]1 ", "192.0.2.1/32"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("2001:DB8:0:0::1", "2001:db8::1/128"),
            ("[2001:db8::1]", "2001:db8::1/128"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("64:ff9b::192.0.2.1", "192.0.2.1/32"),
            ("2002:c000:201::1", "192.0.2.1/32"),
            ("2002:c000:200::/40", "192.0.2.0/24"),
            (
                "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                "2001:0:4136:e378:8000:63bf:3fff:fdd2/128",
            ),
        ] {
            assert_eq!(address(text).unwrap().to_string(), read, "{text}");
        }
    }

    #[test]
    fn an_address_that_would_hit_the_own_network_or_the_world_is_refused() {
        for text in [
            "10.1.2.3",
            "127.0.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::/16",
            "::2",
            "::1.2.3.4",
            "::fffe:0:0/95",
            "::ffff:0:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "fec0::1",
        ] {
            assert_eq!(address(text), Err(Reason::Internal), "{text}");
        }
        for text in [
            "0.0.0.0/0",
            "8.0.0.0/8",
            "::/0",
            "2001::/16",
            "2001::/32",
            "2001:0:4136:e378::/64",
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "2002::/16",
        ] {
            assert_eq!(address(text), Err(Reason::TooBroad), "{text}");
        }
        for text in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4:80",
            "evil.example",
            "1.2.3.4\n",
            "010.0.0.1",
        ] {
            let refused = address(text);
            assert!(
                text.ends_with('\n') || refused == Err(Reason::Malformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_name_is_in_lower_case_ascii() {
        for (text, read) in [
            ("Evil[.]Example.", "evil.example"),
            ("_dmarc.evil.example", "_dmarc.evil.example"),
            ("日本語.example", "xn--wgv71a119e.example"),
        ] {
            assert_eq!(name(text).as_deref(), Ok(read), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_or_everybodys_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = format!("{}example", "abcdefgh.".repeat(40));
        for text in [
            "",
            ".",
            "a..example",
            "evil.example CNAME .",
            "evil.example\n@ A 1.2.3.4",
            "*.evil.example",
            "evil;.example",
            "192.0.2.1",
            "32.1.2.0.192.rpz-ip",
            "24.0.0.0.10.rpz-client-ip",
            "evil%2eexample",
            "$ORIGIN.x",
            &long,
            &longer,
        ] {
            assert_eq!(name(text), Err(Reason::Malformed), "{text:?}");
        }
        for text in ["com", "co.jp", "github.io"] {
            assert_eq!(name(text), Err(Reason::TooBroad), "{text:?}");
        }
        assert_eq!(name("printer.local"), Err(Reason::Internal));
    }

    #[test]
    fn a_domain_above_public_suffixes_is_refused_and_its_name_alone_is_not() {
        for text in [
            "kawasaki.jp",
            "sch.uk",
            "compute.amazonaws.com",
            "AmazonAWS[.]com",
            "core.windows.net",
            "windows.net",
        ] {
            assert_eq!(domain(text), Err(Reason::TooBroad), "{text}");
        }
        assert_eq!(name("windows.net").as_deref(), Ok("windows.net"));
        assert_eq!(
            domain("city.kawasaki.jp").as_deref(),
            Ok("city.kawasaki.jp")
        );
        assert_eq!(domain("evil.example").as_deref(), Ok("evil.example"));
    }

    #[test]
    fn a_url_whose_host_depends_on_the_reader_is_refused() {
        for text in [
            "http://evil.com\\@good.com/",
            "evil.com\\@good.com/",
            "http:\\\\evil.com/",
            "http:///evil.com/",
            "http://\\evil.com/",
        ] {
            assert_eq!(link(text), Err(Reason::Malformed), "{text}");
        }
        let link = link("http://u:p@evil.com:81/a\\b?c#d").unwrap();
        assert_eq!(link.requested(), "evil.com:81/a/b?c");
    }

    #[test]
    fn a_url_keeps_its_case_and_its_missing_scheme() {
        let link = |text| super::link(text).unwrap();
        assert_eq!(
            link("hXXps://evil[.]example/A?b=C").text,
            "https://evil.example/A?b=C"
        );
        assert_eq!(link("evil.example/A").text, "evil.example/A");
        // What is asked for is no spelling of anything.
        for (text, plain) in [
            (
                "hxxp[:]//evil(dot)example/a[.]b?c=hxxp://d&e=f(at)g#[.]",
                "http://evil.example/a[.]b?c=hxxp://d&e=f(at)g#[.]",
            ),
            (
                "https[://]evil[.example/a\\.b",
                "https://evil.example/a\\.b",
            ),
            (
                "hxxp:[/][/]evil[.]example[/]a[/]b",
                "http://evil.example/a[/]b",
            ),
            ("evil[.]example?a[.]b", "evil.example?a[.]b"),
        ] {
            assert_eq!(link(text).text, plain);
        }
        let bare = link("evil.example/to?http://good.example/");
        assert_eq!(bare.requested(), "evil.example/to?http://good.example/");
        assert!(!bare.has_scheme);
        assert_eq!(
            link("http://例え.example/é").text,
            "http://xn--r8jz45g.example/%C3%A9"
        );
        assert_eq!(
            link("http://evil.example:8080/x").requested(),
            "evil.example:8080/x"
        );
        for text in [
            "",
            "http://",
            "http://a b.example/",
            "http://x.example/\n",
            "javascript:alert(1)",
            "http://com/",
        ] {
            assert!(
                super::link(text.trim_end_matches('\n')).is_err() || text.ends_with('\n'),
                "{text:?}"
            );
        }
        assert_eq!(super::link("http://10.0.0.1/x"), Err(Reason::Internal));
    }
}
