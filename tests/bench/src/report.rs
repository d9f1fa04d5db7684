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
    // rindexer 0.41 with PostgreSQL, counters included, on a chain of 100,000 events.
    (
        "index.seconds",
        "first sync of 100,000 events, s",
        4.3,
        true,
    ),
    ("index.rss_mb", "", 693.0, true),
    ("index.live_p90_ms", "", 168.0, true),
    ("load.instant_per_second", "", 0.46, false),
    ("load.blocks2s_per_second", "", 0.167, false),
];

/// What is aimed at on two cores, the load generator and the chain included, and whether less is better.
const TARGETS: &[(&str, &str, f64, bool)] = &[
    (
        "load.instant_per_second",
        "1,000 consumers, instant mining, deliveries/s",
        230.0,
        false,
    ),
    (
        "load.blocks1s_per_second",
        "1,000 consumers, blocks of 1 s, deliveries/s",
        f64::NAN,
        false,
    ),
    (
        "load.blocks2s_per_second",
        "1,000 consumers, blocks of 2 s, deliveries/s",
        f64::NAN,
        false,
    ),
    (
        "load.p95_blocks",
        "redemption to file, blocks of 2 s, p95, blocks",
        2.0,
        true,
    ),
    (
        "load.p95_ms",
        "redemption to file, blocks of 2 s, p95, ms",
        f64::NAN,
        true,
    ),
    (
        "load.solver_rss_mb",
        "solver, 1,000 assets of 2.6 MB, 10,000 open tasks, MB",
        100.0,
        true,
    ),
    (
        "index.times_the_floor",
        "first sync, times a bare download",
        1.5,
        true,
    ),
    (
        "index.rss_mb",
        "first sync of 100,000 events, MB",
        64.0,
        true,
    ),
    (
        "index.live_p90_ms",
        "mined block to visible row, p90, ms",
        170.0,
        true,
    ),
    (
        "index.first_paint_ms_at_10m",
        "first paint with 10 million events, the slowest page, ms",
        200.0,
        true,
    ),
    (
        "index.query_p95_ms_at_10m",
        "a question with 10 million events, p95, ms",
        50.0,
        true,
    ),
    (
        "load.startup_seconds",
        "start with 100,000 past tasks, s",
        2.0,
        true,
    ),
    (
        "lint.folder_seconds",
        "lint of 147 events, 33 MB, s",
        1.0,
        true,
    ),
    (
        "lint.rss_mb",
        "lint of a list of 1 GB, MB of memory",
        100.0,
        true,
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

    /// The table: what peers do as well, what is aimed at, and the rest.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header([
            "",
            "Ayumi",
            "target",
            "peer",
            "times better",
        ]);
        let targets = TARGETS.iter().map(|(key, ..)| *key);
        let peers = PEERS.iter().map(|(key, ..)| *key);
        let known: Vec<_> = peers.filter(|key| !target_of(key)).chain(targets).collect();
        let rest = self.0.keys().map(String::as_str);
        let rest = rest.filter(|key| !known.contains(key));
        for key in known.iter().copied().chain(rest) {
            if let Some(ours) = self.0.get(key).and_then(Value::as_f64) {
                table.add_row(row(key, ours));
            }
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// What was measured before, if anything was.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Writes the JSON object.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(&self.0).expect("numbers serialise");
        std::fs::write(path, text + "\n")
    }
}

fn target_of(key: &str) -> bool {
    TARGETS.iter().any(|(target, ..)| *target == key)
}

fn row(key: &str, ours: f64) -> [String; 5] {
    let target = TARGETS.iter().find(|(target, ..)| *target == key);
    let peer = PEERS.iter().find(|(peer, ..)| *peer == key);
    let what = target.or(peer).map_or(key, |(_, what, ..)| what);
    let aim = target.filter(|(_, _, aim, _)| !aim.is_nan());
    let aim = aim.map(|(_, _, aim, less_is_better)| {
        let is_met = if *less_is_better {
            ours <= *aim
        } else {
            ours >= *aim
        };
        format!("{} {}", figure(*aim), if is_met { "met" } else { "missed" })
    });
    let ratio = peer.map(|(_, _, peer, less_is_better)| {
        let ratio = if *less_is_better {
            peer / ours
        } else {
            ours / peer
        };
        format!("{ratio:.1}")
    });
    [
        what.to_owned(),
        figure(ours),
        aim.unwrap_or_default(),
        peer.map(|(_, _, peer, _)| figure(*peer))
            .unwrap_or_default(),
        ratio.unwrap_or_default(),
    ]
}

fn figure(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}
