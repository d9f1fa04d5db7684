//! Teams, and what one's own account did. Nobody is ranked, and a team of a few is no team here.

use axum::extract::State;
use axum::response::Response;
use ayumi_audit::{Activity, Ask, By, Overview, Query, QueryError, Reader, TaskRow};
use maud::{Markup, html};

use super::parts::{Panel, Row, count, numbers, organisation, table, told, words};
use super::view::View;
use super::words::Word;
use super::{Asked, Drawn, Filters, Newest, Shared, answer, csv, rows};

/// Rows of a list.
const SOME: usize = 50;

enum Found {
    All(Vec<Activity>),
    One(Box<One>),
}

/// A team, or an account.
struct One {
    query: Query,
    activity: Activity,
    before: Option<Activity>,
    timeline: Vec<Activity>,
    overview: Overview,
    tasks: Vec<TaskRow>,
}

pub(super) async fn page(State(auditor): Shared, view: View) -> Response {
    answer(&auditor, &view, ask, |found, _| match found {
        Found::All(rows) => draw_all(&view, &rows),
        Found::One(one) => draw(&view, &one),
    })
    .await
}

fn ask(reader: &Reader, query: &Query, newest: Newest) -> Asked<Found> {
    let plain = Query {
        by: None,
        product: None,
        after: None,
        ..query.clone()
    };
    let by = match (&query.team, &query.account) {
        (_, Some(_)) => By::Account,
        (Some(_), None) => By::Team,
        (None, None) => {
            return Ok(Found::All(reader.activity(&Query {
                by: Some(By::Team),
                ..plain
            })?));
        }
    };
    let as_one = |query: &Query| -> Asked<Option<Activity>> {
        let rows = reader.activity(&Query {
            by: Some(by),
            ..query.clone()
        })?;
        Ok(rows
            .into_iter()
            .find(|row| by == By::Account || row.who.team == query.team))
    };
    // A team under five has no row of its own, and no page.
    let unknown = || QueryError::Unknown {
        what: "team of five or more",
        value: query.team.clone().unwrap_or_default(),
    };
    let activity = match as_one(&plain)? {
        Some(activity) => activity,
        None if by == By::Account => Activity::default(),
        None => return Err(unknown().into()),
    };
    let before = Query {
        organisation: query.organisation.clone(),
        team: query.team.clone(),
        account: query.account.clone(),
        ..newest.compared(query).before
    };
    Ok(Found::One(Box::new(One {
        activity,
        before: query
            .since
            .map(|_| as_one(&before))
            .transpose()?
            .map(Option::unwrap_or_default),
        timeline: reader.timeline(&Query {
            by: query.by,
            ..plain.clone()
        })?,
        overview: reader.overview(&plain)?,
        tasks: reader.tasks(&Query {
            limit: Some(SOME),
            ..plain.clone()
        })?,
        query: plain,
    })))
}

fn draw_all(view: &View, rows: &[Activity]) -> Drawn {
    let query = Query {
        by: Some(By::Team),
        ..view.period()
    };
    let body = html! {
        (teams(view, rows, &query))
        (own(view))
    };
    let filters = Filters {
        series: true,
        ..Filters::default()
    };
    Drawn {
        title: view.text(Word::Teams).to_owned(),
        filters: Some(filters),
        body,
    }
}

/// Where somebody looks at their own steps.
fn own(view: &View) -> Markup {
    let body = html! {
        form.own action="/teams" method="get" {
            label { (view.text(Word::Address))
                input type="text" name="account" required pattern="0x[0-9a-fA-F]{40}" autocomplete="off" spellcheck="false"
                    placeholder="0x…"; }
            @if let Some(lang) = view.carried_lang() { input type="hidden" name="lang" value=(lang); }
            button type="submit" { (view.text(Word::Show)) }
        }
    };
    let plain = view.text(Word::OwnAccountPlain).to_owned();
    Panel {
        id: "own",
        title: view.text(Word::OwnAccount),
        plain,
        csv: None,
    }
    .with(view, &body)
}

/// What each team did, with what remains of its organisation.
pub(super) fn teams(view: &View, rows: &[Activity], query: &Query) -> Markup {
    let columns = [
        words("team", view.text(Word::Team)),
        words("organisation", view.text(Word::Organisation)),
        numbers("published", view.text(Word::Published)),
        numbers("delivered", view.text(Word::Delivered)),
        numbers("answered", view.text(Word::Answered)),
        numbers("bought", view.text(Word::Bought)),
        numbers("consumed", view.text(Word::Consumed)),
        numbers("feedbackGiven", view.text(Word::FeedbackGiven)),
    ];
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let steps = view.steps(row);
            let name = row.who.organisation.clone().unwrap_or_default();
            let label = row.who.team.clone().unwrap_or_default();
            let counts = [
                steps.published,
                steps.delivered,
                steps.answered,
                steps.bought,
                steps.consumed,
                steps.feedback_given,
            ];
            let first = [team(view, &name, &label), organisation(view, &name)];
            Row {
                key: format!("{name}/{label}"),
                cells: first.into_iter().chain(counts.map(count)).collect(),
            }
        })
        .collect();
    let title = view.text(Word::Teams);
    let plain = view.text(Word::TeamsPlain).to_owned();
    Panel {
        id: "teams",
        title,
        plain,
        csv: Some(csv(Ask::Activity, query)),
    }
    .with(view, &table(title, &columns, &rows))
}

fn team(view: &View, organisation: &str, team: &str) -> Markup {
    if team.is_empty() {
        return html! { em { (view.text(Word::NoTeam)) } };
    }
    let query = Query {
        organisation: Some(organisation.to_owned()),
        team: Some(team.to_owned()),
        ..view.period()
    };
    html! { a href=(view.link("/teams", &query)) { (told(team)) } }
}

fn draw(view: &View, one: &One) -> Drawn {
    let steps = view.steps(&one.activity);
    let before = one.before.as_ref().map(|before| view.steps(before));
    let metrics = view.of_series(&one.overview.metrics);
    let query = &one.query;
    let home = one.activity.who.organisation.clone().unwrap_or_default();
    let body = html! {
        p.plain {
            @if let Some(account) = &query.account { code { (account) } " · " }
            (organisation(view, &home))
        }
        (rows::walk(view, steps, before, &one.timeline))
        (rows::over_time(view, &one.timeline, &Query { by: view.query.by, ..query.clone() }))
        div.two {
            (rows::rates_of(view, metrics, query, Ask::Overview))
            (rows::gap_of(view, view.of_series(&one.overview.gap), query))
        }
        (rows::durations_of(view, metrics, query, Ask::Overview))
        (rows::tasks(view, &one.tasks, query))
    };
    let kept = [
        ("organisation", &query.organisation),
        ("team", &query.team),
        ("account", &query.account),
    ];
    let kept = kept
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect();
    let title = match (&query.team, &query.account) {
        (Some(team), None) => team.clone(),
        _ => view.text(Word::OwnAccount).to_owned(),
    };
    Drawn {
        title,
        filters: Some(Filters {
            periods: true,
            series: true,
            kept,
        }),
        body,
    }
}
