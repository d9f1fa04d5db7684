//! The pedometer: what all took together, who moves, and where sharing is thinnest.

use axum::extract::State;
use axum::response::Response;
use ayumi_audit::{
    Activity, Ask, By, Metrics, OrganisationRow, Overview, Query, Reader, Series, Share,
};
use maud::{Markup, html};

use super::parts::{
    Panel, Row, change, count, definition, grouped, numbers, organisation, percent, table, total,
    words,
};
use super::view::View;
use super::words::Word;
use super::{Asked, Compared, Drawn, Filters, Newest, Shared, answer, csv, period, rows};
use crate::readers::AsOf;

/// Organisations from which on they are compared.
const PEERS: usize = 3;

/// Those that changed most, each way.
const MOVERS: usize = 3;

struct Found {
    query: Query,
    overview: Overview,
    /// The period before, where one is chosen.
    before: Option<Overview>,
    timeline: Vec<Activity>,
    organisations: Vec<OrganisationRow>,
    organisations_before: Vec<OrganisationRow>,
    movers: Vec<(Activity, Activity)>,
    compared: Compared,
}

pub(super) async fn page(State(auditor): Shared, view: View) -> Response {
    let ask = |reader: &Reader, query: &Query, newest: Newest| -> Asked<Found> {
        let compared = newest.compared(query);
        let is_bounded = query.since.is_some();
        let by_organisation = |query: &Query| {
            reader.activity(&Query {
                by: Some(By::Organisation),
                ..query.clone()
            })
        };
        let (now, before) = (
            by_organisation(&compared.now)?,
            by_organisation(&compared.before)?,
        );
        let plain = Query {
            by: None,
            ..query.clone()
        };
        Ok(Found {
            query: query.clone(),
            overview: reader.overview(&plain)?,
            before: is_bounded
                .then(|| reader.overview(&compared.before))
                .transpose()?,
            timeline: reader.timeline(query)?,
            organisations: reader.organisations(&plain)?,
            organisations_before: if is_bounded {
                reader.organisations(&compared.before)?
            } else {
                Vec::new()
            },
            movers: pairs(now, before),
            compared,
        })
    };
    answer(&auditor, &view, ask, |found, as_of| {
        draw(&view, &found, as_of)
    })
    .await
}

/// Rows of the same organisation in both periods.
fn pairs(now: Vec<Activity>, mut before: Vec<Activity>) -> Vec<(Activity, Activity)> {
    let now = now.into_iter().map(|row| {
        let same = before
            .iter()
            .position(|other| other.who.organisation == row.who.organisation);
        let earlier = same
            .map(|place| before.swap_remove(place))
            .unwrap_or_default();
        (row, earlier)
    });
    now.collect()
}

fn draw(view: &View, found: &Found, _: AsOf) -> Drawn {
    let now = view.of_series(&found.overview.steps);
    let before = found
        .before
        .as_ref()
        .map(|before| view.of_series(&before.steps));
    let metrics = view.of_series(&found.overview.metrics);
    let plain = Query {
        by: None,
        ..found.query.clone()
    };
    let numbers = rows::STRIDES.map(|(.., of)| grouped(of(now)));
    let [published, bought, redeemed, delivered, feedback, answered] = &numbers;
    let body = html! {
        section.pedometer aria-labelledby="walked" {
            p.walked #walked { data value=(total(now)) { (grouped(total(now))) } span { (view.text(Word::Steps)) } }
            p.plain {
                (view.say(Word::WalkedPlain, &[&period(view), published, bought, redeemed, delivered, feedback, answered]))
            }
            (rows::walk(view, now, before, &found.timeline))
        }
        (rows::over_time(view, &found.timeline, &found.query))
        div.two {
            (movers(view, found))
            (weakest(view, found))
        }
        (by_organisation(view, &found.organisations, &plain))
        div.two {
            (rows::rates_of(view, metrics, &plain, Ask::Overview))
            (rows::gap_of(view, view.of_series(&found.overview.gap), &plain))
        }
        (rows::durations_of(view, metrics, &plain, Ask::Overview))
        (rows::money_of(view, view.of_series(&found.overview.money), None, &plain))
        p.plain { (view.text(Word::ActiveTeams)) " " (definition(view, "A1", Word::ActiveTeams)) ": "
            (view.say(Word::ActiveTeamsPlain, &[&found.overview.active_teams, &found.overview.weeks])) }
    };
    let kept = found
        .query
        .organisation
        .clone()
        .map(|name| ("organisation", name));
    let filters = Filters {
        periods: true,
        series: true,
        kept: kept.into_iter().collect(),
    };
    Drawn {
        title: view.text(Word::StepsTitle).to_owned(),
        filters: Some(filters),
        body,
    }
}

