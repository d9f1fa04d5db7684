//! What `/proc` says of a process; nothing where there is none.

use std::fs;

/// A clock tick, as Linux counts the time of processes: the same on all platforms that it runs on today.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time that the process used so far, in its own code and in the system's.
pub fn cpu_seconds(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may have spaces; user and system time are the 14th and 15th field.
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// MiB of memory that it has, and the most that it had.
pub fn memory_mb(process: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()
    };
    Some((field("VmRSS:")? / 1_024.0, field("VmHWM:")? / 1_024.0))
}

/// Seconds of all processors since the machine started.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine {
    /// In which nothing ran.
    pub idle: f64,
    /// In which something would have run, and the host of a virtual machine let others run.
    pub stolen: f64,
    /// In all.
    pub all: f64,
}

/// What the processors did so far.
pub fn machine() -> Option<Machine> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let first = stat.lines().next()?;
    let fields: Vec<f64> = first
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    Some(Machine {
        idle: fields.get(3)? / TICKS_PER_SECOND,
        stolen: fields.get(7)? / TICKS_PER_SECOND,
        all: fields.iter().take(8).sum::<f64>() / TICKS_PER_SECOND,
    })
}
