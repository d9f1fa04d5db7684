//! What pages are made of: numbers, tables, panels.

use std::fmt::Display;

use alloy::primitives::{Address, B256, I256};
use ayumi_audit::{Day, Query, Share, Spread, Steps};
use jiff::Timestamp;
use maud::{Markup, html};

use super::chart;
use super::view::View;
use super::words::Word;

/// The decimals of an ether.
const ETHER_DECIMALS: usize = 18;

/// Decimals that are shown; programs read all of them.
const SHOWN_DECIMALS: usize = 9;

/// A column of a table: its key for programs, its title, and whether it has numbers.
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) is_number: bool,
}

/// A column of texts.
pub(crate) fn words(key: &'static str, title: &'static str) -> Column {
    Column {
        key,
        title,
        is_number: false,
    }
}

/// A column of numbers.
pub(crate) fn numbers(key: &'static str, title: &'static str) -> Column {
    Column {
        key,
        title,
        is_number: true,
    }
}

/// A table's row: its key for programs, and its cells. The first is its header.
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) cells: Vec<Markup>,
}

pub(crate) fn table(caption: &str, columns: &[Column], rows: &[Row]) -> Markup {
    html! {
        div.scroll role="group" aria-label=(caption) tabindex="0" {
            table {
                caption.hidden { (caption) }
                thead { tr {
                    @for column in columns { th scope="col" .n[column.is_number] { (column.title) } }
                } }
                tbody {
                    @for row in rows { tr data-row=(row.key) {
                        @for (place, (column, cell)) in columns.iter().zip(&row.cells).enumerate() {
                            @if place == 0 { th scope="row" data-col=(column.key) .n[column.is_number] { (cell) } }
                            @else { td data-col=(column.key) .n[column.is_number] { (cell) } }
                        }
                    } }
                }
            }
        }
    }
}

/// A part of a page: title, a plain sentence, what shows it, and the same as CSV.
pub(crate) struct Panel<'a> {
    pub(crate) id: &'static str,
    pub(crate) title: &'a str,
    pub(crate) plain: String,
    pub(crate) csv: Option<String>,
}

impl Panel<'_> {
    pub(crate) fn with(&self, view: &View, body: &Markup) -> Markup {
        html! {
            section.panel id=(self.id) aria-labelledby={ (self.id) "-title" } {
                header {
                    h2 id={ (self.id) "-title" } { (self.title) }
                    @if let Some(csv) = &self.csv {
                        a.csv href=(csv) download aria-label=(view.say(Word::CsvOf, &[&self.title])) { (view.text(Word::Csv)) }
                    }
                }
                @if !self.plain.is_empty() { p.plain { (self.plain) } }
                (body)
            }
        }
    }
}

/// What is behind a chart, folded.
pub(crate) fn folded(view: &View, id: &str, body: &Markup) -> Markup {
    html! {
        details id={ (id) "-table" } { summary { (view.text(Word::AsTable)) } (body) }
    }
}

/// A count, with what programs read of it.
pub(crate) fn count(count: u64) -> Markup {
    html! { data value=(count) { (grouped(count)) } }
}

/// `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 step`, `2 steps`.
pub(crate) fn steps(view: &View, count: u64) -> String {
    let word = if count == 1 { Word::Step } else { Word::Steps };
    let space = if view.lang == super::words::Lang::Ja {
        ""
    } else {
        " "
    };
    format!("{}{space}{}", grouped(count), view.text(word))
}

/// How many more or fewer.
pub(crate) fn change(now: u64, before: u64) -> Markup {
    let text = match now.checked_sub(before) {
        Some(0) => "±0".to_owned(),
        Some(more) => format!("+{}", grouped(more)),
        None => format!("−{}", grouped(before - now)),
    };
    html! { span.change { (text) } }
}

