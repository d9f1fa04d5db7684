//! The solver's steps, one after the other, each by the functions of the store.

use std::collections::HashMap;
use std::path::Path;

use alloy::primitives::{Address, B256, Signature, U256};
use ayumi_chain::Signed;
use ayumi_solver::store::{self, Deployment, Due, NEVER, Outgoing, Receipted, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::world::{Delivery, FINALITY, Payload, View, World, prepared};
use crate::{SOLVER, Seed};

/// Seconds before a deadline from which on no key is shown.
pub const MARGIN_S: u64 = 10;

/// Blocks that are read at once.
const BLOCKS: u64 = 3;

/// Tasks in one transaction.
const BATCH: usize = 2;

/// Transactions in flight.
const WINDOW: usize = 3;

/// Ticks of the clock until a transaction is sent again.
const SEND_AGAIN: u64 = 3;

/// Where the process may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    KeyDrawn,
    KeyStored,
    Read,
    Concluded,
    Signed,
    Posted,
    Sent,
}

/// The line to the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Open,
    /// What is sent never arrives.
    Cut,
    /// It arrives, and no answer comes back.
    Deaf,
}

/// It ended.
pub struct Crash;

type Step<T = ()> = Result<T, Crash>;

pub struct Solver {
    folder: TempDir,
    store: Option<Store>,
    pub seed: Seed,
    pub clock: u64,
    keys: u64,
    /// When transactions were last sent, by nonce.
    sent: HashMap<u64, u64>,
    /// The nonces of all that was ever sent: known to the test alone.
    history: HashMap<B256, u64>,
    pub crash: Option<Point>,
    pub line: Line,
}

