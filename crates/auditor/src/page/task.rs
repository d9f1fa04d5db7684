//! A task, step by step, each with its block and transaction.

use axum::extract::{Path, State};
use axum::response::Response;
use ayumi_audit::{Query, Reader, TaskRow};
use maud::{Markup, html};

use super::parts::{account, actions, block, duration, moment, organisation, transaction};
use super::view::View;
use super::words::Word;
use super::{Asked, Drawn, Newest, Shared, answer};

pub(super) async fn page(
    State(auditor): Shared,
    Path(number): Path<String>,
    view: View,
) -> Response {
    let id: Option<i64> = number
        .parse()
        .ok()
        .filter(|id: &i64| *id >= 0 && *id < i64::MAX);
    let ask = move |reader: &Reader, _: &Query, _: Newest| -> Asked<TaskRow> {
        let unknown = ayumi_audit::QueryError::Unknown {
            what: "task",
            value: number.clone(),
        };
        let id = id.ok_or_else(|| ayumi_audit::Error::Query(unknown.clone()))?;
        let one = Query {
            after: Some(id + 1),
            limit: Some(1),
            ..Query::default()
        };
        let found = reader.tasks(&one)?.into_iter().find(|task| task.id == id);
        found.ok_or(ayumi_audit::Error::Query(unknown))
    };
    answer(&auditor, &view, ask, |task, _| draw(&view, &task)).await
}

fn draw(view: &View, task: &TaskRow) -> Drawn {
    let body =
        html! { (facts(view, task)) h2 { (view.text(Word::StepByStep)) } (steps(view, task)) };
    Drawn {
        title: view.say(Word::TaskN, &[&task.id]),
        filters: None,
        body,
    }
}

fn facts(view: &View, task: &TaskRow) -> Markup {
    let product = Query {
        product: task.who.product,
        ..Query::default()
    };
    html! {
        dl.facts {
            @if let Some(id) = task.who.product {
                div { dt { (view.text(Word::Product)) } dd { a href=(view.link("/products", &product)) { (id) } } }
            }
            div { dt { (view.text(Word::Producer)) } dd {
                (organisation(view, task.who.organisation.as_deref().unwrap_or_default()))
                @if let Some(producer) = task.who.account { " " (account(view, producer)) } } }
            div { dt { (view.text(Word::Consumer)) } dd {
                (organisation(view, &task.consumer_organisation)) " " (account(view, task.consumer)) } }
            div { dt { (view.text(Word::State)) } dd { (task.state) } }
            div { dt { (view.text(Word::Class)) } dd { (task.class) } }
            div { dt { (view.text(Word::Outcome)) } dd { (task.outcome.as_deref().unwrap_or("–")) } }
            div { dt { (view.text(Word::Actions)) } dd {
                (actions(view, task.actions.as_deref())) } }
            div { dt { (view.text(Word::Response)) } dd { (task.response.as_deref().unwrap_or("–")) } }
        }
    }
}

fn steps(view: &View, task: &TaskRow) -> Markup {
    let before = std::iter::once(None).chain(task.steps.iter().map(Some));
    html! {
        ol.steps {
            @for (step, before) in task.steps.iter().zip(before) {
                @let waited = before.map(|before| step.at - before.at);
                li data-step=(step.step) {
                    strong { (step.step) }
                    @if let Some(waited) = waited { " " small { "+" (duration(view, u64::try_from(waited).unwrap_or(0))) } }
                    br; (moment(step.at)) " · " (view.text(Word::Block)) " " (block(view, step.block)) " · "
                    (transaction(view, step.block, step.transaction))
                }
            }
        }
    }
}
