//! `ayumi lint` over a folder like the public events that we know (147 of them, 33 MB), and over one list of events of a
//! gigabyte: how fast, and with how much memory.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ayumi_e2e::programs;
use eyre::{Result, ensure, eyre};

use crate::proc;
use crate::report::Report;

/// Events and bytes of the public events.
const EVENTS: usize = 147;
const FOLDER_BYTES: usize = 33_000_000;

/// The length of the list.
const LIST_BYTES: u64 = 1_000_000_000;

/// The median attribute of the public events has some 450 bytes; so has ours.
const ATTRIBUTE_BYTES: usize = 450;

/// Largest of the events in the list, in attributes: 2.6 MB.
const MOST_ATTRIBUTES: usize = 5_800;

/// What a run took.
struct Run {
    seconds: f64,
    rss_mb: f64,
}

/// Measures both.
#[allow(clippy::cast_precision_loss)] // bytes of a file
pub fn measure(report: &mut Report) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let events = scratch.path().join("events");
    let bytes = write_folder(&events)?;
    let _ = lint(&events)?; // so that the files are in the system's memory
    let run = lint(&events)?;
    eprintln!(
        "{EVENTS} events, {bytes} bytes: {:.2} s, {:.0} MB",
        run.seconds, run.rss_mb
    );
    report.set_fraction("lint.folder_seconds", run.seconds);
    report.set_fraction(
        "lint.megabytes_per_second",
        bytes as f64 / 1e6 / run.seconds,
    );

    let list = scratch.path().join("list.json");
    let bytes = write_list(&list)?;
    let run = lint(&list)?;
    eprintln!(
        "a list of {bytes} bytes: {:.1} s, {:.0} MB",
        run.seconds, run.rss_mb
    );
    report.set_fraction(
        "lint.list_megabytes_per_second",
        bytes as f64 / 1e6 / run.seconds,
    );
    report.set_fraction("lint.rss_mb", run.rss_mb);
    Ok(())
}

/// A few large events and many small ones, as in public.
fn write_folder(folder: &Path) -> Result<usize> {
    fs::create_dir(folder)?;
    let mut written = 0;
    for number in 0..EVENTS {
        // The largest is a twelfth of all, and each next one a little smaller.
        let left = FOLDER_BYTES - written;
        let share = if number + 1 == EVENTS {
            left
        } else {
            left / 12
        };
        let text = event(number, (share / ATTRIBUTE_BYTES).max(3));
        fs::write(folder.join(format!("{number:03}.json")), &text)?;
        written = (written + text.len()).min(FOLDER_BYTES);
    }
    Ok(written)
}

fn write_list(path: &Path) -> Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"{\"response\":[")?;
    let mut number = 0;
    while file.get_ref().metadata()?.len() < LIST_BYTES {
        let attributes = 100 + number * 97 % MOST_ATTRIBUTES;
        let comma = if number == 0 { "" } else { "," };
        write!(file, "{comma}{}", event(number, attributes))?;
        number += 1;
    }
    file.write_all(b"]}")?;
    file.flush()?;
    Ok(fs::metadata(path)?.len())
}

/// An event in which every fourth attribute says more than its value.
fn event(number: usize, attributes: usize) -> String {
    let mut text = format!(
        "{{\"Event\":{{\"id\":\"{number}\",\"info\":\"Campaign {number} of Kagerou Heron\",\"date\":\"2026-03-02\",\
         \"published\":true,\"uuid\":\"{}\",\"Orgc\":{{\"name\":\"Hinode CERT\"}},\"Tag\":[{{\"name\":\"tlp:green\"}}],\
         \"Attribute\":[",
        uuid(number, 0)
    );
    for index in 0..attributes {
        let (kind, category, value) = match index % 4 {
            0 => (
                "ip-dst",
                "Network activity",
                format!("5.{}.{}.{}", number % 250, index / 250 % 250, index % 250),
            ),
            1 => (
                "domain",
                "Network activity",
                format!("c{index}.beacon{number}.shiranui.jp"),
            ),
            2 => (
                "url",
                "Network activity",
                format!("https://c{index}.beacon{number}.shiranui.jp/check/in?id={index}"),
            ),
            _ => (
                "sha256",
                "Payload delivery",
                format!("{:064x}", index * 7_919 + number),
            ),
        };
        let says = index % 16 == 0;
        let seen = if says {
            "\"2026-02-20T03:15:00+00:00\""
        } else {
            "null"
        };
        let tags = if says {
            "{\"id\":\"3\",\"name\":\"kill-chain:Command and Control\",\"colour\":\"#001cad\"}"
        } else {
            ""
        };
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}{{\"id\":\"{index}\",\"type\":\"{kind}\",\"category\":\"{category}\",\"to_ids\":true,\"uuid\":\"{}\",\
             \"event_id\":\"{number}\",\"distribution\":\"5\",\"timestamp\":\"1772669721\",\"comment\":\"\",\
             \"sharing_group_id\":\"0\",\"deleted\":false,\"disable_correlation\":false,\"object_id\":\"0\",\
             \"object_relation\":null,\"first_seen\":{seen},\"last_seen\":null,\"value\":\"{value}\",\"Galaxy\":[],\
             \"ShadowAttribute\":[],\"Tag\":[{tags}]}}",
            uuid(number, index + 1)
        );
    }
    text.push_str("],\"Object\":[],\"Galaxy\":[]}}");
    text
}

fn uuid(event: usize, index: usize) -> String {
    format!("{event:08x}-0000-4000-8000-{index:012x}")
}

/// Runs the command; its memory is the most that was seen while it ran.
fn lint(path: &Path) -> Result<Run> {
    let started = Instant::now();
    let mut child = Command::new(programs::ayumi())
        .args(["lint", "--json", "--min-score", "0"])
        .arg(path)
        .stdout(Stdio::null())
        .spawn()?;
    let mut rss_mb = 0.0_f64;
    let status = loop {
        if let Some((_, most)) = proc::memory_mb(child.id()) {
            rss_mb = rss_mb.max(most);
        }
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    let code = status
        .code()
        .ok_or_else(|| eyre!("ayumi lint was killed"))?;
    ensure!(code < 2, "ayumi lint ended with {code}");
    Ok(Run { seconds, rss_mb })
}
