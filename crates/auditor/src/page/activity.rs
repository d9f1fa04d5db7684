//! What happens, event by event, down to blocks, transactions and logs.

use axum::extract::{Path, State};
use axum::response::Response;
use ayumi_audit::{Ask, EventRow, Finding, Query, QueryError, Reader};
use maud::{Markup, html};

use super::parts::{Panel, grouped, moment};
use super::view::View;
use super::words::Word;
use super::{Asked, Drawn, Filters, Newest, Shared, answer, csv, feed, rows};

/// Events of the feed.
const FEED: usize = 50;

/// Events of a block that are shown, and of its newest blocks that are looked through.
const MOST: usize = 5_000;

/// Findings beside it.
const FINDINGS: usize = 20;

/// Bits of an event's id that its place in the block has.
const INDEX_BITS: u32 = 20;

struct Found {
    events: Vec<EventRow>,
    findings: Vec<Finding>,
}

pub(super) async fn page(State(auditor): Shared, view: View) -> Response {
    let ask = |reader: &Reader, query: &Query, _: Newest| -> Asked<Found> {
        let findings = Query {
            after: None,
            limit: Some(FINDINGS),
            by: None,
            ..query.clone()
        };
        Ok(Found {
            events: newest(reader, query, FEED)?,
            findings: reader.findings(&findings)?,
        })
    };
    answer(&auditor, &view, ask, |found, _| draw(&view, &found)).await
}

/// The newest events before `query.after`, newest first. The index tells events from any block on, oldest first; so the
/// block that is just far enough back is found by halving.
fn newest(reader: &Reader, query: &Query, count: usize) -> Asked<Vec<EventRow>> {
    let end = query.after.unwrap_or(i64::MAX);
    let from = |block: i64, limit: usize| {
        let after = (block << INDEX_BITS) - 1;
        let query = Query {
            since: query.since,
            until: query.until,
            after: Some(after),
            limit: Some(limit),
            ..Query::default()
        };
        let rows = reader.events(&query)?;
        Ok::<_, ayumi_audit::Error>(
            rows.into_iter()
                .filter(|row| row.id < end)
                .collect::<Vec<_>>(),
        )
    };
    let (newest, _, _) = reader.as_of()?;
    let newest = i64::try_from(newest).unwrap_or(i64::MAX >> INDEX_BITS);
    let (mut enough, mut too_few) = (-1, (end >> INDEX_BITS).min(newest) + 1);
    while too_few - enough > 1 {
        let middle = enough + (too_few - enough) / 2;
        if from(middle, count)?.len() == count {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    let mut rows = from(enough.max(0), MOST)?;
    rows.reverse();
    rows.truncate(count);
    Ok(rows)
}

fn draw(view: &View, found: &Found) -> Drawn {
    let title = view.text(Word::FeedTitle);
    let list = html! {
        @if found.events.is_empty() { p { (view.text(Word::Nothing)) } }
        ol.feed {
            @for event in &found.events {
                li data-event=(event.id) {
                    (moment(event.at)) p { (feed::sentence(view, event)) } (feed::place(view, event))
                }
            }
        }
        @if found.events.len() == FEED && let Some(last) = found.events.last() {
            p { a href=(view.link("/activity", &Query { after: Some(last.id), ..view.period() })) { (view.text(Word::More)) } }
        }
    };
    let panel = Panel {
        id: "feed",
        title,
        plain: view.text(Word::FeedPlain).to_owned(),
        csv: Some(csv(Ask::Events, &view.period())),
    };
    let body = html! {
        (panel.with(view, &list))
        (rows::findings(view, &found.findings, &view.period()))
    };
    Drawn {
        title: view.text(Word::ActivityPage).to_owned(),
        filters: Some(Filters::default()),
        body,
    }
}

pub(super) async fn block(
    State(auditor): Shared,
    Path(number): Path<String>,
    view: View,
) -> Response {
    let block: Option<i64> = number
        .parse()
        .ok()
        .filter(|block| (0..i64::MAX >> INDEX_BITS).contains(block));
    let ask = move |reader: &Reader, _: &Query, _: Newest| -> Asked<(i64, Vec<EventRow>)> {
        let unknown = || QueryError::Unknown {
            what: "block",
            value: number.clone(),
        };
        let (newest, _, _) = reader.as_of()?;
        let block = block.filter(|block| u64::try_from(*block).is_ok_and(|block| block <= newest));
        let block = block.ok_or_else(unknown)?;
        let query = Query {
            after: Some((block << INDEX_BITS) - 1),
            limit: Some(MOST),
            ..Query::default()
        };
        let events = reader.events(&query)?;
        Ok((
            block,
            events
                .into_iter()
                .filter(|event| event.block == block)
                .collect::<Vec<_>>(),
        ))
    };
    answer(&auditor, &view, ask, |(block, events), _| {
        draw_block(&view, block, &events)
    })
    .await
}

fn draw_block(view: &View, block: i64, events: &[EventRow]) -> Drawn {
    let count = u64::try_from(events.len()).unwrap_or(0);
    let body = html! {
        p.plain {
            (view.say(Word::BlockPlain, &[&grouped(count)]))
            @if let Some(event) = events.first() { " " (moment(event.at)) }
        }
        @for events in events.chunk_by(|one, next| one.transaction == next.transaction) {
            (transaction(view, events))
        }
    };
    Drawn {
        title: view.say(Word::BlockN, &[&block]),
        filters: None,
        body,
    }
}

fn transaction(view: &View, events: &[EventRow]) -> Markup {
    let hash = events
        .first()
        .map(|event| event.transaction)
        .unwrap_or_default();
    html! {
        section.panel id=(hash) {
            h2 { (view.text(Word::Transaction)) " " code { (hash) } }
            ol.logs { @for event in events {
                li id={ "log-" (event.log) } { span.id { (view.say(Word::LogN, &[&event.log])) } " " (feed::sentence(view, event))
                    " " code { (event.kind) } }
            } }
            p.means { (view.text(Word::CheckIt)) }
            pre tabindex="0" { code { "cast receipt " (hash) " --rpc-url \"$ETH_RPC_URL\"" } }
        }
    }
}
