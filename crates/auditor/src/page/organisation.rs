//! Organisations: all of them, or one.

use axum::extract::State;
use axum::response::Response;
use ayumi_audit::{
    Activity, Ask, By, Finding, Metrics, MoneyRow, OrganisationRow, Overview, ProductRow, Query,
    Reader, TaskRow,
};
use maud::{Markup, html};

use super::parts::{
    Panel, Row, count, definition, durations, numbers, organisation, rates, table, words,
};
use super::view::View;
use super::words::Word;
use super::{Asked, Drawn, Filters, Newest, Shared, answer, csv, rows, team};

/// Rows of the lists on the page of one organisation.
const SOME: usize = 20;

enum Found {
    All(Vec<OrganisationRow>),
    One(Box<One>),
}

struct One {
    query: Query,
    row: OrganisationRow,
    activity: Activity,
    before: Option<Activity>,
    timeline: Vec<Activity>,
    overview: Overview,
    money: Vec<MoneyRow>,
    teams: Vec<Activity>,
    products: Vec<ProductRow>,
    tasks: Vec<TaskRow>,
    findings: Vec<Finding>,
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
        team: None,
        account: None,
        product: None,
        ..query.clone()
    };
    let Some(name) = &query.organisation else {
        return Ok(Found::All(reader.organisations(&plain)?));
    };
    let rows = reader.organisations(&plain)?;
    let number = rows
        .iter()
        .find(|row| row.organisation == *name || row.number.to_string() == *name);
    let Some(row) = number.cloned() else {
        return Err(ayumi_audit::QueryError::Unknown {
            what: "organisation",
            value: name.clone(),
        }
        .into());
    };
    let some = Query {
        limit: Some(SOME),
        ..plain.clone()
    };
    let as_one = |query: &Query| {
        let query = Query {
            by: Some(By::Organisation),
            organisation: query.organisation.clone(),
            ..query.clone()
        };
        reader
            .activity(&query)
            .map(|rows| rows.into_iter().next().unwrap_or_default())
    };
    let before = Query {
        organisation: Some(name.clone()),
        ..newest.compared(query).before
    };
    Ok(Found::One(Box::new(One {
        row,
        activity: as_one(&plain)?,
        before: query.since.map(|_| as_one(&before)).transpose()?,
        timeline: reader.timeline(&Query {
            by: query.by,
            ..plain.clone()
        })?,
        overview: reader.overview(&plain)?,
        money: reader
            .money(&Query {
                by: Some(By::Organisation),
                ..some.clone()
            })?
            .rows,
        teams: reader.activity(&Query {
            by: Some(By::Team),
            ..plain.clone()
        })?,
        products: reader.products(&some)?,
        tasks: reader.tasks(&some)?,
        findings: reader.findings(&some)?,
        query: plain,
    })))
}

fn draw_all(view: &View, found: &[OrganisationRow]) -> Drawn {
    let columns = [
        words("organisation", view.text(Word::Organisation)),
        numbers("accounts", view.text(Word::Accounts)),
        numbers("taken", view.text(Word::Taken)),
        numbers("expected", view.text(Word::ExpectedSteps)),
        words("status", view.text(Word::Status)),
        numbers("lastStep", view.text(Word::LastStep)),
        numbers("usefulness", view.text(Word::Usefulness)),
        numbers("votes", view.text(Word::Votes)),
    ];
    let shown: Vec<_> = found
        .iter()
        .filter(|row| row.number != 0 || row.taken > 0)
        .collect();
    let rows: Vec<_> = shown
        .iter()
        .map(|row| Row {
            key: row.organisation.clone(),
            cells: vec![
                html! { (organisation(view, &row.organisation)) @if row.suspended { " " small { (view.text(Word::Suspended)) } } },
                count(row.accounts),
                count(row.taken),
                html! { (row.expected.map_or("–".to_owned(), |expected| format!("{expected:.1}"))) },
                html! { (view.text(standing(row))) },
                html! { (row.last_step.map_or("–".to_owned(), |day| day.to_string())) },
                usefulness(row),
                count(row.votes),
            ],
        })
        .collect();
    let members = shown.iter().filter(|row| row.number != 0);
    let accounts: u64 = members.clone().map(|row| row.accounts).sum();
    let title = view.text(Word::Organisations);
    let panel = Panel {
        id: "all",
        title,
        plain: view.say(Word::OrganisationsPlain, &[&members.count(), &accounts]),
        csv: Some(csv(Ask::Organisations, &view.period())),
    };
    let body = html! {
        (panel.with(view, &table(title, &columns, &rows)))
        p.plain { (definition(view, "V3", Word::Weakest)) " " (definition(view, "Q1", Word::Usefulness)) ": "
            (view.text(Word::UsefulnessMeans)) }
    };
    Drawn {
        title: title.to_owned(),
        filters: Some(Filters {
            series: false,
            ..Filters::default()
        }),
        body,
    }
}