fn by_organisation(view: &View, organisations: &[OrganisationRow], query: &Query) -> Markup {
    let columns = [
        words("organisation", view.text(Word::Organisation)),
        numbers("steps", view.text(Word::StepsTitle)),
        numbers("published", view.text(Word::Published)),
        numbers("delivered", view.text(Word::Delivered)),
        numbers("answered", view.text(Word::Answered)),
        numbers("bought", view.text(Word::Bought)),
        numbers("redeemed", view.text(Word::Redeemed)),
        numbers("feedbackGiven", view.text(Word::FeedbackGiven)),
    ];
    let mut organisations: Vec<_> = organisations
        .iter()
        .filter(|row| row.number != 0 || total(&row.steps.raw) > 0)
        .collect();
    organisations.sort_by(|one, other| one.organisation.cmp(&other.organisation));
    let rows: Vec<_> = organisations
        .iter()
        .map(|row| {
            let steps = view.of_series(&row.steps);
            let counts = [
                total(steps),
                steps.published,
                steps.delivered,
                steps.answered,
                steps.bought,
                steps.redeemed,
                steps.feedback_given,
            ];
            let name = std::iter::once(organisation(view, &row.organisation));
            Row {
                key: row.organisation.clone(),
                cells: name.chain(counts.map(count)).collect(),
            }
        })
        .collect();
    let title = view.text(Word::StepsByOrganisation);
    let plain = view.text(Word::StepsByOrganisationPlain).to_owned();
    let query = Query {
        by: Some(By::Organisation),
        ..query.clone()
    };
    Panel {
        id: "organisations",
        title,
        plain,
        csv: Some(csv(Ask::Activity, &query)),
    }
    .with(view, &table(title, &columns, &rows))
}

/// Who takes more or fewer steps than before.
fn movers(view: &View, found: &Found) -> Markup {
    let all = |row: &Activity| total(view.steps(row));
    let mut moved: Vec<_> = found
        .movers
        .iter()
        .filter(|(now, before)| all(now) != all(before))
        .collect();
    moved.sort_by_key(|(now, before)| i128::from(all(before)) - i128::from(all(now)));
    let falling = moved
        .len()
        .saturating_sub(MOVERS)
        .max(MOVERS.min(moved.len()));
    let shown: Vec<_> = moved[..MOVERS.min(moved.len())]
        .iter()
        .chain(&moved[falling..])
        .collect();
    let columns = [
        words("organisation", view.text(Word::Organisation)),
        numbers("now", view.text(Word::Now)),
        numbers("before", view.text(Word::Earlier)),
        numbers("change", view.text(Word::Change)),
    ];
    let rows: Vec<_> = shown
        .iter()
        .map(|(now, before)| {
            let name = now.who.organisation.clone().unwrap_or_default();
            let cells = vec![
                organisation(view, &name),
                count(all(now)),
                count(all(before)),
                change(all(now), all(before)),
            ];
            Row { key: name, cells }
        })
        .collect();
    let title = view.text(Word::Movers);
    let is_still = rows.is_empty();
    let plain = view.say(
        if is_still {
            Word::MoversNone
        } else {
            Word::MoversPlain
        },
        &[&found.compared.days],
    );
    let body = html! { @if !is_still { (table(title, &columns, &rows)) } };
    let query = Query {
        by: Some(By::Organisation),
        ..found.compared.now.clone()
    };
    Panel {
        id: "movers",
        title,
        plain,
        csv: Some(csv(Ask::Activity, &query)),
    }
    .with(view, &body)
}

/// A rate by which organisations are compared.
type Compare = (
    &'static str,
    Word,
    fn(&OrganisationRow) -> &Series<Metrics>,
    fn(&Metrics) -> Share,
);

