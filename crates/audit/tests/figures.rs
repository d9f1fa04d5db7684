//! Figures of a town whose every step is known.

#[macro_use]
mod databases;
mod support;

use alloy::primitives::{B256, keccak256};
use ayumi_audit::{Ask, By, Error, Query, QueryError, Reader, Rule, Writer};
use databases::Databases;
use support::{DEPLOYMENT, Town};

on_both!(
    hostile_names_are_names,
    within_an_organisation_is_told_apart_everywhere,
    the_gap_is_what_was_expected_less_what_was_done,
    a_share_of_four_is_not_shown,
    rates_are_of_what_is_due,
    membership_is_as_it_was,
    products_are_told_page_by_page,
    periods_have_the_days_they_say,
    a_timeline_is_as_fine_as_it_is_long,
    every_question_has_an_answer_on_an_empty_index,
    what_is_not_there_is_named,
    planted_wash_is_found_and_honest_trade_is_not,
);

const PRICE: u64 = 1_000;
const DAY: u64 = 86_400;
const BLOCK_OUTBOUND: u16 = 1;
const HUNT: u16 = 8;

/// Two organisations; account 0 produces, 1 and 2 consume; 3 is of the producer's organisation.
fn town() -> Town {
    let mut town = Town::default();
    town.organisation("Aoba");
    town.organisation("Hibiki, \"Bank\"");
    town.enrol(1, "intel");
    town.enrol(2, "soc");
    town.enrol(2, "soc");
    town.enrol(1, "soc");
    town
}

/// Writes all blocks, and opens what was written.
fn read(databases: &Databases, mut town: Town, blocks: Vec<support::Block>) -> Reader {
    let path = databases.place();
    let mut writer = Writer::open(&path, DEPLOYMENT).unwrap();
    for block in blocks {
        writer.append(&block.entries, block.head, true).unwrap();
    }
    let last = town.block(0);
    writer.append(&last.entries, last.head, true).unwrap();
    Reader::open(&path).unwrap()
}

/// Six tasks of account 1, delivered after 100 seconds, told of after a thousand, answered after a day; one of account 3.
fn traded(town: &mut Town) -> Vec<support::Block> {
    let mut blocks = Vec::new();
    let product = town.publish(0, PRICE, BLOCK_OUTBOUND | HUNT);
    blocks.push(town.block(10));
    town.buy(product, 1, 7);
    town.buy(product, 3, 1);
    blocks.push(town.block(90));
    for _ in 0..6 {
        town.request(product, 1);
    }
    town.request(product, 3);
    blocks.push(town.block(100));
    (1..=7).for_each(|task| town.deliver(task));
    blocks.push(town.block(1_000));
    for task in 1..=6 {
        let actions = if task == 6 { 0 } else { BLOCK_OUTBOUND | 2 };
        town.feedback(task, actions, 5, B256::ZERO);
    }
    town.feedback(7, HUNT, 1, B256::ZERO);
    blocks.push(town.block(DAY));
    (1..=5).for_each(|task| {
        town.answer(task, B256::ZERO);
        town.settle(task, PRICE, 100);
    });
    blocks.push(town.block(40 * DAY));
    blocks
}

fn within_an_organisation_is_told_apart_everywhere(databases: &Databases) {
    let mut town = town();
    let blocks = traded(&mut town);
    let reader = read(databases, town, blocks);
    let overview = reader.overview(&Query::default()).unwrap();
    let steps = [
        overview.steps.raw,
        overview.steps.external,
        overview.steps.clean,
    ];
    assert_eq!(steps.map(|steps| steps.bought), [8, 7, 7]);
    assert_eq!(steps.map(|steps| steps.redeemed), [7, 6, 6]);
    assert_eq!(steps.map(|steps| steps.feedback_given), [7, 6, 6]);
    assert_eq!(
        (overview.gap.raw.feedback, overview.gap.external.feedback),
        (7, 6)
    );
    assert_eq!(overview.money.raw.purchases, 2);
    assert_eq!(overview.money.external.purchases, 1);
    let found = reader.findings(&Query::default()).unwrap();
    assert_eq!(
        found.iter().map(|finding| finding.rule).collect::<Vec<_>>(),
        [Rule::SameOrganisation]
    );
    assert_eq!(found[0].transactions.len(), 1);
}

