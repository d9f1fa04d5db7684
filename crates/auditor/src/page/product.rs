//! Products: all of them, or one with its editions, gap, money and tasks.

use axum::extract::State;
use axum::response::Response;
use ayumi_audit::{Activity, Ask, MoneyRow, ProductRow, Query, Reader, TaskRow};
use maud::{Markup, html};

use super::parts::{Panel, ether, moment, organisation};
use super::view::View;
use super::words::Word;
use super::{Asked, Drawn, Filters, Newest, Shared, answer, csv, rows};

/// Rows of a list.
const SOME: usize = 50;

enum Found {
    All(Vec<ProductRow>),
    One(Box<One>),
}

struct One {
    query: Query,
    row: ProductRow,
    timeline: Vec<Activity>,
    money: Vec<MoneyRow>,
    tasks: Vec<TaskRow>,
}

pub(super) async fn page(State(auditor): Shared, view: View) -> Response {
    answer(&auditor, &view, ask, |found, _| match found {
        Found::All(rows) => draw_all(&view, &rows),
        Found::One(one) => draw(&view, &one),
    })
    .await
}

fn ask(reader: &Reader, query: &Query, _: Newest) -> Asked<Found> {
    let plain = Query {
        by: None,
        team: None,
        account: None,
        limit: Some(SOME),
        ..query.clone()
    };
    let Some(product) = query.product else {
        return Ok(Found::All(reader.products(&plain)?));
    };
    let plain = Query {
        organisation: None,
        after: None,
        ..plain
    };
    let row = reader.products(&plain)?.into_iter().next();
    let unknown = ayumi_audit::QueryError::Unknown {
        what: "product",
        value: product.to_string(),
    };
    Ok(Found::One(Box::new(One {
        row: row.ok_or(ayumi_audit::Error::Query(unknown))?,
        timeline: reader.timeline(&Query {
            by: query.by,
            limit: None,
            ..plain.clone()
        })?,
        money: reader.money(&plain)?.rows,
        tasks: reader.tasks(&Query {
            after: query.after,
            ..plain.clone()
        })?,
        query: Query {
            limit: None,
            ..plain
        },
    })))
}

fn draw_all(view: &View, found: &[ProductRow]) -> Drawn {
    let title = view.text(Word::Products);
    let query = Query {
        organisation: view.query.organisation.clone(),
        ..view.period()
    };
    let panel = Panel {
        id: "all",
        title,
        plain: view.say(Word::ProductsPlain, &[&found.len()]),
        csv: Some(csv(Ask::Products, &query)),
    };
    let body = html! {
        @if found.is_empty() { p { (view.text(Word::NoneYet)) } } @else { (rows::products(view, found)) }
        @if found.len() == SOME && let Some(last) = found.last() {
            @let older = Query { after: last.who.id, ..query.clone() };
            p { a href=(view.link("/products", &older)) { (view.text(Word::More)) } }
        }
    };
    let body = panel.with(view, &body);
    let kept = query
        .organisation
        .map(|name| ("organisation", name))
        .into_iter()
        .collect();
    Drawn {
        title: title.to_owned(),
        filters: Some(Filters {
            series: true,
            kept,
            ..Filters::default()
        }),
        body,
    }
}

fn draw(view: &View, one: &One) -> Drawn {
    let row = &one.row;
    let money = one.money.first().cloned().unwrap_or_default();
    let query = &one.query;
    let body = html! {
        (facts(view, row))
        (rows::walk(view, view.of_series(&row.steps), None, &one.timeline))
        (rows::over_time(view, &one.timeline, &Query { by: view.query.by, ..query.clone() }))
        div.two {
            (rows::gap_of(view, view.of_series(&row.gap), query))
            (rows::money_of(view, view.of_series(&money.money), None, query))
        }
        (rows::tasks(view, &one.tasks, query))
        @if one.tasks.len() == SOME && let Some(last) = one.tasks.last() {
            p { a href=(view.link("/products", &Query { after: Some(last.id), ..query.clone() })) { (view.text(Word::More)) } }
        }
    };
    let id = row
        .who
        .product
        .map(|product| product.to_string())
        .unwrap_or_default();
    let title = row
        .who
        .title
        .clone()
        .filter(|title| !title.trim().is_empty())
        .unwrap_or_else(|| id.clone());
    let filters = Filters {
        periods: true,
        series: true,
        kept: vec![("product", id)],
    };
    Drawn {
        title,
        filters: Some(filters),
        body,
    }
}

/// What the listing says.
fn facts(view: &View, row: &ProductRow) -> Markup {
    let edition = |product| {
        let query = Query {
            product: Some(product),
            ..view.period()
        };
        html! { a href=(view.link("/products", &query)) { (product) } }
    };
    let price = row.price.parse().unwrap_or_default();
    html! {
        dl.facts {
            div { dt { (view.text(Word::Product)) } dd { (row.who.product.map(|product| product.to_string()).unwrap_or_default()) } }
            div { dt { (view.text(Word::Producer)) } dd { (organisation(view, row.who.organisation.as_deref().unwrap_or_default())) } }
            div { dt { (view.text(Word::Edition)) } dd { (row.edition) } }
            @if let Some(product) = row.previous { div { dt { (view.text(Word::PreviousEdition)) } dd { (edition(product)) } } }
            @if let Some(product) = row.next { div { dt { (view.text(Word::NextEdition)) } dd { (edition(product)) } } }
            div { dt { (view.text(Word::Status)) } dd { (rows::status(view, &row.status)) } }
            div { dt { (view.text(Word::Price)) } dd { (ether(&price)) } }
            div { dt { (view.text(Word::PublishedAt)) } dd { (moment(row.published_at)) } }
            div { dt { (view.text(Word::ExpectedActions)) } dd {
                @if row.expected_actions.is_empty() { "–" } @else { (row.expected_actions.join(", ")) } } }
            div { dt { (view.text(Word::Usefulness)) } dd {
                (row.usefulness.map_or("–".to_owned(), |mean| format!("{mean:.1}"))) " (" (view.text(Word::Votes)) ": " (row.votes) ")" } }
        }
    }
}
