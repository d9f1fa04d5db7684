//! A chain with a pool, and consumers.

use std::collections::{BTreeMap, HashMap, HashSet};

use alloy::primitives::{B256, U256, keccak256};
use ayumi_chain::{Cursor, Signed};
use ayumi_sealing::{Key, PublicKey};
use ayumi_solver::store::{Change, Logged, Prepared, Product, Task};
use serde::{Deserialize, Serialize};

use crate::{PRODUCT, SOLVER};

/// Blocks on top of one until it is final.
pub const FINALITY: u64 = 2;

/// Seconds from a request to its deadline.
const PERIOD_S: u64 = 100;

/// What the solver's account signs: deliveries, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    pub fee: u64,
    pub deliveries: Vec<Delivery>,
    /// Not by this solver, but with its key.
    pub is_foreign: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub task: u64,
    pub key: [u8; 32],
    /// With a signature; otherwise the receipt is on chain.
    pub is_signed: bool,
}

impl Payload {
    pub fn sign(&self, nonce: u64) -> Signed {
        let raw = serde_json::to_vec(&(nonce, self)).unwrap();
        Signed {
            nonce,
            hash: keccak256(&raw),
            raw: raw.into(),
        }
    }

    pub fn of(signed: &Signed) -> Self {
        let (_, payload): (u64, Self) = serde_json::from_slice(&signed.raw).unwrap();
        payload
    }
}

/// What is in blocks.
#[derive(Debug, Clone)]
enum Transaction {
    Redeem { consumer: u64 },
    Acknowledge { task: u64, consumer: u64 },
    Solver(Signed),
}

struct Block {
    hash: B256,
    timestamp: u64,
    transactions: Vec<Transaction>,
}

/// A task on chain.
#[derive(Debug, Clone)]
pub struct OnChain {
    pub consumer: u64,
    pub deadline: u64,
    pub is_acknowledged: bool,
    pub deliveries: u32,
}

/// What a chain comes to.
#[derive(Default)]
pub struct View {
    /// Transactions of the solver's account.
    pub nonce: u64,
    pub tasks: BTreeMap<u64, OnChain>,
    pub logs: Vec<Logged>,
    /// In which block the solver's transactions are.
    pub mined: HashMap<B256, u64>,
}

pub struct World {
    blocks: Vec<Block>,
    /// The highest head that there ever was.
    highest: u64,
    /// Blocks so far, those of other forks too.
    made: u64,
    pub time: u64,
    /// What the next block asks for.
    pub fee: u64,
    /// Of consumers.
    waiting: Vec<Transaction>,
    /// Of the solver's account.
    pub pool: BTreeMap<u64, Signed>,
    /// The keys that a consumer's deliveries of a task were encrypted with.
    served: HashMap<(u64, u64), [u8; 32]>,
    /// Which receipts were signed and taken.
    receipts: HashSet<(u64, u64)>,
}

impl World {
    pub fn new() -> Self {
        let mut world = Self {
            blocks: Vec::new(),
            highest: 0,
            made: 0,
            time: 1_000,
            fee: 1,
            waiting: Vec::new(),
            pool: BTreeMap::new(),
            served: HashMap::new(),
            receipts: HashSet::new(),
        };
        world.push(Vec::new());
        world
    }

    pub fn head(&self) -> u64 {
        self.blocks.len() as u64 - 1
    }

    pub fn cursor(&self, number: u64) -> Cursor {
        let hash = self.blocks[usize::try_from(number).unwrap()].hash;
        Cursor { number, hash }
    }

    fn push(&mut self, transactions: Vec<Transaction>) {
        self.made += 1;
        self.blocks.push(Block {
            hash: B256::from(U256::from(self.made)),
            timestamp: self.time,
            transactions,
        });
        self.highest = self.highest.max(self.head());
        let nonce = self.view().nonce;
        self.pool.retain(|pooled, _| *pooled >= nonce);
    }

