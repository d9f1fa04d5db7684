//! Values of arguments that are exact or refused.

use std::fmt::{self, Display};
use std::str::FromStr;

use alloy::primitives::{Address, B256, U256};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use reqwest::Url;

use crate::text::parse_ether;

/// Wei for a ticket; written in ether, such as `0.01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price(pub U256);

impl FromStr for Price {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wei = parse_ether(text)?;
        if wei >> 96 != U256::ZERO {
            return Err("a ticket costs less than 79228162514 ether".into());
        }
        Ok(Self(wei))
    }
}

/// An account's or a contract's address, for the arguments that are one.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    let expected = "expected an address: 0x and 40 hexadecimal digits";
    text.parse().map_err(|_| expected.into())
}

/// A public key, for the arguments that are one.
pub(crate) fn key(text: &str) -> Result<B256, String> {
    let expected = "expected a key: 0x and 64 hexadecimal digits";
    text.parse().map_err(|_| expected.into())
}

/// A solver, as who publishes names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichSolver {
    /// The one whose HTTP interface is here.
    At(Url),
    /// The one with this account.
    Account(Address),
}

impl FromStr for WhichSolver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Account(address));
        }
        let url = text.parse::<Url>().ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        url.map(Self::At).ok_or_else(|| {
            "expected the http:// or https:// URL of a solver, or the address of its account".into()
        })
    }
}

impl Display for WhichSolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(url) => url.fmt(f),
            Self::Account(address) => address.fmt(f),
        }
    }
}

/// A part of a whole in hundredths of a percent; written as a percentage, such as `12.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Percent(pub u16);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected a percentage from 0 to 100 with at most two decimals".to_owned();
        let bare = text.strip_suffix('%').unwrap_or(text);
        let (whole, decimals) = bare.split_once('.').unwrap_or((bare, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
            return Err(expected());
        }
        let bps = format!("{whole}{decimals:0<2}").parse::<u16>().ok();
        bps.filter(|bps| *bps <= 10_000)
            .map(Self)
            .ok_or_else(expected)
    }
}

/// A date, a date with a time, or Unix seconds. A day is its first second as a start, its last as an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A second, in Unix seconds.
    Second(u64),
    /// A day in UTC.
    Day(Date),
}

impl Moment {
    /// The first second of it.
    pub fn start(self) -> u64 {
        self.at(0, 0, 0)
    }

    /// The last second of it.
    pub fn end(self) -> u64 {
        self.at(23, 59, 59)
    }

    fn at(self, hour: i8, minute: i8, second: i8) -> u64 {
        match self {
            Self::Second(seconds) => seconds,
            Self::Day(date) => date
                .at(hour, minute, second, 0)
                .to_zoned(TimeZone::UTC)
                .ok()
                .and_then(|zoned| u64::try_from(zoned.timestamp().as_second()).ok())
                .unwrap_or(0),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = read_moment(text.trim());
        moment
            .filter(|moment| moment.start() > 0 && moment.end() < 1 << 40)
            .ok_or_else(|| {
                "expected a date such as 2026-12-31, 2026-12-31T12:00:00Z, or Unix seconds".into()
            })
    }
}

fn read_moment(text: &str) -> Option<Moment> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Moment::Second);
    }
    let second = |at: Timestamp| u64::try_from(at.as_second()).ok().map(Moment::Second);
    if let Ok(at) = text.parse::<Timestamp>() {
        return second(at);
    }
    if text.contains(['T', ' ']) {
        let at = text.parse::<DateTime>().ok()?;
        return second(at.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    text.parse().ok().map(Moment::Day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_exact_or_refused() {
        for (text, bps) in [
            ("0", 0),
            ("20", 2_000),
            ("12.5", 1_250),
            ("0.01", 1),
            ("100", 10_000),
            ("5%", 500),
        ] {
            assert_eq!(text.parse(), Ok(Percent(bps)), "{text}");
        }
        for text in [
            "", "-1", "100.01", "1.234", "1.", ".5", "abc", "1e2", "%", "999999",
        ] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_starts_with_its_first_second_and_ends_with_its_last() {
        let day = "2026-12-31".parse::<Moment>().unwrap();
        assert_eq!(day.start(), 1_798_675_200);
        assert_eq!(day.end(), 1_798_675_200 + 86_399);
        let second = Moment::Second(1_798_718_400);
        for text in [
            "2026-12-31T12:00:00Z",
            "2026-12-31T21:00:00+09:00",
            "2026-12-31 12:00:00",
            "1798718400",
        ] {
            assert_eq!(text.parse(), Ok(second), "{text}");
        }
        for text in ["", "tomorrow", "2026-13-01", "-5", "0", "99999999999999"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_solver_is_named_by_url_or_account() {
        for text in [
            "https://solver.example/base",
            "0x00000000000000000000000000000000000A11cE",
        ] {
            let solver = text.parse::<WhichSolver>().unwrap();
            assert_eq!(solver.to_string(), text);
        }
        for text in ["", "solver.example", "localhost:8460", "ftp://x", "0x12"] {
            assert!(text.parse::<WhichSolver>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_fits_into_a_listing() {
        assert_eq!("0".parse(), Ok(Price(U256::ZERO)));
        assert_eq!(
            "0.01".parse(),
            Ok(Price(U256::from(10_000_000_000_000_000_u64)))
        );
        assert!("79228162514.3".parse::<Price>().is_err());
    }
}
