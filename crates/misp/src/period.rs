//! When a document is valid, in Unix seconds.
//!
//! - From: `ayumi:valid-from` on the document (of several the earliest), or else the earliest `first_seen` of its objects
//!   and attributes.
//! - Until: `ayumi:valid-until` on the document (of several the earliest), or else the shortest `retention:` tag, counted
//!   from the event's `date` as MISP counts it. `retention:expired` alone ends the period on the event's date.
//!
//! Dates are ISO 8601; without a zone they are UTC. A day counts from its first second as a start, and to its last as an
//! end. A number is Unix seconds.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::document::Document;
use crate::error::Note;
use crate::kept::Text;
use crate::tag::Tags;

/// Unix seconds; 0 is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Period {
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// Which edge of a period a date is.
#[derive(Debug, Clone, Copy)]
pub enum Edge {
    /// A day counts from its first second.
    Start,
    /// A day counts to its last second.
    End,
}

impl Period {
    pub(crate) fn of(document: &Document, tags: &Tags, notes: &mut Vec<Note>) -> Self {
        let from =
            tagged(tags, "valid-from", Edge::Start, notes).or_else(|| first_seen(document, notes));
        let until = tagged(tags, "valid-until", Edge::End, notes)
            .or_else(|| retention(document, tags, notes));
        let period = Self {
            from: from.unwrap_or(0),
            until: until.unwrap_or(0),
        };
        if period.until != 0 && period.until < period.from {
            notes.push(Note::PeriodReversed);
        }
        period
    }
}

fn tagged(tags: &Tags, predicate: &str, edge: Edge, notes: &mut Vec<Note>) -> Option<u64> {
    let ours = tags
        .machine_whole()
        .filter(|(_, tag)| tag.namespace == "ayumi" && tag.predicate == predicate);
    ours.filter_map(|(written, tag)| dated(&tag.value, edge, || written.to_owned(), notes))
        .min()
}

fn first_seen(document: &Document, notes: &mut Vec<Note>) -> Option<u64> {
    let object_at = |index| match document.event() {
        Some(_) => format!("{}/Object/{index}/first_seen", document.pointer()),
        None => format!("{}/first_seen", document.pointer()),
    };
    let mut earliest = None;
    let mut take = |stated: &Text, place: &dyn Fn() -> String| {
        let text = stated.text().filter(|text| !text.trim().is_empty());
        let seconds = text.and_then(|text| dated(&text, Edge::Start, place, notes));
        earliest = seconds.min(earliest).or(seconds).or(earliest);
    };
    for (index, object) in document
        .objects()
        .filter(|(_, object)| !object.deleted.is_true())
    {
        take(&object.first_seen, &|| object_at(index));
    }
    for placed in document
        .attributes()
        .filter(|placed| !placed.attribute.deleted.is_true())
    {
        take(&placed.attribute.first_seen, &|| {
            format!("{}/first_seen", placed.pointer())
        });
    }
    earliest
}

fn retention(document: &Document, tags: &Tags, notes: &mut Vec<Note>) -> Option<u64> {
    let ours = tags
        .machine_whole()
        .filter(|(_, tag)| tag.namespace == "retention")
        .collect::<Vec<_>>();
    let (first, _) = ours.first()?;
    let Some(date) = document
        .event()
        .and_then(|event| event.date.text()?.trim().parse::<Date>().ok())
    else {
        notes.push(Note::RetentionWithoutDate {
            tag: (*first).to_owned(),
        });
        return None;
    };
    let mut ends = Vec::new();
    for (written, tag) in &ours {
        if tag.predicate == "expired" {
            continue;
        }
        match retention_end(date, &tag.predicate) {
            Some(end) => ends.push(end),
            None => notes.push(Note::UnknownTag {
                tag: (*written).to_owned(),
            }),
        }
    }
    let expired = ours.iter().any(|(_, tag)| tag.predicate == "expired");
    ends.into_iter()
        .min()
        .or_else(|| expired.then(|| seconds(date.at(23, 59, 59, 0))).flatten())
}

