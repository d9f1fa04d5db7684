//! Parts that several pages draw of an answer.

use alloy::primitives::I256;
use ayumi_audit::{
    Activity, Ask, Finding, Gap, Metrics, Money, ProductRow, Query, Rule, Share, Steps, TaskRow,
};
use maud::{Markup, html};

use super::parts::{
    Column, Panel, Row, account, change, count, definition, durations, ether, folded, moment,
    numbers, organisation, percent, rates, share, table, told, total, transaction, words,
};
use super::view::View;
use super::words::Word;
use super::{chart, csv};

/// The steps of the way from publication to answer, in order: key, name, meaning, and the count.
type Stride = (&'static str, &'static str, Word, Word, fn(&Steps) -> u64);

pub(super) const STRIDES: [Stride; 6] = [
    (
        "published",
        "S1",
        Word::Published,
        Word::PublishedMeans,
        |steps| steps.published,
    ),
    ("bought", "S2", Word::Bought, Word::BoughtMeans, |steps| {
        steps.bought
    }),
    (
        "redeemed",
        "S3",
        Word::Redeemed,
        Word::RedeemedMeans,
        |steps| steps.redeemed,
    ),
    (
        "delivered",
        "S4",
        Word::Delivered,
        Word::DeliveredMeans,
        |steps| steps.delivered,
    ),
    (
        "feedbackGiven",
        "S5",
        Word::FeedbackGiven,
        Word::FeedbackMeans,
        |steps| steps.feedback_given,
    ),
    (
        "answered",
        "S6",
        Word::Answered,
        Word::AnsweredMeans,
        |steps| steps.answered,
    ),
];

/// The six kinds of steps as six footprints.
pub(super) fn walk(
    view: &View,
    steps: &Steps,
    before: Option<&Steps>,
    timeline: &[Activity],
) -> Markup {
    html! {
        ol.walk {
            @for (place, (key, id, name, means, of)) in STRIDES.iter().enumerate() {
                li data-figure=(key) {
                    (chart::footprint(place))
                    p.value { (count(of(steps))) @if let Some(before) = before { " " (change(of(steps), of(before))) } }
                    p.name { (view.text(*name)) " " (definition(view, id, *name)) }
                    (chart::spark(timeline.iter().map(|row| of(view.steps(row)))))
                    p.means { (view.text(*means)) }
                }
            }
        }
    }
}

/// Steps over time, as bars and as a table.
pub(super) fn over_time(view: &View, timeline: &[Activity], query: &Query) -> Markup {
    let label = |row: &Activity| row.who.start.map(|day| day.to_string()).unwrap_or_default();
    let points: Vec<_> = timeline
        .iter()
        .map(|row| (label(row), total(view.steps(row))))
        .collect();
    let all: u64 = points.iter().map(|(_, count)| count).sum();
    let plain = match points.iter().max_by_key(|(_, count)| *count) {
        Some((day, most)) if *most > 0 => view.say(
            Word::StepsOverTimePlain,
            &[
                &super::parts::steps(view, all),
                &super::parts::steps(view, *most),
                day,
            ],
        ),
        _ => view.text(Word::Nothing).to_owned(),
    };
    let columns: Vec<Column> = std::iter::once(words("start", view.text(Word::Period)))
        .chain(
            STRIDES
                .iter()
                .map(|&(key, _, name, ..)| numbers(key, view.text(name))),
        )
        .collect();
    let rows: Vec<_> = timeline
        .iter()
        .rev()
        .map(|row| Row {
            key: label(row),
            cells: std::iter::once(html! { (label(row)) })
                .chain(STRIDES.iter().map(|(.., of)| count(of(view.steps(row)))))
                .collect(),
        })
        .collect();
    let title = view.text(Word::StepsOverTime);
    let said = format!("{title}. {plain}");
    let body = html! {
        @if all > 0 {
            (chart::bars(&said, &points))
            (folded(view, "time", &table(title, &columns, &rows)))
        }
    };
    Panel {
        id: "time",
        title,
        plain,
        csv: Some(csv(Ask::Timeline, query)),
    }
    .with(view, &body)
}

