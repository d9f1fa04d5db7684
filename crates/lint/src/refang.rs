//! What was written so that nobody clicks on it, as a device needs it: `hXXps://Evil[.]example/A` is `https://Evil.example/A`.
//!
//! Only what has one meaning is changed: in a URL the scheme and the host, never the path; case stays.

use std::borrow::Cow;

use crate::kind;

/// Spellings within each other that are taken off. What has more was written by nobody who wants it read, and stays; looking on
/// would take time by the square of its length.
const ROUNDS: usize = 16;

const DOTS: [&str; 12] = [
    " [.] ", " [dot] ", " (dot) ", "[dot]", "(dot)", "{dot}", "[.]", "(.)", "{.}", "[.", ".]",
    "\\.",
];
const ATS: [&str; 7] = [" [at] ", " (at) ", "[at]", "(at)", "{at}", "[@]", "(@)"];
const SCHEMES: [(&str, &str); 8] = [
    ("hxxps", "https"),
    ("hxxp", "http"),
    ("h**ps", "https"),
    ("h**p", "http"),
    ("htxps", "https"),
    ("htxp", "http"),
    ("fxps", "ftps"),
    ("fxp", "ftp"),
];
const AFTER_SCHEME: [&str; 4] = ["[:]//", "[://]", ":[//]", "[:]\\\\"];

/// The value of an attribute, refanged and without white space around it.
pub(crate) fn plain<'a>(kind: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let trimmed = value.trim();
    let changed = match kind.contains('|') {
        true if is_any_defangable(kind) => {
            let parts = kind::parts(kind, trimmed).map(|(kind, part)| part_of(kind, part));
            parts.collect::<Vec<_>>().join("|")
        }
        false if kind::is_defangable(kind) && is_suspicious(trimmed) => part_of(kind, trimmed),
        _ if trimmed.len() == value.len() => return value,
        _ => trimmed.to_owned(),
    };
    if changed == *value {
        value
    } else {
        Cow::Owned(changed)
    }
}

fn is_any_defangable(kind: &str) -> bool {
    kind.split('|').any(kind::is_defangable)
}

fn part_of(kind: &str, part: &str) -> String {
    if !kind::is_defangable(kind) || !is_suspicious(part) {
        return part.to_owned();
    }
    let mut text = part.to_owned();
    for _ in 0..ROUNDS {
        let next = match kind {
            "url" | "uri" => url(&text),
            _ => host(&text),
        };
        let next = next.trim().to_owned();
        if next == text {
            return text;
        }
        text = next;
    }
    part.to_owned()
}

/// Most values have nothing of it, and need no look at each spelling.
fn is_suspicious(text: &str) -> bool {
    let odd = |byte: u8| matches!(byte, b'[' | b'(' | b'{' | b'\\' | b'*' | b']') || byte >= 0x80;
    text.bytes().any(odd) || starts_with_defanged(text)
}

fn starts_with_defanged(text: &str) -> bool {
    SCHEMES
        .iter()
        .any(|(from, _)| strip_ascii(text, from).is_some())
}

fn url(text: &str) -> String {
    let Some((scheme, rest)) = scheme(text) else {
        return host(text);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (mut authority, mut path) = rest.split_at(end);
    if let (Some(bare), Some(after)) = (authority.strip_suffix('['), path.strip_prefix("/]")) {
        (authority, path) = (bare, after);
        return format!("{scheme}://{}/{path}", host(authority));
    }
    format!("{scheme}://{}{path}", host(authority))
}

/// The scheme as it should be, and what follows its `://`.
fn scheme(text: &str) -> Option<(String, &str)> {
    let marks = AFTER_SCHEME.iter().chain(&["://"]);
    let (start, mark) = marks
        .filter_map(|mark| text.find(mark).map(|start| (start, *mark)))
        .min()?;
    let written = &text[..start];
    let known = SCHEMES
        .iter()
        .find(|(from, _)| written.eq_ignore_ascii_case(from));
    let is_scheme = !written.is_empty()
        && written
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    match known {
        Some((_, to)) => Some(((*to).to_owned(), &text[start + mark.len()..])),
        None if is_scheme => Some((written.to_owned(), &text[start + mark.len()..])),
        None => None,
    }
}

fn host(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c)).map(half_width);
    let mut text = visible.collect::<String>();
    for dot in DOTS {
        text = replace(text, dot, ".");
    }
    for at in ATS {
        text = replace(text, at, "@");
    }
    replace(text, "[:]", ":")
}

