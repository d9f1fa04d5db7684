//! One spelling for what people write in many: `hXXps://evil[.]example` is `https://evil.example`.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// Spellings that keep an indicator from being clicked, in lower case, with what they stand for. The longer ones first.
const DEFANGED: [(&str, &str); 25] = [
    (" [.] ", "."),
    (" [dot] ", "."),
    (" (dot) ", "."),
    (" [at] ", "@"),
    (" (at) ", "@"),
    ("[:]//", "://"),
    ("[://]", "://"),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[.", "."),
    (".]", "."),
    ("\\.", "."),
    ("[@]", "@"),
    ("[:]", ":"),
    ("[/]", "/"),
    ("hxxp", "http"),
    ("h**p", "http"),
    ("fxp://", "ftp://"),
];

/// One of these is in each of [`DEFANGED`], and in few values that are not.
const SIGNS: [char; 8] = ['[', ']', '(', '{', '\\', '*', 'x', 'X'];

/// `text` in lower case, [refanged](refang), IPv6 addresses in their one canonical form (RFC 5952).
pub(crate) fn comparable(text: &str) -> Cow<'_, str> {
    let mut plain = refang(text);
    if !plain
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        plain = plain.to_lowercase().into();
    }
    if plain.matches(':').count() < 2 {
        plain
    } else {
        canonical_addresses(&plain).into()
    }
}

/// `text` as it was before it was defanged, without invisible characters, and full-width forms as ASCII. Upper and lower
/// case stay: the path of a URL has both.
pub fn refang(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii() && !SIGNS.contains(&char::from(byte));
    if text.bytes().all(is_plain) {
        return text.into();
    }
    let plain = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(half_width)
        .collect::<String>();
    if !plain.contains(SIGNS) {
        return plain.into();
    }
    let whole = DEFANGED
        .into_iter()
        .fold(plain, |text, (from, to)| replace(text, from, to));
    whole.into()
}

/// Replaces `from`, which is in lower case, in whatever case it is written.
fn replace(text: String, from: &str, to: &str) -> String {
    let folded = text.to_ascii_lowercase();
    if !folded.contains(from) {
        return text;
    }
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for (start, _) in folded.match_indices(from) {
        replaced.push_str(&text[done..start]);
        replaced.push_str(to);
        done = start + from.len();
    }
    replaced.push_str(&text[done..]);
    replaced
}

/// Soft hyphen, zero-width characters, word joiner, byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Full-width ASCII (U+FF01 to U+FF5E) and the ideographic full stops, which domain names treat as dots (RFC 3490).
fn half_width(c: char) -> char {
    match c {
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => '.',
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

fn canonical_addresses(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let mut canonical = String::with_capacity(text.len());
    for run in text.split_inclusive(|c| !is_part(c)) {
        let end = run.trim_end_matches(|c| !is_part(c)).len();
        match run[..end].parse::<Ipv6Addr>() {
            Ok(address) => canonical.push_str(&address.to_string()),
            Err(_) => canonical.push_str(&run[..end]),
        }
        canonical.push_str(&run[end..]);
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_has_a_sign() {
        for (from, _) in DEFANGED {
            assert!(from.contains(SIGNS), "{from}");
        }
    }

    #[test]
    fn every_spelling_becomes_the_same() {
        for spelling in [
            "https://evil.example/a",
            "hXXps://evil[.]example/a",
            "hxxps[:]//evil(dot)example/a",
            "https[://]evil[.example/a",
            "h**ps://evil{.}example/a",
            "https://evil\\.example/a",
            "ｈttps://ｅvil．example/a",
            "https://evil。exam\u{200b}ple/a",
            "HTTPS://EVIL [.] EXAMPLE/A",
        ] {
            assert_eq!(comparable(spelling), "https://evil.example/a", "{spelling}");
        }
        assert_eq!(comparable("a[at]evil[.]example"), "a@evil.example");
    }

    #[test]
    fn the_case_of_a_path_stays() {
        assert_eq!(
            refang("hXXps://Evil[DOT]example/Gate.PHP?İ=A"),
            "https://Evil.example/Gate.PHP?İ=A"
        );
    }

    #[test]
    fn an_ipv6_address_has_one_spelling() {
        assert_eq!(
            comparable("from 2001:0DB8:0:0::1, and"),
            "from 2001:db8::1, and"
        );
        assert_eq!(comparable("2001[:]db8[:][:]1"), "2001:db8::1");
    }

    #[test]
    fn plain_words_stay() {
        assert_eq!(
            comparable("Report (May): 10:30:15 [sic]"),
            "report (may): 10:30:15 [sic]"
        );
    }
}