/// Rates of a consumer, or of all.
pub(super) fn rate_rows(metrics: &Metrics) -> [(&'static str, Word, Word, Share); 5] {
    [
        ("C1", Word::C1, Word::C1Means, metrics.used),
        ("C2", Word::C2, Word::C2Means, metrics.fulfilled),
        ("C3", Word::C3, Word::C3Means, metrics.with_feedback),
        ("C4", Word::C4, Word::C4Means, metrics.acted),
        ("C5", Word::C5, Word::C5Means, metrics.answered),
    ]
}

pub(super) fn rates_of(view: &View, metrics: &Metrics, query: &Query, ask: Ask) -> Markup {
    let title = view.text(Word::Rates);
    let plain = view.text(Word::RatesPlain).to_owned();
    Panel {
        id: "rates",
        title,
        plain,
        csv: Some(csv(ask, query)),
    }
    .with(view, &rates(view, &rate_rows(metrics)))
}

pub(super) fn durations_of(view: &View, metrics: &Metrics, query: &Query, ask: Ask) -> Markup {
    let rows = [
        ("T1", Word::T1, metrics.publish_to_use),
        ("T2", Word::T2, metrics.request_to_delivery),
        ("T3", Word::T3, metrics.delivery_to_feedback),
        ("T4", Word::T4, metrics.feedback_to_answer),
    ];
    let title = view.text(Word::Durations);
    let plain = view.text(Word::DurationsPlain).to_owned();
    Panel {
        id: "durations",
        title,
        plain,
        csv: Some(csv(ask, query)),
    }
    .with(view, &durations(view, &rows))
}

/// What was expected, what was done, and with which outcome.
pub(super) fn gap_of(view: &View, gap: &Gap, query: &Query) -> Markup {
    let rows = [
        ("done", Word::Done, gap.done),
        ("notDone", Word::NotDone, gap.not_done),
        ("unexpected", Word::Unexpected, gap.unexpected),
        ("unmet", Word::Unmet, gap.unmet),
    ];
    let missed = [
        (Word::NotDelivered, gap.unmet_not_delivered),
        (Word::NoAction, gap.unmet_no_action),
        (Word::OtherAction, gap.unmet_other_action),
        (Word::Late, gap.unmet_late),
    ];
    let outcomes = [
        (Word::TruePositive, gap.true_positive.count),
        (Word::NoHit, gap.no_hit.count),
        (Word::FalsePositive, gap.false_positive.count),
        (Word::Expired, gap.expired.count),
        (Word::NotApplicable, gap.not_applicable.count),
    ];
    let body = html! {
        dl.rates {
            @for (key, name, part) in rows {
                div data-figure=(key) {
                    dt { (view.text(name)) @if key == "unmet" { " " (definition(view, "V2", name)) } }
                    dd.value { (share(view, part)) }
                    @if key == "unmet" { dd.means { (view.text(Word::UnmetMeans)) } }
                }
            }
        }
        (shades(view, &missed))
        h3 { (view.text(Word::Outcomes)) }
        (shades(view, &outcomes))
    };
    let (title, plain) = (view.text(Word::Gap), view.text(Word::GapPlain).to_owned());
    Panel {
        id: "gap",
        title,
        plain,
        csv: Some(csv(Ask::Gap, query)),
    }
    .with(view, &body)
}

/// Parts of a whole, with their key.
fn shades(view: &View, parts: &[(Word, u64)]) -> Markup {
    let counts: Vec<_> = parts.iter().map(|(_, count)| *count).collect();
    if counts.iter().all(|count| *count == 0) {
        return html! { p.means { (view.text(Word::NoneYet)) } };
    }
    html! {
        (chart::parts(&counts))
        ul.key { @for (place, (name, number)) in parts.iter().enumerate() {
            li { svg class="dot" viewBox="0 0 10 10" aria-hidden="true" focusable="false" {
                rect class={ "shade" (place) } width="10" height="10" rx="2" {} }
                (view.text(*name)) " " (count(*number)) }
        } }
    }
}

/// A line of a table of money: its key, its metric if it is one, its name, wei and count.
type MoneyLine = (&'static str, &'static str, Word, Option<I256>, u64);

fn lines_of_money(money: &Money) -> [MoneyLine; 8] {
    [
        ("paid", "", Word::Paid, Some(money.paid), money.bought),
        (
            "refunds",
            "",
            Word::Refunded,
            Some(money.refunds),
            money.refunded,
        ),
        (
            "complaints",
            "",
            Word::Complaints,
            Some(money.complaints),
            money.complained,
        ),
        ("spent", "E1", Word::Spent, Some(money.spent), money.settled),
        (
            "rewards",
            "",
            Word::Rewards,
            Some(money.rewards),
            money.settled,
        ),
        (
            "perDelivery",
            "E2",
            Word::PerDelivery,
            money.per_delivery,
            money.settled,
        ),
        (
            "perAction",
            "E3",
            Word::PerAction,
            money.per_action,
            money.acted,
        ),
        (
            "idle",
            "E4",
            Word::Idle,
            Some(money.idle),
            money.idle_tickets,
        ),
    ]
}

/// Amounts, each beside its count.
pub(super) fn money_of(
    view: &View,
    money: &Money,
    income: Option<&Money>,
    query: &Query,
) -> Markup {
    let mut columns = vec![
        words("what", view.text(Word::What)),
        numbers(
            "amount",
            view.text(if income.is_some() {
                Word::Spending
            } else {
                Word::Amount
            }),
        ),
        numbers("count", view.text(Word::Count)),
    ];
    if income.is_some() {
        columns.extend([
            numbers("income", view.text(Word::Income)),
            numbers("incomeCount", view.text(Word::Count)),
        ]);
    }
    let amount = |amount: Option<I256>| {
        if let Some(amount) = amount {
            ether(&amount)
        } else {
            html! { (view.text(Word::NoData)) }
        }
    };
    let incomes = income.map(lines_of_money);
    let rows: Vec<_> = lines_of_money(money)
        .into_iter()
        .enumerate()
        .map(|(place, (key, id, name, wei, number))| {
            let mut cells = vec![
                html! { (view.text(name)) @if !id.is_empty() { " " (definition(view, id, name)) } },
                amount(wei),
                count(number),
            ];
            if let Some((.., wei, number)) = incomes.as_ref().map(|lines| lines[place]) {
                cells.extend([amount(wei), count(number)]);
            }
            Row {
                key: key.to_owned(),
                cells,
            }
        })
        .collect();
    let (title, plain) = (
        view.text(Word::Money),
        view.text(Word::MoneyPlain).to_owned(),
    );
    let body = table(title, &columns, &rows);
    Panel {
        id: "money",
        title,
        plain,
        csv: Some(csv(Ask::Money, query)),
    }
    .with(view, &body)
}

/// Products with their figures.
pub(super) fn products(view: &View, products: &[ProductRow]) -> Markup {
    let columns = [
        words("title", view.text(Word::Title)),
        words("producer", view.text(Word::Producer)),
        words("status", view.text(Word::Status)),
        numbers("sold", view.text(Word::Sold)),
        numbers("delivered", view.text(Word::Delivered)),
        numbers("feedback", view.text(Word::FeedbackReceived)),
        numbers("done", view.text(Word::Done)),
        numbers("usefulness", view.text(Word::Usefulness)),
    ];
    let rows: Vec<_> = products
        .iter()
        .map(|row| {
            let (steps, gap) = (view.of_series(&row.steps), view.of_series(&row.gap));
            Row {
                key: row.who.product.map(|product| product.to_string()).unwrap_or_default(),
                cells: vec![
                    html! { (product_link(view, row)) " " small { (view.say(Word::EditionOf, &[&row.edition])) } },
                    organisation(view, row.who.organisation.as_deref().unwrap_or_default()),
                    html! { (status(view, &row.status)) },
                    count(steps.sold),
                    count(steps.delivered),
                    count(steps.feedback_received),
                    html! { data value=[gap.done.share] { (gap.done.share.map_or("–".to_owned(), percent)) } },
                    html! { data value=[row.usefulness] { (row.usefulness.map_or("–".to_owned(), |mean| format!("{mean:.1}"))) } },
                ],
            }
        })
        .collect();
    table(view.text(Word::Products), &columns, &rows)
}

fn product_link(view: &View, row: &ProductRow) -> Markup {
    let query = Query {
        product: row.who.product,
        ..view.period()
    };
    let title = row
        .who
        .title
        .as_deref()
        .filter(|title| !title.trim().is_empty());
    let id = row
        .who
        .product
        .map(|product| product.to_string())
        .unwrap_or_default();
    html! { a href=(view.link("/products", &query)) { (told(title.unwrap_or(&id))) } " " small { (id) } }
}

pub(super) fn status(view: &View, status: &str) -> &'static str {
    view.text(match status {
        "withdrawn" => Word::Withdrawn,
        "revised" => Word::Revised,
        _ => Word::OnSale,
    })
}