fn the_gap_is_what_was_expected_less_what_was_done(databases: &Databases) {
    let mut town = town();
    let blocks = traded(&mut town);
    let reader = read(databases, town, blocks);
    for by in [By::Product, By::Producer, By::Organisation] {
        let rows = reader
            .gap(&Query {
                by: Some(by),
                ..Query::default()
            })
            .unwrap();
        let gap = rows
            .iter()
            .map(|row| row.gap.external)
            .find(|gap| gap.feedback == 6)
            .unwrap();
        assert_eq!(
            (gap.done.count, gap.done.of, gap.not_done.count),
            (5, 12, 7),
            "{by:?}"
        );
        assert_eq!((gap.unexpected.count, gap.unexpected.of), (5, 10));
        assert_eq!((gap.false_positive.count, gap.true_positive.count), (1, 5));
        assert_eq!(gap.done.share, Some(5.0 / 12.0));
        // 1,000 seconds are told as 992: within 3 percent.
        assert_eq!(
            (
                gap.delivery_to_feedback.median,
                gap.delivery_to_feedback.ended
            ),
            (Some(992), 6)
        );
        assert_eq!(
            (gap.feedback_to_answer.ended, gap.feedback_to_answer.open),
            (5, 1)
        );
        assert_eq!((gap.unmet.count, gap.unmet.of), (7, 12));
        assert_eq!((gap.unmet_no_action, gap.unmet_other_action), (2, 5));
    }
}

fn a_share_of_four_is_not_shown(databases: &Databases) {
    let mut town = town();
    let product = town.publish(0, PRICE, HUNT);
    let mut blocks = vec![town.block(10)];
    for task in 1..=4 {
        town.buy(product, 1, 1);
        town.request(product, 1);
        town.deliver(task);
        town.feedback(task, HUNT, 5, B256::ZERO);
    }
    blocks.push(town.block(10));
    let reader = read(databases, town, blocks);
    let gap = reader.gap(&Query::default()).unwrap()[0].gap.raw;
    assert_eq!((gap.done.count, gap.done.of, gap.done.share), (4, 4, None));
    let products = reader.products(&Query::default()).unwrap();
    assert_eq!(
        (products[0].votes, products[0].usefulness),
        (1, None),
        "an organisation has one vote"
    );
}

fn rates_are_of_what_is_due(databases: &Databases) {
    let mut town = town();
    let mut blocks = traded(&mut town);
    let product = ayumi_contracts::ProductId {
        producer: 1,
        sequence: 1,
    }
    .into();
    town.buy(product, 2, 9); // young
    blocks.push(town.block(60));
    let reader = read(databases, town, blocks);
    let metrics = reader.overview(&Query::default()).unwrap().metrics.external;
    assert_eq!((metrics.used.count, metrics.used.of), (6, 7), "{metrics:?}");
    assert_eq!(
        (metrics.with_feedback.count, metrics.with_feedback.of),
        (6, 6)
    );
    assert_eq!((metrics.answered.count, metrics.answered.of), (5, 6));
    assert_eq!((metrics.acted.count, metrics.acted.of), (5, 6));
    assert_eq!(metrics.request_to_delivery.median, Some(100));
    assert_eq!(metrics.publish_to_use.median, Some(200));
    let money = reader.money(&Query::default()).unwrap().rows[0]
        .money
        .external
        .clone();
    assert_eq!(
        (money.settled, money.spent.to_string().as_str()),
        (5, "4500")
    );
    assert_eq!(
        money.per_delivery.map(|wei| wei.to_string()).as_deref(),
        Some("900")
    );
    assert_eq!(
        (money.idle_tickets, money.idle.to_string().as_str()),
        (1, "1000")
    );
}

fn membership_is_as_it_was(databases: &Databases) {
    let mut town = town();
    let product = town.publish(0, PRICE, HUNT);
    town.buy(product, 1, 1);
    let mut blocks = vec![town.block(DAY)];
    town.assign(1, "night");
    town.buy(product, 1, 2);
    blocks.push(town.block(10));
    let reader = read(databases, town, blocks);
    let bought = |team: &str| {
        let query = Query {
            team: Some(team.into()),
            by: Some(By::Organisation),
            ..Query::default()
        };
        reader
            .activity(&query)
            .unwrap()
            .iter()
            .map(|row| row.raw.bought)
            .sum::<u64>()
    };
    assert_eq!((bought("soc"), bought("night")), (1, 2));
    let by_team = reader
        .activity(&Query {
            by: Some(By::Team),
            ..Query::default()
        })
        .unwrap();
    assert!(
        by_team
            .iter()
            .all(|row| row.who.team.as_deref() == Some("")),
        "teams of one and two are not shown"
    );
}

