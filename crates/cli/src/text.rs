//! What people read: amounts, times, tables, and strings that somebody else wrote.

use std::fmt::{Display, Write as _};

use alloy::primitives::U256;
use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serializer;

const ETHER_DECIMALS: usize = 18;

/// Wei of an amount in ether, exactly.
pub fn parse_ether(text: &str) -> Result<U256, String> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.starts_with('-') {
        return Err("expected an amount in ether that is not below 0, such as 0.01".into());
    }
    if !digits(whole) || !digits(decimals) {
        return Err("expected an amount in ether, such as 0.01".into());
    }
    if decimals.len() > ETHER_DECIMALS {
        return Err("an amount in ether has at most 18 decimals".into());
    }
    U256::from_str_radix(&format!("{whole}{decimals:0<ETHER_DECIMALS$}"), 10)
        .map_err(|_| "the amount is too large".into())
}

/// An amount of wei in ether, without trailing zeros: `0.01`.
pub fn ether(wei: U256) -> String {
    let digits = format!("{wei:0>19}");
    let (whole, decimals) = digits.split_at(digits.len() - ETHER_DECIMALS);
    match decimals.trim_end_matches('0') {
        "" => whole.to_owned(),
        decimals => format!("{whole}.{decimals}"),
    }
}

/// A text that somebody else wrote, with everything escaped that could steer a terminal or the reading direction.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        if steers(character) {
            let _ = write!(cleaned, "\\u{{{:x}}}", u32::from(character));
        } else {
            cleaned.push(character);
        }
    }
    cleaned
}

/// Controls, and the invisible characters that reorder, join or hide text.
pub(crate) fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Unix seconds as people write them; "–" where nothing is said.
pub(crate) fn time(seconds: u64) -> String {
    let at = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    match at {
        Some(at) if seconds != 0 => at.strftime("%Y-%m-%d %H:%MZ").to_string(),
        _ => "–".into(),
    }
}

/// From when until when something is valid, in words; "" where neither is stated.
pub(crate) fn period(from: u64, until: u64) -> String {
    match (from, until) {
        (0, 0) => String::new(),
        (from, 0) => format!("from {}; until when is not stated", time(from)),
        (0, until) => format!("until {}; from when is not stated", time(until)),
        (from, until) => format!("{} to {}", time(from), time(until)),
    }
}

/// A count with its word: `1 block`, `2 blocks`.
pub(crate) fn counted(count: impl Display + PartialEq<u64> + Copy, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// Serialises a value as the text that people write it as.
pub(crate) fn as_text<S: Serializer>(
    value: &impl Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Rows under headers; cells are cleaned.
pub(crate) fn table<const N: usize>(
    headers: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(headers);
    for row in rows {
        table.add_row(row.map(|cell| clean(&cell)));
    }
    trimmed(&table.to_string())
}

/// Names and values below each other; values are cleaned, empty ones left out.
pub(crate) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let pairs = pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect::<Vec<_>>();
    let width = pairs
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let lines = pairs
        .iter()
        .map(|(name, value)| format!("{name:width$}  {}", clean(value)));
    lines.collect::<Vec<_>>().join("\n")
}

fn trimmed(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_or_refused() {
        for (text, wei) in [
            ("0", 0_u128),
            ("1", 1_000_000_000_000_000_000),
            ("0.01", 10_000_000_000_000_000),
            ("0.000000000000000001", 1),
            ("007.50", 7_500_000_000_000_000_000),
        ] {
            assert_eq!(parse_ether(text), Ok(U256::from(wei)), "{text}");
        }
        for text in [
            "",
            "-1",
            "+1",
            "1e3",
            "1.",
            ".1",
            "0x10",
            "1,5",
            "1.0000000000000000001",
            "1 ",
            "٣",
        ] {
            assert!(parse_ether(text).is_err(), "{text}");
        }
        assert!(parse_ether(&"9".repeat(80)).is_err());
    }

    #[test]
    fn an_amount_is_written_without_trailing_zeros() {
        for text in ["0", "1", "0.01", "0.000000000000000001", "1234.5"] {
            assert_eq!(ether(parse_ether(text).unwrap()), text);
        }
    }

    #[test]
    fn a_period_reads_well_whatever_is_stated_of_it() {
        let (from, until) = (1_770_973_200, 1_798_675_200);
        assert_eq!(
            period(from, until),
            "2026-02-13 09:00Z to 2026-12-31 00:00Z"
        );
        assert_eq!(
            period(from, 0),
            "from 2026-02-13 09:00Z; until when is not stated"
        );
        assert_eq!(
            period(0, until),
            "until 2026-12-31 00:00Z; from when is not stated"
        );
        assert_eq!(period(0, 0), "");
    }

    #[test]
    fn one_is_one_and_the_rest_are_many() {
        let told = [0_u64, 1, 2].map(|count| counted(count, "block"));
        assert_eq!(told, ["0 blocks", "1 block", "2 blocks"]);
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(clean("a\u{1b}[2Jb\r\n"), "a\\u{1b}[2Jb\\u{d}\\u{a}");
        assert_eq!(
            clean("\u{202e}txt.exe\u{9b}1m"),
            "\\u{202e}txt.exe\\u{9b}1m"
        );
        assert_eq!(clean("請求書 – žluťoučký"), "請求書 – žluťoučký");
    }

    #[test]
    fn a_table_lines_its_columns_up() {
        let rows = [
            ["1-1".into(), "a\u{7}b".into()],
            ["10-2".into(), "c".into()],
        ];
        insta::assert_snapshot!(table(["product", "title"], rows), @r"
         product  title
         1-1      a\u{7}b
         10-2     c
        ");
    }
}