fn replace(text: String, from: &str, to: &str) -> String {
    let mut rest = text.as_str();
    let mut replaced = String::new();
    while let Some(at) = find_ascii(rest, from) {
        replaced.push_str(&rest[..at]);
        replaced.push_str(to);
        rest = &rest[at + from.len()..];
    }
    if replaced.is_empty() && rest.len() == text.len() {
        return text;
    }
    replaced + rest
}

/// The first place of an ASCII word, in any case.
fn find_ascii(text: &str, word: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(word.len());
    windows
        .enumerate()
        .find(|(_, window)| window.eq_ignore_ascii_case(word.as_bytes()))
        .map(|(at, _)| at)
}

fn strip_ascii<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// Soft hyphen, zero-width characters, word joiner, byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Full-width ASCII and the ideographic full stops, which domain names treat as dots (RFC 3490).
fn half_width(c: char) -> char {
    match c {
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => '.',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refanged(kind: &str, value: &str) -> String {
        plain(kind, Cow::Borrowed(value)).into_owned()
    }

    #[test]
    fn every_spelling_becomes_what_a_device_needs() {
        for (kind, value, plain) in [
            (
                "url",
                "hXXps://Evil[.]example/A[.]b",
                "https://Evil.example/A[.]b",
            ),
            (
                "url",
                "hxxp[:]//evil(dot)example?a=[.]",
                "http://evil.example?a=[.]",
            ),
            ("url", "https[://]evil[.example", "https://evil.example"),
            ("url", "hxxp://evil[.]example[/]a", "http://evil.example/a"),
            ("url", " https://evil.example/a ", "https://evil.example/a"),
            ("url", "https://[2001:db8::1]/", "https://[2001:db8::1]/"),
            ("domain", "evil [.] Example", "evil.Example"),
            ("domain", "ｅvil。example", "evil.example"),
            ("email-src", "a[at]evil[.]example", "a@evil.example"),
            ("ip-dst", "192[.]0[.]2.1", "192.0.2.1"),
            ("ip-dst|port", "192[.]0[.]2.1|443", "192.0.2.1|443"),
            ("ip-dst", "2001[:]db8[:][:]1", "2001:db8::1"),
            ("filename|md5", "a[.]exe|0", "a[.]exe|0"),
            ("text", "evil[.]example", "evil[.]example"),
        ] {
            assert_eq!(refanged(kind, value), plain, "{kind} {value}");
        }
    }

    #[test]
    fn what_has_layer_upon_layer_stays_as_it_is() {
        for value in [
            format!("{}.{}", "[".repeat(50_000), "]".repeat(50_000)),
            format!("{}.", "\\".repeat(100_000)),
            format!("{}{}", "[dot".repeat(30_000), "]".repeat(30_000)),
        ] {
            for kind in ["domain", "url"] {
                assert_eq!(refanged(kind, &value), value);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_stays(
            kind in prop::sample::select(vec!["url", "domain", "ip-dst", "domain|ip", "email", "text"]),
            value in "([a-z]{1,3}|hxxp|\\[|\\]|\\(|\\)|\\.|dot|at|@|:|/|\\\\| |\\{|\\}|\\*|\u{200b}|。|\\|){0,14}",
        ) {
            let once = refanged(kind, &value);
            prop_assert_eq!(refanged(kind, &once), once.clone(), "{} {}", kind, value);
        }
    }
}