/// Tasks, each with its newest step.
pub(super) fn tasks(view: &View, tasks: &[TaskRow], query: &Query) -> Markup {
    let columns = [
        words("task", view.text(Word::Task)),
        words("product", view.text(Word::Product)),
        words("consumer", view.text(Word::Consumer)),
        words("state", view.text(Word::State)),
        words("outcome", view.text(Word::Outcome)),
        words("actions", view.text(Word::Actions)),
        words("when", view.text(Word::When)),
        words("transaction", view.text(Word::Transaction)),
    ];
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            let newest = task.steps.last();
            let product = Query { product: task.who.product, ..view.period() };
            Row {
                key: task.id.to_string(),
                cells: vec![
                    html! { a href=(view.link(&format!("/tasks/{}", task.id), &Query::default())) { (task.id) } },
                    html! { @if let Some(id) = task.who.product { a href=(view.link("/products", &product)) { (id) } } },
                    organisation(view, &task.consumer_organisation),
                    html! { (task.state) },
                    html! { (task.outcome.as_deref().unwrap_or("–")) },
                    html! { (super::parts::actions(view, task.actions.as_deref())) },
                    html! { @if let Some(step) = newest { (moment(step.at)) } },
                    html! { @if let Some(step) = newest { (transaction(view, step.block, step.transaction)) } },
                ],
            }
        })
        .collect();
    let title = view.text(Word::Tasks);
    let body = html! {
        @if rows.is_empty() { p { (view.text(Word::NoneYet)) } } @else { (table(title, &columns, &rows)) }
    };
    let plain = view.text(Word::TasksPlain).to_owned();
    Panel {
        id: "tasks",
        title,
        plain,
        csv: Some(csv(Ask::Tasks, query)),
    }
    .with(view, &body)
}