/// `7d`, `2w`, `3m` or `1y` after `date`.
pub(crate) fn retention_end(date: Date, length: &str) -> Option<u64> {
    let (digits, unit) = length.split_at_checked(length.len().checked_sub(1)?)?;
    let number = digits.parse::<i64>().ok().filter(|number| *number > 0)?;
    let span = match unit {
        "d" => Span::new().try_days(number),
        "w" => Span::new().try_weeks(number),
        "m" => Span::new().try_months(number),
        "y" => Span::new().try_years(number),
        _ => return None,
    };
    seconds(
        date.checked_add(span.ok()?)
            .ok()?
            .to_datetime(Time::midnight()),
    )
}

fn dated(
    text: &str,
    edge: Edge,
    place: impl FnOnce() -> String,
    notes: &mut Vec<Note>,
) -> Option<u64> {
    let read = unix_seconds(text.trim(), edge);
    if read.is_none() {
        notes.push(Note::BadDate {
            place: place(),
            text: text.to_owned(),
        });
    }
    read
}

/// A date as MISP documents have it, in Unix seconds; `None` if it is none after 1970.
///
/// Tags are folded to lower case, ISO 8601 has `T` and `Z`; jiff reads both.
pub fn unix_seconds(text: &str, edge: Edge) -> Option<u64> {
    if text.is_empty() {
        return None; // as most places are
    }
    if text.len() == "2026-12-31".len()
        && let Ok(date) = text.parse::<Date>()
    {
        return seconds(match edge {
            Edge::Start => date.to_datetime(Time::midnight()),
            Edge::End => date.at(23, 59, 59, 0),
        });
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return usable(timestamp);
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return seconds(civil);
    }
    usable(Timestamp::from_second(text.parse().ok()?).ok()?)
}

fn seconds(civil: DateTime) -> Option<u64> {
    usable(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn usable(timestamp: Timestamp) -> Option<u64> {
    u64::try_from(timestamp.as_second())
        .ok()
        .filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const NEW_YEAR_2026: u64 = 1_767_225_600;

    #[test]
    fn a_day_starts_at_its_first_second_and_ends_at_its_last() {
        assert_eq!(unix_seconds("2026-01-01", Edge::Start), Some(NEW_YEAR_2026));
        assert_eq!(
            unix_seconds("2026-01-01", Edge::End),
            Some(NEW_YEAR_2026 + DAY - 1)
        );
    }

    #[test]
    fn a_time_is_read_with_and_without_zone_and_as_unix_seconds() {
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01t00:00:00z",
            "2026-01-01T09:00:00.000000+09:00",
            "2026-01-01T00:00:00.000000+0000",
            "2026-01-01 00:00:00",
            "1767225600",
        ] {
            assert_eq!(
                unix_seconds(text, Edge::Start),
                Some(NEW_YEAR_2026),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_after_1970_is_not_read() {
        for text in [
            "",
            "soon",
            "2026-13-01",
            "0000-00-00",
            "1969-12-31",
            "1970-01-01",
            "-5",
            "99999999999999999999",
        ] {
            assert_eq!(unix_seconds(text, Edge::Start), None, "{text}");
        }
    }

    #[test]
    fn retention_counts_calendar_units_from_the_date() {
        let date = Date::constant(2025, 12, 31);
        assert_eq!(retention_end(date, "1d"), Some(NEW_YEAR_2026));
        assert_eq!(retention_end(date, "2w"), Some(NEW_YEAR_2026 + 13 * DAY));
        assert_eq!(
            retention_end(date, "2m"),
            Some(NEW_YEAR_2026 + 58 * DAY),
            "the last of February"
        );
        assert_eq!(retention_end(date, "1y"), Some(NEW_YEAR_2026 + 364 * DAY));
        for wrong in ["", "d", "0d", "-1d", "1h", "１d", "9999999999999y", "年"] {
            assert_eq!(retention_end(date, wrong), None, "{wrong}");
        }
    }
}
