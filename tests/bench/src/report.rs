//! What was measured: a table for people, and one flat JSON object for scripts.

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::{Number, Value};

/// Figures of the peers on the same work, from Metemcyber 0.6.0 where nothing else is said, and whether less is better.
/// Gas is exact; rates and latencies were measured on two cores.
const PEERS: &[(&str, &str, f64, bool)] = &[
    (
        "gas.publish",
        "put a product on sale, gas",
        3_603_076.0,
        true,
    ),
    ("gas.buy", "buy, gas", 221_390.0, true),
    ("gas.redeem", "redeem, gas", 216_212.0, true),
    ("gas.deliver", "deliver, each of 20, gas", 161_083.0, true),
    ("gas.feedback", "feedback, gas", 46_272.0, true),
    (
        "gas.steady_state",
        "buy, redeem, deliver, feedback, gas",
        644_981.0,
        true,
    ),
    (
        "gas.complain",
        "complain, gas (FairSwap's exchange)",
        1_012_242.0,
        true,
    ),
    (
        "instant.tasks_per_second",
        "tasks a second, instant mining",
        0.46,
        false,
    ),
    (
        "instant.p50_ms",
        "median latency, instant mining, ms",
        23_000.0,
        true,
    ),
    (
        "blocks2s.tasks_per_second",
        "tasks a second, blocks of 2 s",
        0.167,
        false,
    ),
];

/// Measured so far.
#[derive(Default)]
pub struct Report(BTreeMap<String, Value>);

impl Report {
    /// Adds a figure.
    pub fn set(&mut self, key: &str, value: impl Into<Number>) {
        self.0.insert(key.into(), Value::Number(value.into()));
    }

    /// Adds a figure with three digits behind the point.
    pub fn set_fraction(&mut self, key: &str, value: f64) {
        let rounded = (value * 1_000.0).round() / 1_000.0;
        self.set(key, Number::from_f64(rounded).unwrap_or(0.into()));
    }

    /// The table.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_header(["", "Ayumi", "peer", "times better"]);
        for (key, what, peer, less_is_better) in PEERS {
            if let Some(ours) = self.0.get(*key).and_then(Value::as_f64) {
                let ratio = if *less_is_better {
                    peer / ours
                } else {
                    ours / peer
                };
                table.add_row([
                    (*what).to_owned(),
                    figure(ours),
                    figure(*peer),
                    format!("{ratio:.1}"),
                ]);
            }
        }
        let known = |key: &str| PEERS.iter().any(|(peer, ..)| *peer == key);
        for (key, value) in self.0.iter().filter(|(key, _)| !known(key)) {
            table.add_row([
                key.clone(),
                figure(value.as_f64().unwrap_or_default()),
                String::new(),
                String::new(),
            ]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// Writes the JSON object.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(&self.0).expect("numbers serialise");
        std::fs::write(path, text + "\n")
    }
}

fn figure(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}