fn products_are_told_page_by_page(databases: &Databases) {
    let mut town = town();
    let publish = |town: &mut Town, place: usize| {
        let product = town.publish(0, PRICE, HUNT);
        town.buy(product, 1, 1);
        // Of every second one there is a gap to tell.
        if place.is_multiple_of(2) {
            let task = town.request(product, 1);
            town.deliver(task);
        }
        town.block(10)
    };
    let mut blocks: Vec<_> = (0..3).map(|place| publish(&mut town, place)).collect();
    town.assign(0, "night");
    blocks.extend((3..7).map(|place| publish(&mut town, place)));
    let reader = read(databases, town, blocks);
    let walk = |ask: Ask, team: Option<&str>, limit: usize| {
        let (mut told, mut after) = (Vec::new(), None);
        loop {
            let query = Query {
                by: (ask != Ask::Products).then_some(By::Product),
                team: team.map(str::to_owned),
                limit: Some(limit),
                after,
                ..Query::default()
            };
            let page = reader.answer(ask, &query).unwrap();
            let rows = page.get("rows").unwrap_or(&page).as_array().unwrap();
            told.extend(rows.iter().map(|row| row["product"].to_string()));
            if rows.len() < limit {
                return told;
            }
            after = rows[limit - 1]["id"].as_i64();
        }
    };
    for ask in [Ask::Products, Ask::Gap, Ask::Activity, Ask::Money] {
        for (team, count, used) in [(None, 7, 4), (Some("intel"), 3, 2), (Some("night"), 4, 2)] {
            let whole = walk(ask, team, 100);
            let expected = if ask == Ask::Gap { used } else { count };
            assert_eq!(whole.len(), expected, "{ask:?} {team:?}");
            assert_eq!(walk(ask, team, 2), whole, "{ask:?} {team:?}");
        }
    }
    let mut one = Query {
        product: "1-1".parse().ok(),
        limit: Some(1),
        ..Query::default()
    };
    let told = reader.gap(&one).unwrap();
    assert_eq!(told.len(), 1);
    one.after = told[0].who.id;
    assert!(
        reader.gap(&one).unwrap().is_empty(),
        "nothing comes after it"
    );
}

fn periods_have_the_days_they_say(databases: &Databases) {
    let mut town = town();
    let blocks = traded(&mut town);
    let reader = read(databases, town, blocks);
    let bought = |since: &str, until: &str| {
        let query = Query {
            since: since.parse().ok(),
            until: until.parse().ok(),
            ..Query::default()
        };
        reader.overview(&query).unwrap().steps.raw.bought
    };
    assert_eq!(
        (
            bought("2026-01-05", "2026-01-05"),
            bought("2026-01-06", "2026-12-31"),
            bought("2025-01-01", "2026-01-04")
        ),
        (8, 0, 0)
    );
    for by in [By::Day, By::Week, By::Month] {
        let rows = reader
            .timeline(&Query {
                by: Some(by),
                ..Query::default()
            })
            .unwrap();
        assert_eq!(
            rows.iter().map(|row| row.raw.bought).sum::<u64>(),
            8,
            "{by:?}"
        );
        assert_eq!(
            rows.iter().map(|row| row.raw.answered).sum::<u64>(),
            5,
            "{by:?}"
        );
    }
    let reversed = Query {
        since: "2026-02-01".parse().ok(),
        until: "2026-01-01".parse().ok(),
        ..Query::default()
    };
    assert!(matches!(
        reader.overview(&reversed),
        Err(Error::Query(QueryError::Reversed { .. }))
    ));
}

fn a_timeline_is_as_fine_as_it_is_long(databases: &Databases) {
    let mut town = town();
    let mut blocks = Vec::new();
    let (first, second) = (town.publish(0, PRICE, HUNT), town.publish(0, PRICE, HUNT));
    for (product, days) in [
        (first, 90),
        (first, 200),
        (first, 600),
        (second, 10),
        (second, 1),
    ] {
        town.buy(product, 1, 1);
        blocks.push(town.block(days * DAY));
    }
    let reader = read(databases, town, blocks);
    let told_by = |query: Query| {
        let rows = reader.timeline(&query).unwrap();
        let is_told = |by: &By| {
            let query = Query {
                by: Some(*by),
                ..query.clone()
            };
            reader.timeline(&query).unwrap() == rows
        };
        [By::Day, By::Week, By::Month]
            .into_iter()
            .filter(is_told)
            .collect::<Vec<_>>()
    };
    let days = |since: &str, until: &str| Query {
        since: since.parse().ok(),
        until: until.parse().ok(),
        ..Query::default()
    };
    assert_eq!(told_by(Query::default()), [By::Month]);
    assert_eq!(told_by(days("", "2026-04-06")), [By::Day]);
    assert_eq!(told_by(days("", "2026-12-31")), [By::Week]);
    assert_eq!(
        told_by(days("1999-01-01", "2026-04-06")),
        [By::Day],
        "from when there was something"
    );
    let of_product = |product: &str| Query {
        product: product.parse().ok(),
        ..Query::default()
    };
    assert_eq!(told_by(of_product("1-1")), [By::Week]);
    assert_eq!(told_by(of_product("1-2")), [By::Month], "published early");
}