    /// A block of the consumers' transactions, or without them, and of so many of the solver's account.
    pub fn mine(&mut self, with_consumers: bool, solver: u64, solver_first: bool) {
        let consumers = if with_consumers {
            std::mem::take(&mut self.waiting)
        } else {
            Vec::new()
        };
        let nonce = self.view().nonce;
        let solver = (nonce..nonce + solver)
            .map_while(|nonce| self.pool.get(&nonce).cloned())
            .map(Transaction::Solver);
        let transactions = if solver_first {
            solver.chain(consumers).collect()
        } else {
            consumers.into_iter().chain(solver).collect()
        };
        self.push(transactions);
    }

    /// Takes blocks off that are not final. Their transactions wait again, or are gone for good.
    pub fn reorg(&mut self, depth: u64, keeps_consumers: bool, keeps_solver: bool) {
        let settled = self.highest.saturating_sub(FINALITY);
        let depth = depth.min(self.head().saturating_sub(settled));
        let rest = usize::try_from(self.head() + 1 - depth).unwrap();
        let removed = self.blocks.split_off(rest);
        let (mut consumers, mut solver) = (Vec::new(), Vec::new());
        for transaction in removed.into_iter().flat_map(|block| block.transactions) {
            match transaction {
                Transaction::Solver(signed) => solver.push(signed),
                other => consumers.push(other),
            }
        }
        if keeps_consumers {
            consumers.append(&mut self.waiting);
            self.waiting = consumers;
        }
        for signed in solver.into_iter().filter(|_| keeps_solver) {
            self.pool.entry(signed.nonce).or_insert(signed);
        }
    }

    /// Takes a transaction of the solver's account, as nodes do: in place of another only if it offers more.
    pub fn take(&mut self, signed: Signed) {
        let fee = |signed: &Signed| Payload::of(signed).fee;
        let pooled = self.pool.get(&signed.nonce);
        let is_better = pooled.is_none_or(|pooled| fee(pooled) < fee(&signed));
        if signed.nonce >= self.view().nonce && is_better {
            self.pool.insert(signed.nonce, signed);
        }
    }

    /// What `eth_getTransactionCount` says of "pending".
    pub fn pending_nonce(&self) -> u64 {
        let mined = self.view().nonce;
        let pending = (mined..).take_while(|nonce| self.pool.contains_key(nonce));
        mined + pending.count() as u64
    }

    pub fn redeem(&mut self, consumer: u64) {
        self.waiting.push(Transaction::Redeem { consumer });
    }

    /// The consumer leaves its receipt on chain, if it was served.
    pub fn acknowledge(&mut self, task: u64) {
        if let Some(consumer) = self.served_consumer(task) {
            self.waiting
                .push(Transaction::Acknowledge { task, consumer });
        }
    }

    /// Whose the task is on the newest block, if it was served.
    fn served_consumer(&self, task: u64) -> Option<u64> {
        let consumer = self.view().tasks.get(&task)?.consumer;
        let is_served = self.served.contains_key(&(task, consumer));
        is_served.then_some(consumer)
    }

    /// The consumer is served. The key is the same each time.
    pub fn serve(&mut self, task: &Task, prepared: &Prepared) {
        let key = *prepared.key.as_bytes();
        let first = *self.served.entry((task.id, consumer(task))).or_insert(key);
        assert_eq!(first, key, "task {} was served with two keys", task.id);
    }

    /// The solver took the consumer's receipt.
    pub fn sign_receipt(&mut self, task: &Task) {
        self.receipts.insert((task.id, consumer(task)));
    }

    /// The open tasks that have a receipt, and a deadline after `horizon`.
    pub fn promised(&self, horizon: u64) -> Vec<u64> {
        let view = self.view();
        let promised = view.tasks.iter().filter(|(task, on_chain)| {
            let has_receipt =
                on_chain.is_acknowledged || self.receipts.contains(&(**task, on_chain.consumer));
            on_chain.deliveries == 0 && on_chain.deadline > horizon && has_receipt
        });
        promised.map(|(task, _)| *task).collect()
    }

    /// The nonces before this one are used for good.
    pub fn settled_nonce(&self) -> u64 {
        let settled = self.highest.checked_sub(FINALITY);
        settled.map_or(0, |settled| self.view_at(settled).nonce)
    }

    pub fn view(&self) -> View {
        self.view_at(self.head())
    }

