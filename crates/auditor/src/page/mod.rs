//! The pages. Each asks the index what the command and the interface would be told, and draws that.

mod activity;
mod chart;
mod definitions;
mod feed;
mod organisation;
mod overview;
mod parts;
mod product;
mod rows;
mod task;
mod team;
mod verify;
mod view;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use ayumi_audit::{Ask, By, Day, Query, Reader};
use maud::{DOCTYPE, Markup, html};

use crate::Auditor;
use crate::http::{Problem, version};
use crate::readers::AsOf;
pub(crate) use view::View;
use view::Which;
use words::{Lang, Word};

/// Periods that can be chosen at once, in days.
const SPANS: [i64; 3] = [7, 28, 90];
const YEAR: i64 = 365;

/// The pages that are always at hand.
const TABS: [(&str, Word); 6] = [
    ("/", Word::Overview),
    ("/organisations", Word::Organisations),
    ("/teams", Word::Teams),
    ("/products", Word::Products),
    ("/activity", Word::ActivityPage),
    ("/verify", Word::Verify),
];

type Shared = State<Arc<Auditor>>;

/// What a page asks the index for.
type Asked<T> = ayumi_audit::Result<T>;

pub(crate) fn routes() -> Router<Arc<Auditor>> {
    Router::new()
        .route("/", get(overview::page))
        .route("/organisations", get(organisation::page))
        .route("/teams", get(team::page))
        .route("/products", get(product::page))
        .route("/tasks/{task}", get(task::page))
        .route("/activity", get(activity::page))
        .route("/blocks/{block}", get(activity::block))
        .route("/verify", get(verify::page))
        .route("/definitions", get(definitions::page))
}

/// What is drawn, and under which title.
struct Drawn {
    title: String,
    /// Whether there is something to choose, and by which periods rows can be told.
    filters: Option<Filters>,
    body: Markup,
}

#[derive(Default)]
struct Filters {
    /// Whether bars can be of a day, week or month.
    periods: bool,
    /// Whether the three series differ here.
    series: bool,
    /// What else the URL has that a form would forget.
    kept: Vec<(&'static str, String)>,
}

/// Asks the index, and draws what it answers.
async fn answer<T: Send + 'static>(
    auditor: &Auditor,
    view: &View,
    ask: impl Fn(&Reader, &Query, Newest) -> Asked<T> + Send + 'static,
    draw: impl FnOnce(T, AsOf) -> Drawn,
) -> Response {
    let query = match view.query() {
        Ok(query) => query.clone(),
        Err(cause) => return refuse(view, &cause, axum::http::StatusCode::BAD_REQUEST),
    };
    let asked = auditor.readers.ask(move |reader| {
        let (_, _, at) = reader.as_of()?;
        ask(reader, &query, Newest(parts::day_of(at)))
    });
    match asked.await {
        Ok((as_of, found)) => frame(view, as_of, &draw(found, as_of)),
        Err(error) => refused(view, &error.into()),
    }
}

/// The day of the newest block: for the chain, today.
#[derive(Debug, Clone, Copy)]
struct Newest(Day);

/// A period and the one before it, of the same length.
#[derive(Debug, Clone)]
struct Compared {
    now: Query,
    before: Query,
    days: i64,
}

impl Newest {
    /// The period that is asked for; of the whole time, the last 28 days.
    fn compared(self, query: &Query) -> Compared {
        let until = query.until.map_or(self.0, |day| day.min(self.0));
        let since = query.since.unwrap_or(Day(until.0 - 27));
        let days = (until.0 - since.0 + 1).max(1);
        let period = |since, until| Query {
            since: Some(since),
            until: Some(until),
            ..Query::default()
        };
        Compared {
            now: period(since, until),
            before: period(Day(since.0 - days), Day(since.0 - 1)),
            days,
        }
    }
}

/// The whole document around what was drawn.
fn frame(view: &View, as_of: AsOf, drawn: &Drawn) -> Response {
    let version = version();
    let link = |path: &str| view.link(path, &view.period());
    let is_here = |path: &str| {
        if path == "/" {
            view.path == "/"
        } else {
            view.path.starts_with(path)
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang=(view.lang.code()) {
            (head(&drawn.title, version))
            body data-block=(as_of.block) {
                a.skip href="#main" { (view.text(Word::Skip)) }
                header.top {
                    a.brand href=(link("/")) { (chart::footprint(1)) (chart::footprint(0)) span { "Ayumi" } }
                    nav aria-label=(view.text(Word::Pages)) { ul {
                        @for (path, name) in TABS {
                            li { a href=(link(path)) aria-current=[is_here(path).then_some("page")] { (view.text(name)) } }
                        }
                    } }
                    (reach(view, as_of))
                }
                main #main tabindex="-1" {
                    h1 { (drawn.title) }
                    @if let Some(filters) = &drawn.filters { (choices(view, filters, parts::day_of(as_of.at))) }
                    (drawn.body)
                }
                (foot(view))
            }
        }
    };
    Html(page.into_string()).into_response()
}

fn head(title: &str, version: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Ayumi" }
            link rel="icon" href={ "/icon.svg?" (version) } type="image/svg+xml";
            link rel="stylesheet" href={ "/style.css?" (version) };
            script src={ "/live.js?" (version) } defer {}
        }
    }
}

