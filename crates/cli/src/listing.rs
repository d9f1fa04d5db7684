//! The public listing of a product: between MISP's words, the contract's numbers and JSON.

use std::fmt::Write as _;

use alloy::primitives::{B128, U256, Uint};
use ayumi_contracts::ICTIToken;
use ayumi_export::{Directions, Format, Report};
use ayumi_misp::{Context, Flag, Set, Word};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::text::counted;

/// The context of a listing on chain. What no word stands for is unstated.
pub(crate) fn context(listing: &ICTIToken::Listing) -> Context {
    let stated = &listing.context;
    Context {
        level: word(stated.level as u8),
        tlp: word(stated.tlp as u8),
        pap: word(stated.pap as u8),
        commercial_use: word(stated.commercialUse as u8),
        audience: set(stated.audience.into()),
        directions: set(stated.directions.into()),
        control_points: set(stated.controlPoints),
        expected_actions: set(stated.actions),
        valid_from: stated.validFrom.to::<u64>(),
        valid_until: stated.validUntil.to::<u64>(),
        category: word(stated.category),
        title: listing.title.clone(),
        title_cut: false,
        uuid: uuid(listing),
        tags: Vec::new(),
    }
}

/// The MISP uuid of a listing, if it states one.
pub(crate) fn uuid(listing: &ICTIToken::Listing) -> Option<Uuid> {
    Some(Uuid::from_bytes(listing.uuid.0)).filter(|uuid| !uuid.is_nil())
}

/// A context as the contract has it.
pub(crate) fn on_chain(context: &Context) -> ICTIToken::Context {
    let seconds = |seconds: u64| Uint::<40, 1>::saturating_from(seconds);
    ICTIToken::Context {
        validFrom: seconds(context.valid_from),
        validUntil: seconds(context.valid_until),
        level: number(context.level),
        tlp: number(context.tlp),
        pap: number(context.pap),
        commercialUse: number(context.commercial_use),
        audience: bits(context.audience),
        directions: bits(context.directions),
        controlPoints: context.control_points.bits(),
        actions: context.expected_actions.bits(),
        category: context.category.index(),
    }
}

/// A uuid as the contract has it.
pub(crate) fn uuid_on_chain(uuid: Option<Uuid>) -> B128 {
    uuid.map_or(B128::ZERO, |uuid| B128::from(*uuid.as_bytes()))
}

/// A price as the contract has it.
pub(crate) fn price_on_chain(wei: U256) -> Uint<96, 2> {
    Uint::saturating_from(wei)
}

/// A context in JSON; what is unstated is `null` or an empty list.
pub(crate) fn json(context: &Context) -> Value {
    let time = |seconds: u64| (seconds != 0).then_some(seconds);
    json!({
        "level": context.level,
        "tlp": stated(context.tlp),
        "pap": stated(context.pap),
        "commercialUse": stated(context.commercial_use),
        "audience": context.audience,
        "directions": context.directions,
        "controlPoints": context.control_points,
        "expectedActions": context.expected_actions,
        "validFrom": time(context.valid_from),
        "validUntil": time(context.valid_until),
        "category": stated(context.category),
    })
}

/// What the listing does not state, in JSON.
pub(crate) fn missing_json(context: &Context) -> Value {
    let missing = context.missing();
    missing
        .iter()
        .map(
            |need| json!({ "need": need, "meaning": need.meaning(), "statedBy": need.stated_by() }),
        )
        .collect()
}

/// A context for people, line by line.
pub(crate) fn lines(context: &Context) -> Vec<(&'static str, String)> {
    let period = crate::text::period(context.valid_from, context.valid_until);
    let missing = context
        .missing()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    vec![
        ("level", context.level.to_string()),
        ("tlp", stated(context.tlp).unwrap_or_default().into()),
        ("pap", stated(context.pap).unwrap_or_default().into()),
        ("valid", period),
        ("for", context.audience.to_string()),
        ("expected actions", context.expected_actions.to_string()),
        ("directions", context.directions.to_string()),
        ("control points", context.control_points.to_string()),
        (
            "commercial use",
            stated(context.commercial_use).unwrap_or_default().into(),
        ),
        (
            "category",
            stated(context.category).unwrap_or_default().into(),
        ),
        ("not stated", missing),
    ]
}

/// What an export has and what it leaves out, for people.
pub(crate) fn told(format: Format, report: &Report) -> String {
    let Directions {
        outbound,
        inbound,
        both,
        unstated,
    } = report.directions;
    let counts = [
        (outbound, "outbound"),
        (inbound, "inbound"),
        (both, "both"),
        (unstated, "without a direction"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, word)| format!("{count} {word}"));
    let mut told = format!("exported {}", counted(report.exported as u64, "indicator"));
    if report.exported > 0 {
        let _ = write!(told, " ({})", counts.collect::<Vec<_>>().join(", "));
    }
    if report.without_end > 0 {
        let _ = write!(told, "; {} without a stated end", report.without_end);
    }
    if format == Format::List && outbound > 0 && inbound > 0 {
        told += "\nthe list has both directions: --direction takes one";
    }
    if !report.left_out.is_empty() {
        let _ = write!(told, "\nleft out {}:", report.left_out_in_all());
    }
    for (reason, count) in &report.left_out {
        let _ = write!(told, "\n{count:>7}  {reason}: {}", reason.meaning());
    }
    told
}

/// The word, unless it says that nothing is said.
pub(crate) fn stated<W: Word + Default>(word: W) -> Option<&'static str> {
    (word != W::default()).then(|| word.name())
}

fn word<W: Word + Default>(index: u8) -> W {
    W::from_index(index).unwrap_or_default()
}

fn set<W: Flag>(bits: u16) -> Set<W> {
    let known = W::ALL
        .iter()
        .copied()
        .filter(|word| bits & (1 << word.index()) != 0);
    known.collect()
}

/// The contracts' words are in the order of [`ayumi_misp`]'s.
fn number<W: Word, N: TryFrom<u8, Error: std::fmt::Debug>>(word: W) -> N {
    N::try_from(word.index()).expect("both lists have the same words")
}

/// Sets of at most eight words.
fn bits<W: Flag>(set: Set<W>) -> u8 {
    u8::try_from(set.bits()).expect("at most eight words have at most eight bits")
}