    fn view_at(&self, head: u64) -> View {
        let mut view = View::default();
        for (number, block) in (0..=head).zip(&self.blocks) {
            if number == 0 {
                view.log(0, B256::ZERO, Change::Published(product()));
            }
            for transaction in &block.transactions {
                self.apply(&mut view, number, block.timestamp, transaction);
            }
        }
        view
    }

    fn apply(&self, view: &mut View, block: u64, now: u64, transaction: &Transaction) {
        match transaction {
            Transaction::Redeem { consumer } => view.redeem(block, now, *consumer),
            Transaction::Acknowledge { task, consumer } => {
                let key = self.served[&(*task, *consumer)];
                view.acknowledge(block, *task, *consumer, key);
            }
            Transaction::Solver(signed) => {
                view.nonce += 1;
                view.mined.insert(signed.hash, block);
                for delivery in Payload::of(signed).deliveries {
                    self.deliver(view, block, signed.hash, &delivery);
                }
            }
        }
    }

    fn deliver(&self, view: &mut View, block: u64, transaction: B256, delivery: &Delivery) {
        let task = delivery.task;
        let counts = self.counts(view, delivery);
        let Some(on_chain) = view.tasks.get_mut(&task) else {
            panic!("the key of task {task} is out before there is one");
        };
        if on_chain.deliveries > 0 {
            return;
        }
        assert!(counts, "the key of task {task} is out, and it is open");
        on_chain.deliveries += 1;
        let ending = "delivered";
        view.log(block, transaction, Change::Ended { task, ending });
    }

    /// Whether the contract takes a delivery.
    pub fn counts(&self, view: &View, delivery: &Delivery) -> bool {
        let Delivery {
            task,
            key,
            is_signed,
        } = delivery;
        view.tasks.get(task).is_some_and(|on_chain| {
            let consumer = (*task, on_chain.consumer);
            let has_receipt = if *is_signed {
                self.receipts.contains(&consumer)
            } else {
                on_chain.is_acknowledged
            };
            on_chain.deliveries == 0 && has_receipt && self.served.get(&consumer) == Some(key)
        })
    }
}

impl View {
    fn log(&mut self, block: u64, transaction: B256, change: Change) {
        self.logs.push(Logged {
            block,
            transaction,
            change,
        });
    }

    fn redeem(&mut self, block: u64, now: u64, consumer: u64) {
        let id = self.tasks.len() as u64 + 1;
        let deadline = now + PERIOD_S;
        let on_chain = OnChain {
            consumer,
            deadline,
            is_acknowledged: false,
            deliveries: 0,
        };
        self.tasks.insert(id, on_chain);
        let task = Task {
            id,
            product: PRODUCT,
            consumer: alloy::primitives::Address::left_padding_from(&consumer.to_be_bytes()),
            one_time_key: PublicKey(B256::from(U256::from(consumer))),
            deadline,
            ending: None,
        };
        self.log(block, B256::ZERO, Change::Requested(task));
    }

    fn acknowledge(&mut self, block: u64, task: u64, consumer: u64, key: [u8; 32]) {
        let open = |on_chain: &&mut OnChain| {
            on_chain.consumer == consumer && on_chain.deliveries == 0 && !on_chain.is_acknowledged
        };
        if let Some(on_chain) = self.tasks.get_mut(&task).filter(open) {
            on_chain.is_acknowledged = true;
            let Prepared {
                key,
                ciphertext_root,
            } = prepared(key);
            let acknowledged = Change::Acknowledged {
                task,
                ciphertext_root,
                key_hash: key.hash(),
            };
            self.log(block, B256::ZERO, acknowledged);
        }
    }
}

/// What is drawn with this key.
pub fn prepared(key: [u8; 32]) -> Prepared {
    Prepared {
        key: Key::from(key),
        ciphertext_root: keccak256(key),
    }
}

fn consumer(task: &Task) -> u64 {
    U256::from_be_bytes(task.one_time_key.0.0).to()
}

fn product() -> Product {
    Product {
        id: PRODUCT,
        producer: SOLVER,
        content_root: B256::ZERO,
        payload_length: 1,
        solver: SOLVER,
    }
}