/// How far the figures reach.
fn reach(view: &View, as_of: AsOf) -> Markup {
    let units = [Word::Seconds, Word::Minutes, Word::Hours, Word::Days].map(|unit| view.text(unit));
    let units = units.join("|");
    let behind = jiff::Timestamp::now().as_second().saturating_sub(as_of.at);
    let behind = parts::duration(view, u64::try_from(behind).unwrap_or(0));
    let block = i64::try_from(as_of.block).unwrap_or(i64::MAX);
    html! {
        div.reach #reach {
            p {
                (view.text(Word::UpTo)) " " (parts::block(view, block)) (view.text(Word::UpToAfter))
                span.behind {
                    " · " time datetime=(parts::instant(as_of.at)) data-words=(view.text(Word::Behind)) data-units=(units) {
                        (view.say(Word::Behind, &[&behind]))
                    }
                }
            }
            button type="button" #live hidden aria-pressed="true" title=(view.text(Word::LiveHint)) { (view.text(Word::Live)) }
            a.newer #newer hidden href=(view.link(&view.path, &view.query)) { (view.text(Word::Newer)) }
        }
    }
}

fn foot(view: &View) -> Markup {
    let verify = view.link("/verify", &Query::default());
    html! {
        footer {
            p { (view.text(Word::Tagline)) " · " a href=(verify) { (view.text(Word::Verify)) }
                " · " a href=(view.link("/definitions", &Query::default())) { (view.text(Word::Definitions)) }
                " · " a href="/v1/openapi.json" { (view.text(Word::Interface)) } }
            nav.langs aria-label=(view.text(Word::Language)) { ul {
                @for lang in Lang::ALL {
                    li { a href=(view.in_lang(lang)) lang=(lang.code()) hreflang=(lang.code())
                        aria-current=[(lang == view.lang).then_some("true")] { (lang.name()) } }
                }
            } }
        }
    }
}

/// The period, and what else a page lets choose. All of it is in the URL.
fn choices(view: &View, filters: &Filters, today: Day) -> Markup {
    let spans = SPANS
        .iter()
        .map(|days| (view.say(Word::LastDays, &[days]), *days));
    let spans = spans.chain([(view.text(Word::LastYear).to_owned(), YEAR)]);
    let since = |days: i64| Day(today.0 - days + 1);
    let spanned = |since: Option<Day>| {
        view.link(
            &view.path,
            &Query {
                since,
                until: None,
                after: None,
                ..view.query.clone()
            },
        )
    };
    let is_span = |since: Option<Day>| view.query.until.is_none() && view.query.since == since;
    let day = |day: Option<Day>| day.map(|day| day.to_string());
    html! {
        section.choices aria-label=(view.text(Word::Choose)) {
            ul.spans aria-label=(view.text(Word::Period)) {
                @for (name, days) in spans {
                    li { a href=(spanned(Some(since(days)))) aria-current=[is_span(Some(since(days))).then_some("true")] { (name) } }
                }
                li { a href=(spanned(None)) aria-current=[is_span(None).then_some("true")] { (view.text(Word::AllTime)) } }
            }
            form action=(view.path) method="get" {
                label { (view.text(Word::From)) input type="date" name="since" value=[day(view.query.since)]; }
                label { (view.text(Word::To)) input type="date" name="until" value=[day(view.query.until)]; }
                @if filters.periods { (by(view)) }
                @for (name, value) in &filters.kept { input type="hidden" name=(name) value=(value); }
                @if view.series != Which::Raw { input type="hidden" name="series" value=(view.series.name()); }
                @if let Some(lang) = view.carried_lang() { input type="hidden" name="lang" value=(lang); }
                button type="submit" { (view.text(Word::Show)) }
            }
            @if filters.series {
                ul.series aria-label=(view.text(Word::SeriesName)) {
                    @for which in Which::ALL {
                        @let (name, means) = which.words();
                        li { a href=(view.in_series(which)) title=(view.text(means))
                            aria-current=[(which == view.series).then_some("true")] { (view.text(name)) } }
                    }
                }
                p.means { (view.text(view.series.words().0)) ": " (view.text(view.series.words().1)) }
            }
        }
    }
}

fn by(view: &View) -> Markup {
    let chosen = view.query.by;
    html! {
        label { (view.text(Word::By))
            select name="by" {
                option value="" selected[chosen.is_none()] { (view.text(Word::Automatic)) }
                @for (by, name) in [(By::Day, Word::Day), (By::Week, Word::Week), (By::Month, Word::Month)] {
                    option value=(by.name()) selected[chosen == Some(by)] { (view.text(name)) }
                }
            }
        }
    }
}

/// The period in words.
fn period(view: &View) -> String {
    match (view.query.since, view.query.until) {
        (Some(since), Some(until)) => view.say(Word::Between, &[&since, &until]),
        (Some(since), None) => view.say(Word::SinceDay, &[&since]),
        (None, Some(until)) => view.say(Word::UntilDay, &[&until]),
        (None, None) => view.text(Word::WholeTime).to_owned(),
    }
}

/// A refusal as a page.
pub(crate) fn refused(view: &View, problem: &Problem) -> Response {
    problem.mark(refuse(
        view,
        &format!("{problem}. {}", problem.hint()),
        problem.status(),
    ))
}

fn refuse(view: &View, cause: &str, status: axum::http::StatusCode) -> Response {
    let title = view.text(Word::Refused);
    let page = html! {
        (DOCTYPE)
        html lang=(view.lang.code()) {
            (head(title, version()))
            body {
                main #main.refused {
                    h1 { (title) }
                    p { (parts::told(cause)) }
                    p { a href=(view.link("/", &Query::default())) { (view.text(Word::BackToOverview)) } }
                }
            }
        }
    };
    (status, Html(page.into_string())).into_response()
}

/// The same answer as CSV, for the period of a view.
fn csv(ask: Ask, query: &Query) -> String {
    view::csv(ask.name(), &ask.part_of(query))
}