const COMPARED: [Compare; 4] = [
    (
        "C1",
        Word::C1,
        |row| &row.as_consumer,
        |metrics| metrics.used,
    ),
    (
        "C3",
        Word::C3,
        |row| &row.as_consumer,
        |metrics| metrics.with_feedback,
    ),
    (
        "C4",
        Word::C4,
        |row| &row.as_consumer,
        |metrics| metrics.acted,
    ),
    (
        "C5",
        Word::C5,
        |row| &row.as_producer,
        |metrics| metrics.answered,
    ),
];

/// Who consumes or answers least, beside its own past and its peers.
fn weakest(view: &View, found: &Found) -> Markup {
    let columns = [
        words("rate", view.text(Word::Rate)),
        words("organisation", view.text(Word::Lowest)),
        numbers("share", view.text(Word::Now)),
        numbers("before", view.text(Word::Earlier)),
        numbers("lower", view.text(Word::LowerQuartile)),
        numbers("median", view.text(Word::Median)),
        numbers("upper", view.text(Word::UpperQuartile)),
    ];
    let rows: Vec<_> = COMPARED
        .iter()
        .filter_map(|compare| lowest(view, found, compare))
        .collect();
    let low = found.organisations.iter().filter(|row| row.is_low);
    let lows: Vec<_> = low
        .map(|row| {
            let expected = format!("{:.1}", row.expected.unwrap_or_default());
            view.say(
                Word::WeakestLow,
                &[&row.organisation, &grouped(row.taken), &expected],
            )
        })
        .collect();
    let body = html! {
        @for low in &lows { p.low { bdi { (low) } " " (definition(view, "V3", Word::Weakest)) } }
        @if lows.is_empty() { p { (view.text(Word::WeakestFair)) " " (definition(view, "V3", Word::Weakest)) } }
        @if rows.is_empty() { p.means { (view.text(Word::WeakestNone)) } }
        @else { (table(view.text(Word::Weakest), &columns, &rows)) }
    };
    let plain = view.text(Word::WeakestPlain).to_owned();
    let query = Query {
        by: None,
        ..found.query.clone()
    };
    Panel {
        id: "weakest",
        title: view.text(Word::Weakest),
        plain,
        csv: Some(csv(Ask::Organisations, &query)),
    }
    .with(view, &body)
}

fn lowest(view: &View, found: &Found, (id, name, side, rate): &Compare) -> Option<Row> {
    let share = |row: &OrganisationRow| rate(view.of_series(side(row)));
    let mut shares: Vec<_> = found
        .organisations
        .iter()
        .filter(|row| row.number != 0)
        .filter_map(|row| Some((share(row).share?, row)))
        .collect();
    if shares.len() < PEERS {
        return None;
    }
    shares.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let (least, row) = shares.first()?;
    let before = found
        .organisations_before
        .iter()
        .find(|before| before.number == row.number);
    let before = before.and_then(|before| share(before).share);
    let sorted: Vec<_> = shares.iter().map(|(share, _)| *share).collect();
    let quartile = |part| html! { (percent(quantile(&sorted, part))) };
    Some(Row {
        key: (*id).to_owned(),
        cells: vec![
            html! { (view.text(*name)) " " (definition(view, id, *name)) },
            organisation(view, &row.organisation),
            html! { data value=(least) { (percent(*least)) } },
            html! { (before.map_or("–".to_owned(), percent)) },
            quartile(0.25),
            quartile(0.5),
            quartile(0.75),
        ],
    })
}

/// A quantile of numbers in order, between two of them in proportion.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )] // a few organisations
    let (place, below) = {
        let place = part * (sorted.len().saturating_sub(1)) as f64;
        (place.fract(), place as usize)
    };
    let at = |index: usize| {
        sorted
            .get(index)
            .or(sorted.last())
            .copied()
            .unwrap_or_default()
    };
    at(below) + (at(below + 1) - at(below)) * place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_between_numbers() {
        let sorted = [0.0, 0.2, 0.4, 1.0];
        assert!((quantile(&sorted, 0.5) - 0.3).abs() < 1e-9);
        assert!((quantile(&sorted, 0.25) - 0.15).abs() < 1e-9);
        assert!((quantile(&[0.7], 0.75) - 0.7).abs() < 1e-9);
        assert!(quantile(&[], 0.5).abs() < 1e-9);
    }
}