/// Whether an organisation consumes as much as chance would have it.
fn standing(row: &OrganisationRow) -> Word {
    match row.expected {
        None => Word::TooSmall,
        Some(_) if row.is_low => Word::IsLow,
        Some(_) => Word::WithinChance,
    }
}

fn usefulness(row: &OrganisationRow) -> Markup {
    html! { data value=[row.usefulness] { (row.usefulness.map_or("–".to_owned(), |mean| format!("{mean:.1}"))) } }
}

fn draw(view: &View, one: &One) -> Drawn {
    let steps = view.steps(&one.activity);
    let before = one.before.as_ref().map(|before| view.steps(before));
    let (producer, consumer) = (
        view.of_series(&one.row.as_producer),
        view.of_series(&one.row.as_consumer),
    );
    let money = one.money.first().cloned().unwrap_or_default();
    let income = money.income.as_ref().map(|income| view.of_series(income));
    let by_product = Query {
        by: Some(By::Product),
        ..one.query.clone()
    };
    let body = html! {
        (rows::walk(view, steps, before, &one.timeline))
        (rows::over_time(view, &one.timeline, &Query { by: view.query.by, ..one.query.clone() }))
        div.two {
            (as_producer(view, producer, &one.query))
            (as_consumer(view, consumer, &one.query))
        }
        (rows::gap_of(view, view.of_series(&one.overview.gap), &by_product))
        (rows::money_of(view, view.of_series(&money.money), income, &Query { by: Some(By::Organisation), ..one.query.clone() }))
        (team::teams(view, &one.teams, &Query { by: Some(By::Team), ..one.query.clone() }))
        (products(view, &one.products, &one.query))
        (rows::tasks(view, &one.tasks, &one.query))
        (rows::findings(view, &one.findings, &one.query))
    };
    let filters = Filters {
        periods: true,
        series: true,
        kept: vec![(
            "organisation",
            one.query.organisation.clone().unwrap_or_default(),
        )],
    };
    Drawn {
        title: one.row.organisation.clone(),
        filters: Some(filters),
        body,
    }
}

fn as_producer(view: &View, metrics: &Metrics, query: &Query) -> Markup {
    let body = html! {
        (rates(view, &[
            ("C2", Word::C2, Word::C2Means, metrics.fulfilled),
            ("C5", Word::C5, Word::C5Means, metrics.answered),
        ]))
        (durations(view, &[
            ("T1", Word::T1, metrics.publish_to_use),
            ("T2", Word::T2, metrics.request_to_delivery),
            ("T4", Word::T4, metrics.feedback_to_answer),
        ]))
    };
    Panel {
        id: "producer",
        title: view.text(Word::AsProducer),
        plain: String::new(),
        csv: Some(csv(Ask::Organisations, query)),
    }
    .with(view, &body)
}

fn as_consumer(view: &View, metrics: &Metrics, query: &Query) -> Markup {
    let body = html! {
        (rates(view, &[
            ("C1", Word::C1, Word::C1Means, metrics.used),
            ("C3", Word::C3, Word::C3Means, metrics.with_feedback),
            ("C4", Word::C4, Word::C4Means, metrics.acted),
        ]))
        (durations(view, &[
            ("T2", Word::T2, metrics.request_to_delivery),
            ("T3", Word::T3, metrics.delivery_to_feedback),
        ]))
    };
    Panel {
        id: "consumer",
        title: view.text(Word::AsConsumer),
        plain: String::new(),
        csv: Some(csv(Ask::Organisations, query)),
    }
    .with(view, &body)
}

fn products(view: &View, products: &[ProductRow], query: &Query) -> Markup {
    let body = html! {
        @if products.is_empty() { p { (view.text(Word::NoneYet)) } } @else { (rows::products(view, products)) }
    };
    Panel {
        id: "products",
        title: view.text(Word::Products),
        plain: String::new(),
        csv: Some(csv(Ask::Products, query)),
    }
    .with(view, &body)
}
