//! Whether a value has the form of its type; only what a device would refuse is wrong.

use crate::host;

const NOT_IN_NAMES: [char; 18] = [
    '/', ':', '@', '?', '#', ',', ';', '|', '"', '\'', '<', '>', '(', ')', '[', ']', '{', '}',
];

/// What was expected instead, if `value` cannot be of the type.
pub(crate) fn wrong(kind: &str, value: &str) -> Option<String> {
    let (is_right, expected) = match kind {
        "ip-src" | "ip-dst" | "ip" => (is_address(value), "an address or a network"),
        "domain" => (is_name(value), "a name such as evil.example"),
        "hostname" => (
            is_name(value) || value.parse::<std::net::IpAddr>().is_ok(),
            "a name such as www.evil.example",
        ),
        "url" => (is_url(value), "a URL with its host"),
        "email" | "email-src" | "email-dst" | "email-reply-to" => {
            (is_mail(value), "an address with one @")
        }
        "port" => (value.parse::<u16>().is_ok(), "a number up to 65535"),
        "AS" => (is_number(value), "AS and a number"),
        "vulnerability" => (
            is_vulnerability(value),
            "CVE-2026-12345, or an id of another database",
        ),
        _ => match hex_digits(kind) {
            Some(digits) => {
                return (!is_hex(value, digits))
                    .then(|| format!("expected {digits} hexadecimal digits"));
            }
            None => return None,
        },
    };
    (!is_right).then(|| format!("expected {expected}"))
}

/// The length of hashes that are written as hexadecimal digits.
fn hex_digits(kind: &str) -> Option<usize> {
    Some(match kind {
        "md5"
        | "imphash"
        | "x509-fingerprint-md5"
        | "ja3-fingerprint-md5"
        | "hassh-md5"
        | "hasshserver-md5" => 32,
        "sha1" | "x509-fingerprint-sha1" | "pehash" => 40,
        "sha224" | "sha512/224" | "sha3-224" => 56,
        "sha256" | "sha512/256" | "sha3-256" | "x509-fingerprint-sha256" | "authentihash" => 64,
        "sha384" | "sha3-384" => 96,
        "sha512" | "sha3-512" => 128,
        _ => return None,
    })
}

/// MISP takes any case, and fingerprints with colons.
fn is_hex(value: &str, digits: usize) -> bool {
    let found = value.bytes().filter(|byte| *byte != b':');
    found.clone().count() == digits && found.clone().all(|byte| byte.is_ascii_hexdigit())
}

fn is_address(value: &str) -> bool {
    value.parse::<std::net::IpAddr>().is_ok() || value.parse::<ipnet::IpNet>().is_ok()
}

/// Lenient on purpose: underscores, wildcards and names in other scripts occur.
fn is_name(value: &str) -> bool {
    let name = value.trim_end_matches('.');
    let odd = |c: char| NOT_IN_NAMES.contains(&c) || c.is_whitespace();
    name.contains('.') && !name.contains(odd) && !name.split('.').any(str::is_empty)
}

fn is_url(value: &str) -> bool {
    host::host_of("url", value).is_some_and(|host| !host.contains(char::is_whitespace))
}

fn is_mail(value: &str) -> bool {
    value.rsplit_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !host.contains(char::is_whitespace)
    })
}

fn is_number(value: &str) -> bool {
    let digits = value
        .strip_prefix("AS")
        .or_else(|| value.strip_prefix("as"))
        .unwrap_or(value);
    digits.parse::<u32>().is_ok()
}

fn is_vulnerability(value: &str) -> bool {
    !value.contains(char::is_whitespace) && value.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_refuses_is_wrong_and_the_rest_is_not() {
        for (kind, value) in [
            ("ip-dst", "192.0.2.1"),
            ("ip-dst", "2001:db8::/32"),
            ("domain", "xn--evil.example"),
            ("domain", "_dmarc.evil.example."),
            ("domain", "悪.example"),
            ("hostname", "192.0.2.1"),
            ("url", "ftp://evil.example/a b"),
            ("email-src", "a@b"),
            ("md5", "D41D8CD98F00B204E9800998ECF8427E"),
            (
                "x509-fingerprint-sha1",
                "da:39:a3:ee:5e:6b:4b:0d:32:55:bf:ef:95:60:18:90:af:d8:07:09",
            ),
            ("AS", "AS64496"),
            ("AS", "64496"),
            ("vulnerability", "CVE-2026-0001"),
            ("ssdeep", "anything"),
        ] {
            assert_eq!(wrong(kind, value), None, "{kind} {value}");
        }
        for (kind, value) in [
            ("ip-dst", "192.0.2.256"),
            ("ip-dst", "evil.example"),
            ("domain", "https://evil.example"),
            ("domain", "evil"),
            ("domain", "a..b"),
            ("hostname", "evil.example:443"),
            ("url", "evil.example/a"),
            ("url", "https:///a"),
            ("email-src", "evil.example"),
            ("md5", "d41d8cd9"),
            (
                "sha256",
                "z3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            ("port", "65536"),
            ("AS", "ASX"),
        ] {
            assert!(wrong(kind, value).is_some(), "{kind} {value}");
        }
    }
}
