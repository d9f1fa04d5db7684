//! The answers for people, out of the same JSON that scripts get.

use ayumi_audit::Ask;
use ayumi_export::flat;
use serde_json::Value;

use crate::text::{clean, ether, table, time};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The most bars of a line.
const WIDTH: usize = 72;

/// An answer as a table that fits a terminal.
pub(super) fn text(ask: Ask, answer: &Value) -> String {
    let rows = answer.as_array().map_or(&[][..], Vec::as_slice);
    match ask {
        Ask::Activity | Ask::Timeline if rows.iter().any(|row| !row["start"].is_null()) => {
            timeline(rows)
        }
        Ask::Activity | Ask::Timeline => activity(rows),
        Ask::Products => products(rows),
        Ask::Organisations => organisations(rows),
        Ask::Gap => gap(rows),
        Ask::Money => money(answer),
        Ask::Tasks => tasks(rows),
        Ask::Events => events(rows),
        Ask::Overview | Ask::Status | Ask::Findings => overview(answer),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Small bars, one for each count.
fn sparkline(counts: &[u64]) -> String {
    let counts = &counts[counts.len().saturating_sub(WIDTH)..];
    let most = counts.iter().copied().max().unwrap_or(0);
    let bar = |count: u64| {
        if count == 0 {
            return ' ';
        }
        let level = (count * BARS.len() as u64).div_ceil(most.max(1)) - 1;
        BARS[usize::try_from(level).unwrap_or(0).min(BARS.len() - 1)]
    };
    counts.iter().map(|count| bar(*count)).collect()
}

fn whose(row: &Value) -> String {
    let organisation = row["organisation"].as_str().unwrap_or_default();
    let organisation = if organisation.is_empty() {
        "unassigned"
    } else {
        organisation
    };
    let parts = [
        Some(organisation),
        row["team"].as_str(),
        row["account"].as_str(),
    ];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    match (row["product"].as_str(), row["title"].as_str()) {
        (Some(product), Some(title)) => format!("{product} {title}"),
        _ => parts.collect::<Vec<_>>().join(" / "),
    }
}

/// A count, and the external one where it is another: `5 (3)`.
fn both(raw: &Value, external: &Value) -> String {
    if raw == external || external.is_null() {
        plain(raw)
    } else {
        format!("{} ({})", plain(raw), plain(external))
    }
}

const STEPS: [(&str, &str); 10] = [
    ("published", "published"),
    ("sold", "sold"),
    ("delivered", "delivered"),
    ("feedbackReceived", "feedback received"),
    ("answered", "answered"),
    ("bought", "bought"),
    ("redeemed", "redeemed"),
    ("consumed", "consumed"),
    ("complained", "complained"),
    ("feedbackGiven", "feedback given"),
];

const NOTE: &str = "In parentheses: between organisations only.";

fn activity(rows: &[Value]) -> String {
    let headers = std::iter::once("")
        .chain(STEPS.map(|(_, header)| header))
        .collect::<Vec<_>>();
    let headers: [&str; 11] = headers.try_into().unwrap_or([""; 11]);
    let lines = rows.iter().map(|row| {
        let mut line: [String; 11] = Default::default();
        line[0] = whose(row);
        for (cell, (name, _)) in line[1..].iter_mut().zip(STEPS) {
            *cell = both(&row[name], &row["external"][name]);
        }
        line
    });
    format!("{}\n{NOTE}", table(headers, lines))
}

fn timeline(rows: &[Value]) -> String {
    let shown = [
        ("published", "published"),
        ("bought", "bought"),
        ("redeemed", "redeemed"),
        ("consumed", "delivered"),
        ("feedbackGiven", "feedback"),
        ("answered", "answered"),
    ];
    let ends = [rows.first(), rows.last()]
        .map(|row| row.map(|row| plain(&row["start"])).unwrap_or_default());
    let lines = shown.map(|(name, header)| {
        let counts: Vec<u64> = rows
            .iter()
            .map(|row| row[name].as_u64().unwrap_or(0))
            .collect();
        let external: u64 = rows
            .iter()
            .map(|row| row["external"][name].as_u64().unwrap_or(0))
            .sum();
        let clean: u64 = rows
            .iter()
            .map(|row| row["clean"][name].as_u64().unwrap_or(0))
            .sum();
        let total: u64 = counts.iter().sum();
        [
            header.to_owned(),
            sparkline(&counts),
            total.to_string(),
            external.to_string(),
            clean.to_string(),
        ]
    });
    format!(
        "{} to {}\n{}",
        ends[0],
        ends[1],
        table(["", "", "raw", "external", "clean"], lines)
    )
}

/// A share with the counts behind it; the counts alone where there are too few.
fn share(share: &Value) -> String {
    let (count, of) = (plain(&share["count"]), plain(&share["of"]));
    match share["share"].as_f64() {
        Some(value) => format!("{:.0} % of {of}", value * 100.0),
        None => format!("{count} of {of}"),
    }
}

/// The median, with how many there are.
fn spread(spread: &Value) -> String {
    let ended = plain(&spread["ended"]);
    match spread["median"].as_u64() {
        Some(seconds) => format!("{} (n {ended})", lasting(seconds)),
        None => format!("– (n {ended})"),
    }
}

fn lasting(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn amount(wei: &Value) -> String {
    let Some(text) = wei.as_str() else {
        return "no data".into();
    };
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |digits| ("-", digits));
    digits
        .parse()
        .map_or_else(|_| text.to_owned(), |wei| format!("{sign}{}", ether(wei)))
}

fn gap(rows: &[Value]) -> String {
    let headers = [
        "",
        "delivered",
        "feedback",
        "done",
        "not done",
        "unexpected",
        "false positive",
        "to feedback",
        "to answer",
    ];
    let lines = rows.iter().map(|row| {
        let gap = &row["external"];
        [
            whose(row),
            both(&row["raw"]["delivered"], &gap["delivered"]),
            both(&row["raw"]["feedback"], &gap["feedback"]),
            share(&gap["done"]),
            share(&gap["notDone"]),
            share(&gap["unexpected"]),
            share(&gap["falsePositive"]),
            spread(&gap["deliveryToFeedback"]),
            spread(&gap["feedbackToAnswer"]),
        ]
    });
    format!(
        "{}\nBetween organisations only; a share is shown from 5 answers on. {NOTE}",
        table(headers, lines)
    )
}

fn products(rows: &[Value]) -> String {
    let headers = [
        "product",
        "edition",
        "status",
        "sold",
        "delivered",
        "feedback",
        "done",
        "useful",
        "to answer",
    ];
    let lines = rows.iter().map(|row| {
        let (raw, external) = (&row["steps"]["raw"], &row["steps"]["external"]);
        let gap = &row["gap"]["external"];
        let next = row["next"]
            .as_str()
            .map(|next| format!(" by {next}"))
            .unwrap_or_default();
        let previous = row["previous"]
            .as_str()
            .map(|previous| format!(" after {previous}"))
            .unwrap_or_default();
        [
            whose(row),
            format!("{}{previous}", plain(&row["edition"])),
            format!("{}{next}", plain(&row["status"])),
            both(&raw["sold"], &external["sold"]),
            both(&raw["delivered"], &external["delivered"]),
            both(&raw["feedbackReceived"], &external["feedbackReceived"]),
            share(&gap["done"]),
            row["usefulness"].as_f64().map_or_else(
                || format!("– (n {})", plain(&row["votes"])),
                |mean| format!("{mean:.1} (n {})", plain(&row["votes"])),
            ),
            spread(&gap["feedbackToAnswer"]),
        ]
    });
    format!("{}\n{NOTE}", table(headers, lines))
}

fn organisations(rows: &[Value]) -> String {
    let headers = [
        "organisation",
        "accounts",
        "published",
        "sold",
        "fulfilled",
        "answered",
        "bought",
        "used",
        "with feedback",
        "acted",
        "last step",
    ];
    let lines = rows.iter().map(|row| {
        let (raw, external) = (&row["steps"]["raw"], &row["steps"]["external"]);
        let (producer, consumer) = (
            &row["asProducer"]["external"],
            &row["asConsumer"]["external"],
        );
        let low = if row["isLow"] == true { " (low)" } else { "" };
        [
            format!("{}{low}", whose(row)),
            plain(&row["accounts"]),
            both(&raw["published"], &external["published"]),
            both(&raw["sold"], &external["sold"]),
            share(&producer["fulfilled"]),
            share(&producer["answered"]),
            both(&raw["bought"], &external["bought"]),
            share(&consumer["used"]),
            share(&consumer["withFeedback"]),
            share(&consumer["acted"]),
            plain(&row["lastStep"]),
        ]
    });
    format!(
        "{}\nRates are between organisations only. {NOTE}",
        table(headers, lines)
    )
}

fn money(answer: &Value) -> String {
    let headers = [
        "",
        "series",
        "purchases",
        "paid",
        "settled",
        "spent",
        "a delivery",
        "feedback acted on",
        "each",
        "idle",
    ];
    let rows = answer["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines = Vec::new();
    for row in rows {
        let all = row["organisation"].is_null() && row["product"].is_null();
        for (place, name) in ["raw", "external", "clean"].into_iter().enumerate() {
            let money = &row[name];
            let who = if all { "all".to_owned() } else { whose(row) };
            lines.push([
                if place == 0 { who } else { String::new() },
                name.to_owned(),
                plain(&money["purchases"]),
                amount(&money["paid"]),
                plain(&money["settled"]),
                amount(&money["spent"]),
                amount(&money["perDelivery"]),
                plain(&money["acted"]),
                amount(&money["perAction"]),
                format!(
                    "{} ({})",
                    amount(&money["idle"]),
                    plain(&money["idleTickets"])
                ),
            ]);
        }
    }
    let told = format!("{}\nAmounts are in ether.", table(headers, lines));
    let findings = answer["findings"].as_array().map_or(&[][..], Vec::as_slice);
    if findings.is_empty() {
        return told;
    }
    let headers = [
        "needs a look",
        "since",
        "producer",
        "consumer",
        "of",
        "transactions",
    ];
    let lines = findings.iter().map(|finding| {
        let hashes = finding["transactions"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let side = |name: &str| {
            let organisation = plain(&finding[format!("{name}Organisation")]);
            format!("{organisation} {}", plain(&finding[name]))
        };
        let task = finding["task"].as_i64().map(|task| format!("task {task}"));
        [
            plain(&finding["meaning"]),
            time(finding["at"].as_u64().unwrap_or(0)),
            side("producer"),
            side("consumer"),
            task.unwrap_or_else(|| plain(&finding["product"])),
            hashes.iter().map(plain).collect::<Vec<_>>().join(" "),
        ]
    });
    format!("{told}\n\n{}", table(headers, lines))
}

fn tasks(rows: &[Value]) -> String {
    let lines = rows.iter().map(|row| {
        let steps = row["steps"].as_array().map_or(&[][..], Vec::as_slice);
        let steps = steps.iter().map(|step| {
            format!(
                "{} {}",
                plain(&step["step"]),
                time(step["at"].as_u64().unwrap_or(0))
            )
        });
        [
            plain(&row["id"]),
            plain(&row["product"]),
            format!(
                "{} {}",
                plain(&row["consumerOrganisation"]),
                plain(&row["consumer"])
            ),
            plain(&row["class"]),
            steps.collect::<Vec<_>>().join(", "),
        ]
    });
    table(["task", "product", "consumer", "", "steps"], lines)
}

fn events(rows: &[Value]) -> String {
    let lines = rows.iter().map(|row| {
        [
            time(row["at"].as_u64().unwrap_or(0)),
            format!("{}:{}", plain(&row["block"]), plain(&row["log"])),
            plain(&row["kind"]),
            plain(&row["subject"]),
            plain(&row["transaction"]),
        ]
    });
    table(["time", "block", "event", "of", "transaction"], lines)
}

/// Names and values, one a line.
fn overview(answer: &Value) -> String {
    let cells = flat(answer);
    let widths = cells.iter().map(|(name, _)| name.chars().count());
    let width = widths.max().unwrap_or(0);
    let lines = cells
        .iter()
        .map(|(name, value)| format!("{name:width$}  {}", clean(value)));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bars_are_as_high_as_counts() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[0, 0]), "  ");
    }

    #[test]
    fn a_share_of_few_is_counts_alone() {
        assert_eq!(
            share(&json!({ "count": 1, "of": 3, "share": null })),
            "1 of 3"
        );
        assert_eq!(
            share(&json!({ "count": 1, "of": 8, "share": 0.125 })),
            "12 % of 8"
        );
    }
}