/// All steps, each counted for who took it.
pub(crate) fn total(steps: &Steps) -> u64 {
    steps.published
        + steps.bought
        + steps.redeemed
        + steps.delivered
        + steps.feedback_given
        + steps.answered
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share with its meter; or how few there are.
pub(crate) fn share(view: &View, share: Share) -> Markup {
    html! {
        data.share value=[share.share] {
            @if let Some(part) = share.share {
                (chart::meter(part)) span.big { (percent(part)) } " "
                small { (view.say(Word::NofM, &[&grouped(share.count), &grouped(share.of)])) }
            } @else {
                small { (view.say(Word::TooFew, &[&grouped(share.count), &grouped(share.of)])) }
            }
        }
    }
}

/// How long something took, to two digits or more.
pub(crate) fn duration(view: &View, seconds: u64) -> String {
    const UNITS: [(u64, Word); 3] = [
        (86_400, Word::Days),
        (3_600, Word::Hours),
        (60, Word::Minutes),
    ];
    for (unit, name) in UNITS {
        if seconds >= unit {
            let tenths = seconds.saturating_mul(10) / unit;
            let is_whole = tenths >= 100 || tenths.is_multiple_of(10);
            let decimals = if is_whole {
                String::new()
            } else {
                format!(".{}", tenths % 10)
            };
            return view.say(name, &[&format!("{}{decimals}", tenths / 10)]);
        }
    }
    view.say(Word::Seconds, &[&seconds])
}

/// The actions that a feedback names; a dash without one.
pub(crate) fn actions(view: &View, actions: Option<&[String]>) -> String {
    match actions {
        None => "–".to_owned(),
        Some([]) => view.text(Word::NoActions).to_owned(),
        Some(actions) => actions.join(", "),
    }
}

/// Rows of rates and what they mean.
pub(crate) fn rates(view: &View, rows: &[(&'static str, Word, Word, Share)]) -> Markup {
    html! {
        dl.rates {
            @for (id, name, means, rate) in rows {
                div data-figure=(id) {
                    dt { (view.text(*name)) " " (definition(view, id, *name)) }
                    dd.value { (share(view, *rate)) }
                    dd.means { (view.text(*means)) }
                }
            }
        }
    }
}

/// The short name of a figure, which leads to its definition.
pub(crate) fn definition(view: &View, id: &str, name: Word) -> Markup {
    let place = view.link("/definitions", &Query::default());
    html! {
        a.id href={ (place) "#" (id) } aria-label=(view.say(Word::DefinitionOf, &[&id, &view.text(name)])) { (id) }
    }
}

/// Rows of durations.
pub(crate) fn durations(view: &View, rows: &[(&'static str, Word, Spread)]) -> Markup {
    let columns = [
        words("what", view.text(Word::What)),
        words("spread", view.text(Word::Range)),
        numbers("median", view.text(Word::Median)),
        numbers("p90", view.text(Word::P90)),
        numbers("ended", view.text(Word::Ended)),
        numbers("open", view.text(Word::Open)),
    ];
    let time = |seconds: Option<u64>| html! { data value=[seconds] { (seconds.map_or("–".to_owned(), |seconds| duration(view, seconds))) } };
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, name, spread)| Row {
            key: (*id).to_owned(),
            cells: vec![
                html! { (view.text(*name)) " " (definition(view, id, *name)) },
                chart::span(spread.median, spread.p90),
                time(spread.median),
                time(spread.p90),
                count(spread.ended),
                count(spread.open),
            ],
        })
        .collect();
    table(view.text(Word::Durations), &columns[..], &rows)
}

/// Wei as ether; the value behind it is exact.
pub(crate) fn ether(wei: &I256) -> Markup {
    let digits = format!("{:0>19}", wei.unsigned_abs());
    let (whole, decimals) = digits.split_at(digits.len() - ETHER_DECIMALS);
    let sign = if wei.is_negative() { "−" } else { "" };
    let text = match decimals.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        decimals if decimals.len() > SHOWN_DECIMALS => {
            format!("≈ {sign}{whole}.{}", &decimals[..SHOWN_DECIMALS])
        }
        decimals => format!("{sign}{whole}.{decimals}"),
    };
    html! { data value=(wei) { (text) } " " small { "ether" } }
}

/// A moment, to the second, in UTC.
pub(crate) fn moment(at: i64) -> Markup {
    let iso = instant(at);
    html! { time datetime=(iso) { (iso.replace('T', " ").replace('Z', " UTC")) } }
}

pub(crate) fn instant(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// The day of a time.
pub(crate) fn day_of(at: i64) -> Day {
    Day(at.div_euclid(86_400))
}

/// What a member wrote: its direction stays its own.
pub(crate) fn told(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// An organisation's name, with its page.
pub(crate) fn organisation(view: &View, name: &str) -> Markup {
    if name.is_empty() {
        return html! { em { (view.text(Word::Unassigned)) } };
    }
    let query = Query {
        organisation: Some(name.to_owned()),
        ..view.period()
    };
    html! { a href=(view.link("/organisations", &query)) { (told(name)) } }
}

/// An address or hash, short to look at and whole to copy.
pub(crate) fn short(value: &impl Display) -> Markup {
    let value = value.to_string();
    let (head, tail) = (
        value.get(..8).unwrap_or(&value),
        value
            .get(value.len().saturating_sub(6)..)
            .unwrap_or_default(),
    );
    html! { code title=(value) { (head) "…" (tail) } }
}

pub(crate) fn account(view: &View, account: Address) -> Markup {
    let query = Query {
        account: Some(account.to_string()),
        ..view.period()
    };
    html! { a href=(view.link("/teams", &query)) { (short(&account)) } }
}

/// A transaction, in its block.
pub(crate) fn transaction(view: &View, block: i64, hash: B256) -> Markup {
    let place = view.link(&format!("/blocks/{block}"), &Query::default());
    html! { a href={ (place) "#" (hash) } { (short(&hash)) } }
}

/// A transaction whose block is not known.
pub(crate) fn transaction_hash(hash: B256) -> Markup {
    html! { code { (hash) } }
}

pub(crate) fn block(view: &View, block: i64) -> Markup {
    html! { a href=(view.link(&format!("/blocks/{block}"), &Query::default())) { (block) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_people_read_them() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        let view = View::of("/", "", "en");
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (90, "1.5 min"),
            (3_599, "59 min"),
            (86_400, "1 d"),
        ] {
            assert_eq!(duration(&view, seconds), text);
        }
        assert_eq!(
            ether(&I256::try_from(10_i64.pow(16)).unwrap()).into_string(),
            r#"<data value="10000000000000000">0.01</data> <small>ether</small>"#
        );
        assert!(ether(&I256::MIN).into_string().contains('−'));
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(instant(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn what_members_wrote_stays_text() {
        let hostile = "<script>alert(1)</script>\u{202e}";
        assert!(!told(hostile).into_string().contains("<script"));
        assert!(!short(&hostile).into_string().contains("<script"));
    }
}
