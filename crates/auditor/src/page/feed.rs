//! Events as people read them.

use alloy::primitives::U256;
use ayumi_audit::{EventRow, Query};
use ayumi_contracts::ProductId;
use maud::{Markup, html};

use super::parts::{block, transaction};
use super::view::View;
use super::words::Word;

/// An event in a sentence, with a way to what it is about.
pub(super) fn sentence(view: &View, event: &EventRow) -> Markup {
    let subject = event.subject.unwrap_or_default();
    let product = U256::try_from(subject).ok();
    let product = product.and_then(|id| ProductId::try_from(id).ok());
    let (word, place, name) = match kind(&event.kind) {
        (word, About::Task) => (
            word,
            Some(view.link(&format!("/tasks/{subject}"), &Query::default())),
            subject.to_string(),
        ),
        (word, About::Product) => {
            let query = Query {
                product,
                ..Query::default()
            };
            let name = product.map_or(subject.to_string(), |product| product.to_string());
            (word, Some(view.link("/products", &query)), name)
        }
        (word, About::Organisation) => {
            let query = Query {
                organisation: Some(subject.to_string()),
                ..Query::default()
            };
            (
                word,
                Some(view.link("/organisations", &query)),
                subject.to_string(),
            )
        }
        (word, About::Nothing) => (word, None, String::new()),
    };
    let text = view.say(word, &[&name]);
    html! { @if let Some(place) = place { a href=(place) { (text) } } @else { (text) } }
}

enum About {
    Task,
    Product,
    Organisation,
    Nothing,
}

fn kind(name: &str) -> (Word, About) {
    use About::{Nothing, Organisation, Product, Task};
    match name {
        "organisation-added" => (Word::OrganisationAdded, Organisation),
        "organisation-suspension-set" => (Word::OrganisationSuspensionSet, Organisation),
        "account-enrolled" => (Word::AccountEnrolled, Nothing),
        "account-suspension-set" => (Word::AccountSuspensionSet, Nothing),
        "team-assigned" => (Word::TeamAssigned, Nothing),
        "solver-registered" => (Word::SolverRegistered, Nothing),
        "solver-updated" => (Word::SolverUpdated, Nothing),
        "solver-suspension-set" => (Word::SolverSuspensionSet, Nothing),
        "product-published" => (Word::ProductPublished, Product),
        "product-revised" => (Word::ProductRevised, Product),
        "product-withdrawn" => (Word::ProductWithdrawn, Product),
        "solver-assigned" => (Word::SolverAssigned, Product),
        "tickets-bought" => (Word::TicketsBought, Product),
        "tickets-refunded" => (Word::TicketsRefunded, Product),
        "credited" => (Word::Credited, Nothing),
        "collected" => (Word::Collected, Nothing),
        "transfer-single" | "transfer-batch" => (Word::TicketsMoved, Nothing),
        "task-requested" => (Word::TaskRequested, Task),
        "receipt-acknowledged" => (Word::ReceiptAcknowledged, Task),
        "task-delivered" => (Word::TaskDelivered, Task),
        "task-settled" => (Word::TaskSettled, Task),
        "task-declined" => (Word::TaskDeclined, Task),
        "task-cancelled" => (Word::TaskCancelled, Task),
        "task-refunded" => (Word::TaskRefunded, Task),
        "feedback-given" => (Word::FeedbackGivenOn, Task),
        "feedback-answered" => (Word::FeedbackAnsweredOn, Task),
        _ => (Word::OtherEvent, Nothing),
    }
}

/// Where an event is, down to its log.
pub(super) fn place(view: &View, event: &EventRow) -> Markup {
    let logs = view.link(&format!("/blocks/{}", event.block), &Query::default());
    html! {
        span.place {
            (view.text(Word::Block)) " " (block(view, event.block)) " · " (transaction(view, event.block, event.transaction))
            " · " a href={ (logs) "#log-" (event.log) } { (view.say(Word::LogN, &[&event.log])) }
        }
    }
}
