use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use alloy::primitives::{Address, U256};
use ayumi_contracts::ProductId;

use crate::process::lock;

/// What a product's buyers must find in their files.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The product.
    pub product: ProductId,
    /// Its document.
    pub bytes: Arc<Vec<u8>>,
    /// Whether its solver was never given it.
    pub bare: bool,
}

/// How a task ended, as its consumer saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The file is there, and is right.
    Delivered,
    /// The ticket is back.
    Returned,
}

/// What consumers and producers know, to be compared with the chain in the end; and what happened, as a log.
pub struct Books {
    pages: Mutex<Pages>,
    log: Mutex<File>,
    started: Instant,
    troubles: AtomicUsize,
}

/// What is in them.
#[derive(Default)]
pub struct Pages {
    /// What can be bought.
    pub offers: Vec<Offered>,
    /// By task: how it ended, and for which operation.
    pub ends: BTreeMap<u64, (End, String)>,
    /// Tickets that were bought by a purchase of their own.
    pub bought: BTreeMap<(Address, ProductId), u64>,
    /// What was published while it went on.
    pub published: BTreeSet<ProductId>,
    /// Wei that were collected.
    pub collected: U256,
    /// What must not be.
    pub findings: Vec<String>,
    /// Faults, by their kinds.
    pub faults: BTreeMap<String, u64>,
    /// Operations under way.
    pub open: usize,
    /// Times that a task was given to a second operation, since a reorg had taken its delivery back.
    pub again: u64,
    /// The longest time in which work was possible and nothing ended.
    pub stall: Duration,
    waited: Duration,
}

/// A fault that is in force until this is dropped.
pub struct Trouble<'a>(&'a Books);

impl Drop for Trouble<'_> {
    fn drop(&mut self) {
        self.0.troubles.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Books {
    /// With their log in this folder.
    pub fn open(folder: &Path) -> Self {
        let log = File::create(folder.join("soak.log")).expect("the log can be written");
        Self {
            pages: Mutex::default(),
            log: Mutex::new(log),
            started: Instant::now(),
            troubles: AtomicUsize::new(0),
        }
    }

    /// To read and write in.
    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        lock(&self.pages)
    }

    /// Writes a line to the log.
    pub fn note(&self, line: &str) {
        let mut log = lock(&self.log);
        let _ = writeln!(log, "{:9.3} {line}", self.started.elapsed().as_secs_f64());
    }

    /// That something is as it must not be.
    pub fn found(&self, what: &str) {
        self.note(&format!("FOUND {what}"));
        self.pages().findings.push(what.to_owned());
    }

    /// That a fault begins.
    pub fn trouble(&self, kind: &str, what: &str) -> Trouble<'_> {
        self.note(&format!("fault {kind}: {what}"));
        *self.pages().faults.entry(kind.to_owned()).or_default() += 1;
        self.troubles.fetch_add(1, Ordering::SeqCst);
        Trouble(self)
    }

    /// That a task ended. False where it ended before.
    pub fn ended(&self, task: u64, end: End, operation: &str) -> bool {
        self.note(&format!("{operation}: task {task} {end:?}"));
        let mut pages = self.pages();
        pages.waited = Duration::ZERO;
        if pages.ends.contains_key(&task) {
            return false;
        }
        pages.ends.insert(task, (end, operation.to_owned()));
        true
    }

    /// That so much time passed. It counts where no fault is in force and somebody waits.
    pub fn pass(&self, time: Duration) {
        let calm = self.troubles.load(Ordering::SeqCst) == 0;
        let mut pages = self.pages();
        if calm && pages.open > 0 {
            pages.waited += time;
            pages.stall = pages.stall.max(pages.waited);
        }
    }
}