fn every_question_has_an_answer_on_an_empty_index(databases: &Databases) {
    let path = databases.place();
    drop(Writer::open(&path, DEPLOYMENT).unwrap());
    let reader = Reader::open(&path).unwrap();
    for ask in Ask::ALL {
        reader.answer(ask, &Query::default()).unwrap();
    }
}

fn what_is_not_there_is_named(databases: &Databases) {
    let mut town = town();
    let blocks = traded(&mut town);
    let reader = read(databases, town, blocks);
    let named = |query: Query| reader.activity(&query).unwrap_err().kind();
    let organisation = |name: &str| Query {
        organisation: Some(name.into()),
        ..Query::default()
    };
    assert_eq!(named(organisation("Nobody")), "unknown");
    assert_eq!(named(organisation("'; DROP TABLE event; --")), "unknown");
    assert_eq!(
        named(Query {
            team: Some("x".into()),
            ..Query::default()
        }),
        "unknown"
    );
    assert_eq!(
        named(Query {
            account: Some("0x12".into()),
            ..Query::default()
        }),
        "unknown"
    );
    let product = Query {
        product: "9-9".parse().ok(),
        ..Query::default()
    };
    assert_eq!(reader.products(&product).unwrap_err().kind(), "unknown");
    assert!(reader.activity(&organisation("Hibiki, \"Bank\"")).is_ok());
    assert!(matches!(
        Reader::open(databases.place()),
        Err(Error::Missing(_))
    ));
}

