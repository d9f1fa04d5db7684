//! What was recomputed, when, with what result, and how to do it oneself.

use axum::extract::State;
use axum::response::Response;
use ayumi_audit::{Difference, Query, Reader, Status};
use maud::{Markup, html};

use super::parts::{
    Panel, Row, count, grouped, instant, moment, numbers, table, transaction_hash, words,
};
use super::view::View;
use super::words::Word;
use super::{Drawn, Newest, Shared, answer};
use crate::verify::Check;

/// Differences that are listed; all are at `/v1/verification`.
const SHOWN: usize = 100;

pub(super) async fn page(State(auditor): Shared, view: View) -> Response {
    let checks = auditor.checks.all();
    let ask = |reader: &Reader, _: &Query, _: Newest| reader.status();
    answer(&auditor, &view, ask, |status, _| {
        draw(&view, &status, &checks)
    })
    .await
}

fn draw(view: &View, status: &Status, checks: &[Check]) -> Drawn {
    let body = html! {
        p.plain { (view.text(Word::VerifyPlain)) }
        (last(view, checks.first()))
        (yourself(view, status))
        (index(view, status))
        (history(view, checks))
    };
    Drawn {
        title: view.text(Word::Verify).to_owned(),
        filters: None,
        body,
    }
}

fn last(view: &View, check: Option<&Check>) -> Markup {
    let told = |verdict: &str, word: Word, plain: String, body: Markup| {
        let panel = Panel {
            id: "last",
            title: view.text(Word::LastCheck),
            plain: String::new(),
            csv: None,
        };
        panel.with(view, &html! {
            p class={ "verdict " (verdict) } data-verdict=(verdict) { strong { (view.text(word)) } }
            p { (plain) }
            (body)
        })
    };
    let Some(check) = check else {
        return told(
            "none",
            Word::NotChecked,
            view.text(Word::NotCheckedPlain).to_owned(),
            html! {},
        );
    };
    let when = instant(check.at);
    match &check.verification {
        None => told(
            "none",
            Word::CheckFailed,
            format!("{when}: {}", check.failure.as_deref().unwrap_or_default()),
            html! {},
        ),
        Some(found) => {
            let (events, accounts) = (grouped(found.events), grouped(found.accounts));
            if found.differences.is_empty() {
                let plain = view.say(
                    Word::AllAgreesPlain,
                    &[&found.block, &events, &accounts, &when, &check.seconds],
                );
                return told("agrees", Word::AllAgrees, plain, html! {});
            }
            let number = found.differences.len();
            let plain = view.say(
                Word::DiffersPlain,
                &[&found.block, &events, &accounts, &number, &when],
            );
            told(
                "differs",
                Word::Differs,
                plain,
                differences(view, &found.differences),
            )
        }
    }
}

fn differences(view: &View, found: &[Difference]) -> Markup {
    let columns = [
        words("what", view.text(Word::What)),
        words("with", view.text(Word::With)),
        words("account", view.text(Word::Account)),
        words("events", view.text(Word::FromEvents)),
        words("found", view.text(Word::Found)),
        words("transaction", view.text(Word::Transaction)),
    ];
    let rows: Vec<_> = found
        .iter()
        .take(SHOWN)
        .enumerate()
        .map(|(place, difference)| Row {
            key: place.to_string(),
            cells: vec![
                html! { (difference.what) },
                html! { (difference.with) },
                html! { @if let Some(account) = difference.account { (super::parts::account(view, account)) } },
                html! { (difference.events) },
                html! { (difference.found) },
                html! { @if let Some(hash) = difference.transaction { (transaction_hash(hash)) } },
            ],
        })
        .collect();
    table(view.text(Word::Differences), &columns, &rows)
}

fn yourself(view: &View, status: &Status) -> Markup {
    let operator = status.operator;
    let body = html! {
        pre tabindex="0" { code {
            "export ETH_RPC_URL=…  # a node that you trust\n"
            "export AYUMI_OPERATOR=" (operator) "\n"
            "ayumi audit verify\n"
            "ayumi audit verify --against …  # the address of this page\n"
        } }
    };
    let plain = view.text(Word::DoItYourselfPlain).to_owned();
    Panel {
        id: "yourself",
        title: view.text(Word::DoItYourself),
        plain,
        csv: None,
    }
    .with(view, &body)
}

fn index(view: &View, status: &Status) -> Markup {
    let body = html! {
        dl.facts {
            div { dt { (view.text(Word::ChainId)) } dd { (status.chain_id) } }
            div { dt { (view.text(Word::Operator)) } dd { code { (status.operator) } } }
            div { dt { (view.text(Word::Block)) } dd data-figure="block" { (status.block) } }
            div { dt { (view.text(Word::BlockHash)) } dd { code { (status.hash) } } }
            div { dt { (view.text(Word::BlockTime)) } dd { (moment(status.at)) } }
            div data-figure="events" { dt { (view.text(Word::Events)) } dd { (count(status.events)) } }
        }
    };
    let csv = super::csv(ayumi_audit::Ask::Status, &Query::default());
    Panel {
        id: "index",
        title: view.text(Word::Index),
        plain: String::new(),
        csv: Some(csv),
    }
    .with(view, &body)
}

fn history(view: &View, checks: &[Check]) -> Markup {
    let columns = [
        words("when", view.text(Word::When)),
        words("result", view.text(Word::Result)),
        numbers("block", view.text(Word::Block)),
        numbers("events", view.text(Word::Events)),
        numbers("took", view.text(Word::Took)),
    ];
    let result = |check: &Check| match &check.verification {
        None => Word::CheckFailed,
        Some(found) if found.differences.is_empty() => Word::AllAgrees,
        Some(_) => Word::Differs,
    };
    let rows: Vec<_> = checks
        .iter()
        .map(|check| {
            let found = check.verification.as_ref();
            Row {
                key: check.at.to_string(),
                cells: vec![
                    moment(check.at),
                    html! { (view.text(result(check))) },
                    html! { @if let Some(found) = found { (found.block) } },
                    html! { @if let Some(found) = found { (count(found.events)) } },
                    html! { (check.seconds) " s" },
                ],
            }
        })
        .collect();
    let title = view.text(Word::History);
    let body = html! {
        @if rows.is_empty() { p { (view.text(Word::NoneYet)) } } @else { (table(title, &columns, &rows)) }
    };
    Panel {
        id: "history",
        title,
        plain: String::new(),
        csv: None,
    }
    .with(view, &body)
}