/// What needs a look.
pub(super) fn findings(view: &View, findings: &[Finding], query: &Query) -> Markup {
    let columns = [
        words("rule", view.text(Word::Rule)),
        words("producer", view.text(Word::Producer)),
        words("consumer", view.text(Word::Consumer)),
        words("when", view.text(Word::When)),
        words("evidence", view.text(Word::Evidence)),
    ];
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| Row {
            key: finding.id.to_string(),
            cells: vec![
                html! { (view.text(rule(finding.rule))) @if let Some(task) = finding.task {
                    " " a href=(view.link(&format!("/tasks/{task}"), &Query::default())) { (view.say(Word::TaskN, &[&task])) } } },
                html! { (organisation(view, &finding.producer_organisation)) " " (account(view, finding.producer)) },
                html! { (organisation(view, &finding.consumer_organisation)) " " (account(view, finding.consumer)) },
                moment(finding.at),
                html! { ul.hashes { @for hash in finding.transactions.iter().rev().take(5) { li { code { (hash) } } } } },
            ],
        })
        .collect();
    let title = view.text(Word::Findings);
    let body = html! {
        @if rows.is_empty() { p { (view.text(Word::NoneYet)) } } @else { (table(title, &columns, &rows)) }
    };
    let plain = view.text(Word::FindingsPlain).to_owned();
    Panel {
        id: "findings",
        title,
        plain,
        csv: Some(csv(Ask::Findings, query)),
    }
    .with(view, &body)
}

fn rule(rule: Rule) -> Word {
    match rule {
        Rule::SameOrganisation => Word::RuleSameOrganisation,
        Rule::RoundTrip => Word::RuleRoundTrip,
        Rule::Unused => Word::RuleUnused,
        Rule::ClosedCircle => Word::RuleClosedCircle,
        Rule::Reciprocal => Word::RuleReciprocal,
        Rule::FastLoop => Word::RuleFastLoop,
        Rule::RepeatedNote => Word::RuleRepeatedNote,
    }
}