#[allow(clippy::too_many_lines, reason = "one story, and what is told of it")]
fn planted_wash_is_found_and_honest_trade_is_not(databases: &Databases) {
    let mut town = town();
    let hash = |text: &str| keccak256(text);
    // Honest, over months: account 2 buys from 0, uses and tells.
    let honest = town.publish(0, PRICE, HUNT);
    let mut blocks = vec![town.block(DAY)];
    for task in 1..=4 {
        town.buy(honest, 2, 1);
        blocks.push(town.block(3_600));
        town.request(honest, 2);
        blocks.push(town.block(3_600));
        town.deliver(task);
        blocks.push(town.block(3_600));
        town.feedback(task, HUNT, 4, hash(&format!("note {task}")));
        blocks.push(town.block(DAY));
        town.answer(task, B256::ZERO);
        blocks.push(town.block(DAY));
    }
    // Planted, each by accounts of its own.
    for organisation in ["Circle", "Ring", "Third"] {
        town.organisation(organisation);
    }
    let circle = [town.enrol(3, ""), town.enrol(4, "")];
    blocks.push(town.block(DAY));
    let even = [town.enrol(3, ""), town.enrol(4, "")];
    let other = town.enrol(5, "");
    blocks.push(town.block(DAY));
    let round = town.enrol(4, "");

    let of_circle = town.publish(circle[0], PRICE, 0);
    for task in 5..=9 {
        town.buy(of_circle, circle[1], 1);
        town.request(of_circle, circle[1]);
        town.deliver(task);
    }
    blocks.push(town.block(DAY));
    let both = [
        town.publish(even[0], PRICE, 0),
        town.publish(even[1], PRICE, 0),
    ];
    let third = town.publish(other, PRICE, 0);
    let mut task = 9;
    for product in [third, both[1]] {
        let buyer = even[0];
        town.buy(product, buyer, 1);
        town.request(product, buyer);
        task += 1;
        town.deliver(task);
    }
    for turn in 0..9 {
        let product = both[turn % 2];
        let buyer = even[(turn + 1) % 2];
        town.buy(product, buyer, 1);
        town.request(product, buyer);
        task += 1;
        town.deliver(task);
        blocks.push(town.block(60));
    }
    blocks.push(town.block(DAY));
    let pumped = town.publish(other, PRICE, 0);
    let pumps: Vec<_> = (0..4).map(|_| town.buy(pumped, 1, 1)).collect();
    blocks.push(town.block(DAY));
    let quick = town.publish(other, PRICE, 0);
    town.buy(quick, round, 1);
    let fast = town.request(quick, round);
    town.deliver(fast);
    town.feedback(fast, HUNT, 5, hash("note 1"));
    town.answer(fast, B256::ZERO);
    blocks.push(town.block(DAY));
    let there = town.hand_over(honest, 1, round);
    let back = town.hand_over(honest, round, 1);
    let paid = town.collect(other, round);
    blocks.push(town.block(DAY));

    let reader = read(databases, town, blocks);
    let findings = reader.findings(&Query::default()).unwrap();
    let of = |rule: Rule| {
        findings
            .iter()
            .filter(|finding| finding.rule == rule)
            .collect::<Vec<_>>()
    };
    let mut by_product = Query {
        by: Some(By::Product),
        limit: Some(1),
        ..Query::default()
    };
    let first = reader.money(&by_product).unwrap();
    by_product.after = first.rows[0].who.id;
    by_product.limit = None;
    let rest = reader.money(&by_product).unwrap();
    assert_eq!(rest.findings.len(), findings.len(), "of a later page");
    assert_eq!(of(Rule::ClosedCircle).len(), 1, "{findings:#?}");
    assert_eq!(of(Rule::Reciprocal).len(), 1);
    assert_eq!(of(Rule::Unused).len(), 1);
    assert_eq!(of(Rule::Unused)[0].transactions, pumps[..3]);
    assert_eq!(of(Rule::FastLoop).len(), 1);
    assert_eq!(
        of(Rule::FastLoop)[0].task,
        Some(i64::try_from(fast).unwrap())
    );
    assert_eq!(of(Rule::RepeatedNote).len(), 1);
    let round_trips = of(Rule::RoundTrip);
    assert_eq!(round_trips.len(), 2);
    assert!(
        round_trips
            .iter()
            .any(|finding| finding.transactions == [there, back])
    );
    assert!(
        round_trips
            .iter()
            .any(|finding| finding.transactions.contains(&paid))
    );
    assert_eq!(of(Rule::SameOrganisation).len(), 0);

    // Precision: of the honest tasks none is flagged, but the one whose note came again.
    let tasks = reader.tasks(&Query::default()).unwrap();
    let flagged: Vec<_> = tasks
        .iter()
        .filter(|task| task.class == "flagged")
        .map(|task| task.id)
        .collect();
    assert_eq!(
        flagged
            .iter()
            .filter(|task| (2..=4).contains(*task))
            .count(),
        0,
        "{flagged:?}"
    );
    // Recall: every planted one is.
    for planted in (5..=9).chain([1, i64::try_from(fast).unwrap()]) {
        assert!(flagged.contains(&planted), "{planted}: {flagged:?}");
    }
    let steps = reader.overview(&Query::default()).unwrap().steps;
    assert!(steps.clean.bought < steps.external.bought && steps.clean.redeemed >= 3);
}

/// A name may be anything: the database is not to choke on it, nor to take it for more than a name.
fn hostile_names_are_names(databases: &Databases) {
    let names = [
        "a\0b",
        "\0",
        "'; DROP TABLE event; --",
        "\\x00 \\N \\.",
        "?1 $1 %s {} \u{202e} \u{1f980}",
        &"long ".repeat(10_000),
    ];
    let mut town = Town::default();
    for name in names {
        town.organisation(name);
    }
    town.enrol(1, "a\0b");
    let blocks = vec![town.block(10)];
    let reader = read(databases, town, blocks);
    let told = reader.organisations(&Query::default()).unwrap();
    let told: Vec<_> = told.into_iter().map(|row| row.organisation).collect();
    assert_eq!(told[..2], ["a\u{fffd}b", "\u{fffd}"]);
    assert_eq!(told[2..], names[2..]);
    let of_team = Query {
        team: Some("a\u{fffd}b".into()),
        ..Query::default()
    };
    assert_eq!(reader.activity(&of_team).unwrap().len(), 1);
}

#[test]
fn what_is_no_index_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.db"), "hello").unwrap();
    assert!(matches!(
        Reader::open(folder.path().join("text.db")),
        Err(Error::NoIndex { .. })
    ));
    assert!(matches!(
        Writer::open(folder.path().join("text.db"), DEPLOYMENT),
        Err(Error::NoIndex { .. })
    ));
    let nobody = format!("postgres://nobody:s3cret@{}/x", "%2Fnowhere");
    let nobody = ayumi_audit::Location::from_url(&nobody).unwrap();
    let refused = Reader::open(&nobody).unwrap_err();
    assert!(
        matches!(refused, Error::Unreachable { .. }) && refused.is_transient(),
        "{refused}"
    );
    assert!(!format!("{refused} {refused:?}").contains("s3cret"));
}