impl Solver {
    pub fn new(seed: Seed) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            TempDir::new_in(memory)
        } else {
            TempDir::new()
        };
        let mut solver = Self {
            folder: folder.unwrap(),
            store: None,
            seed,
            clock: 0,
            keys: 0,
            sent: HashMap::new(),
            history: HashMap::new(),
            crash: None,
            line: Line::Open,
        };
        solver.restart();
        solver
    }

    /// Begins with what the store has, and nothing else.
    pub fn restart(&mut self) {
        self.crash = None;
        self.sent.clear();
        let make = self.store.take().is_none();
        let deployment = Deployment {
            chain_id: 1,
            genesis: B256::ZERO,
            operator: Address::ZERO,
            solver: SOLVER,
        };
        let path = self.folder.path().join("solver.db");
        self.store = Some(Store::open(&path, deployment, make).unwrap());
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.as_ref().unwrap().with(work).await.unwrap()
    }

    fn at(&mut self, point: Point) -> Step {
        if self.crash == Some(point) {
            Err(Crash)
        } else {
            Ok(())
        }
    }

    /// Serves a task's delivery.
    pub async fn draw(&mut self, world: &mut World, task: u64) -> Step {
        let Some(job) = self.run(move |db| store::job(db, task, SOLVER)).await else {
            return Ok(());
        };
        if job.task.ending.as_deref() == Some("vanished") {
            return Ok(());
        }
        let drawn = match job.prepared {
            Some(drawn) => drawn,
            None => self.draw_key(&job.task).await?,
        };
        world.serve(&job.task, &drawn);
        Ok(())
    }

    async fn draw_key(&mut self, task: &store::Task) -> Step<store::Prepared> {
        self.keys += 1;
        let drawn = prepared(U256::from(self.keys).to_be_bytes());
        self.at(Point::KeyDrawn)?;
        let (stored, id, key) = (drawn.clone(), task.id, task.one_time_key);
        assert!(
            self.run(move |db| store::prepare(db, id, &key, &stored))
                .await
        );
        self.at(Point::KeyStored)?;
        Ok(drawn)
    }

    /// Serves a delivery, and takes the receipt for it.
    pub async fn receive(&mut self, world: &mut World, task: u64) -> Step {
        self.draw(world, task).await?;
        let job = self.run(move |db| store::job(db, task, SOLVER)).await;
        if let Some(job) = job.filter(|job| job.task.ending.is_none()) {
            let receipt = Signature::new(U256::ONE, U256::ONE, true);
            let root = job.prepared.as_ref().map(|drawn| drawn.ciphertext_root);
            let root = root.expect("it was just drawn");
            self.run(move |db| store::receive(db, task, root, &receipt))
                .await;
            world.sign_receipt(&job.task);
        }
        Ok(())
    }

    /// One look at everything.
    pub async fn turn(&mut self, world: &mut World) -> Step {
        if !self.read(world).await? {
            return Ok(());
        }
        self.follow(world).await?;
        self.fill_gaps(world).await?;
        self.send_due(world).await
    }

    /// Whether all was read.
    async fn read(&mut self, world: &World) -> Step<bool> {
        loop {
            let cursor = self.run(store::cursor).await;
            let head = world.head();
            match cursor {
                Some(cursor) if cursor.number > head => return Ok(false),
                Some(cursor) if cursor.number == head && cursor == world.cursor(head) => {
                    return Ok(true);
                }
                Some(cursor) if cursor != world.cursor(cursor.number) => {
                    self.go_back(world, cursor.number).await;
                }
                _ => {
                    let from = cursor.map_or(0, |it| it.number + 1);
                    self.advance(world, from).await;
                }
            }
            self.at(Point::Read)?;
        }
    }

    async fn advance(&mut self, world: &World, from: u64) {
        let settled = settled(world.head()).unwrap_or(0);
        // Each block that a reorg can take back is read alone: then there is a checkpoint before it.
        let mut to = world.head().min(from + BLOCKS - 1);
        if self.seed != Seed::ReadBeyondSettled {
            to = to.min(settled.max(from));
        }
        let mut logs = world.view().logs;
        logs.retain(|log| (from..=to).contains(&log.block));
        let cursor = world.cursor(to);
        self.run(move |db| store::advance(db, &logs, cursor, settled))
            .await;
    }

    async fn go_back(&mut self, world: &World, read: u64) {
        let same = self.run(store::checkpoints).await;
        let same = same
            .into_iter()
            .filter(|it| it.number <= world.head())
            .find(|it| *it == world.cursor(it.number));
        let settled = settled(read).unwrap_or(0);
        let same = same.filter(|it| it.number >= settled);
        let same = same.expect("it halts, and the chain took back nothing that was final");
        self.run(move |db| store::go_back(db, same)).await;
    }

    /// Looks after the transactions in flight.
    async fn follow(&mut self, world: &mut World) -> Step {
        let flying = self.run(store::outbox).await;
        let view = world.view();
        for outgoing in flying {
            let sent = self.sent.get(&outgoing.nonce);
            let is_recent = sent.is_some_and(|when| self.clock - when < SEND_AGAIN);
            if outgoing.nonce < view.nonce {
                self.conclude(world.head(), &view, outgoing).await?;
            } else if !is_recent {
                self.send_again(world, outgoing).await?;
            }
        }
        Ok(())
    }

    /// Its nonce is used. In place of another transaction's block stands the newest one, so that it comes back with a
    /// reorg.
    async fn conclude(&mut self, head: u64, view: &View, outgoing: Outgoing) -> Step {
        let (nonce, now) = (outgoing.nonce, self.clock);
        let mined = outgoing
            .attempts
            .iter()
            .find_map(|signed| view.mined.get(&signed.hash).copied());
        self.sent.remove(&nonce);
        self.at(Point::Concluded)?;
        let forgets = mined.is_none() && self.seed == Seed::ForgetReplaced;
        self.run(move |db| {
            store::pause(db, &store::tasks_of(db, nonce)?, now)?;
            if forgets {
                forget(db, nonce)
            } else {
                store::mined(db, nonce, mined.unwrap_or(head))
            }
        })
        .await;
        Ok(())
    }

    async fn send_again(&mut self, world: &mut World, outgoing: Outgoing) -> Step {
        let nonce = outgoing.nonce;
        let last = outgoing.attempts.last().unwrap();
        let mut payload = Payload::of(last);
        if world.time >= outgoing.until {
            let is_newest = self.run(store::next_nonce).await == nonce + 1;
            if is_newest && self.seed == Seed::ForgetLate {
                self.sent.remove(&nonce);
                self.run(move |db| forget(db, nonce)).await;
                return Ok(());
            }
            payload.fee += 1;
            payload.deliveries.clear();
            let filler = payload.sign(nonce);
            let stored = filler.clone();
            self.run(move |db| store::fill(db, &stored, "nothing"))
                .await;
            return self.broadcast(world, filler).await;
        }
        if payload.fee >= world.fee {
            return self.broadcast(world, last.clone()).await;
        }
        payload.fee = world.fee;
        let dearer = payload.sign(nonce);
        let stored = dearer.clone();
        self.run(move |db| store::attempt(db, &stored)).await;
        self.broadcast(world, dearer).await
    }

    /// Nothing is mined while a nonce before it is not used: another transaction of this key may have gone in a reorg.
    async fn fill_gaps(&mut self, world: &mut World) -> Step {
        let flying = self.run(store::outbox).await;
        let flying: Vec<_> = flying.into_iter().map(|it| it.nonce).collect();
        let last = flying.last().copied().unwrap_or(0);
        for nonce in world.view().nonce..last {
            if self.seed != Seed::LeaveGaps && !flying.contains(&nonce) {
                self.send(world, nonce, NEVER, Vec::new(), Vec::new())
                    .await?;
            }
        }
        Ok(())
    }

    /// Reveals the keys that are due, as long as there is room in flight.
    async fn send_due(&mut self, world: &mut World) -> Step {
        let Some(settled) = settled(world.head()) else {
            return Ok(());
        };
        let due = Due {
            solver: SOLVER,
            settled,
            horizon: world.time + MARGIN_S,
            now: self.clock,
            limit: BATCH,
        };
        while self.run(store::outbox).await.len() < WINDOW {
            let receipted = self.run(move |db| store::deliverable(db, due)).await;
            if receipted.is_empty() {
                break;
            }
            self.deliver(world, receipted).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, world: &mut World, receipted: Vec<Receipted>) -> Step {
        let view = world.view();
        let (countable, others): (Vec<_>, Vec<_>) = receipted
            .into_iter()
            .partition(|it| world.counts(&view, &delivery(it)));
        let (others, now): (Vec<_>, _) = (others.iter().map(|it| it.task).collect(), self.clock);
        self.run(move |db| store::pause(db, &others, now)).await;
        let Some(until) = countable.iter().map(|it| it.deadline).min() else {
            return Ok(());
        };
        let nonce = match self.seed {
            Seed::NonceFromPendingCount => world.pending_nonce(),
            _ => view.nonce.max(self.run(store::next_nonce).await),
        };
        let tasks = countable.iter().map(|it| it.task).collect();
        let deliveries = countable.iter().map(delivery).collect();
        self.send(world, nonce, until - MARGIN_S, deliveries, tasks)
            .await
    }

    /// Signs, stores, then sends.
    async fn send(
        &mut self,
        world: &mut World,
        nonce: u64,
        until: u64,
        deliveries: Vec<Delivery>,
        tasks: Vec<u64>,
    ) -> Step {
        let payload = Payload {
            fee: world.fee,
            deliveries,
            is_foreign: false,
        };
        let signed = payload.sign(nonce);
        self.at(Point::Signed)?;
        let outgoing = Outgoing {
            nonce,
            what: String::new(),
            until,
            attempts: vec![signed.clone()],
        };
        if self.seed == Seed::SendBeforeStore {
            self.broadcast(world, signed.clone()).await?;
        }
        self.run(move |db| store::post(db, &outgoing, &tasks)).await;
        self.at(Point::Posted)?;
        self.broadcast(world, signed).await
    }

    async fn broadcast(&mut self, world: &mut World, signed: Signed) -> Step {
        self.sent.insert(signed.nonce, self.clock);
        self.history.insert(signed.hash, signed.nonce);
        let nonce = signed.nonce;
        if self.line != Line::Cut {
            world.take(signed);
        }
        self.at(Point::Sent)?;
        if self.line == Line::Open {
            self.run(move |db| store::shown(db, nonce)).await;
        }
        Ok(())
    }

    /// What was sent and may still be mined, as nonces before `settled` are used for good.
    pub async fn check_stored(&self, settled: u64) {
        let stored = self.run(|db| {
            let mut rows = db.prepare_cached("SELECT hash, nonce FROM attempt")?;
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?));
            let rows = rows.query_map([], row)?;
            Ok(rows.collect::<Result<HashMap<_, u64>, _>>()?)
        });
        let stored = stored.await;
        for (hash, nonce) in self.history.iter().filter(|(_, nonce)| **nonce >= settled) {
            assert_eq!(
                stored.get(&hash.0),
                Some(nonce),
                "a transaction of nonce {nonce} was sent, and may be mined, and is not stored"
            );
        }
    }

    pub async fn is_idle(&self) -> bool {
        self.run(store::outbox).await.is_empty()
    }
}

fn settled(head: u64) -> Option<u64> {
    head.checked_sub(FINALITY)
}

fn delivery(receipted: &Receipted) -> Delivery {
    Delivery {
        task: receipted.task,
        key: *receipted.prepared.key.as_bytes(),
        is_signed: receipted.receipt.r() != U256::ZERO,
    }
}

/// What the store itself never does: what was sent may still be mined.
fn forget(db: &Connection, nonce: u64) -> store::Result<()> {
    db.execute("DELETE FROM outbox WHERE nonce = ?1", [nonce])?;
    Ok(())
}
