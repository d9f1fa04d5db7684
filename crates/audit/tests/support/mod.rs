//! A chain that exists on paper only: the logs that the contracts would write, block by block.

#![allow(dead_code, missing_docs)] // each test takes what it needs

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, LogData, U256, keccak256};
use alloy::sol_types::SolEvent;
use ayumi_audit::Deployment;
use ayumi_chain::{Contracts, Entry, Head};
use ayumi_contracts::ICTIOperator as O;
use ayumi_contracts::ICTIToken as T;
use ayumi_contracts::IConsortium as C;
use ayumi_contracts::IERC1155::TransferSingle;
use ayumi_contracts::ProductId;

pub const CONTRACTS: Contracts = Contracts {
    consortium: Address::repeat_byte(0xc0),
    token: Address::repeat_byte(0x70),
    operator: Address::repeat_byte(0x0b),
};

pub const DEPLOYMENT: Deployment = Deployment {
    chain_id: 31_337,
    genesis: B256::repeat_byte(1),
    contracts: CONTRACTS,
};

/// 2026-01-05, a Monday.
pub const START: u64 = 1_767_571_200;

/// A block, and what was logged in it.
#[derive(Debug, Clone)]
pub struct Block {
    pub head: Head,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct Town {
    /// Sets the hashes of one branch apart from those of another.
    pub branch: u8,
    pub number: u64,
    pub at: u64,
    entries: Vec<Entry>,
    transactions: u64,
    organisations: u32,
    pub accounts: Vec<Address>,
    published: BTreeMap<usize, u32>,
    products: BTreeMap<U256, Address>,
    pub tasks: BTreeMap<u64, (U256, Address)>,
}

impl Default for Town {
    fn default() -> Self {
        Self {
            branch: 0,
            number: 1,
            at: START,
            entries: Vec::new(),
            transactions: 0,
            organisations: 0,
            accounts: Vec::new(),
            published: BTreeMap::new(),
            products: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }
}

impl Town {
    /// Ends the block; the next comes so many seconds later.
    pub fn block(&mut self, seconds: u64) -> Block {
        let head = self.head();
        let mut entries = std::mem::take(&mut self.entries);
        for entry in &mut entries {
            entry.block_hash = head.hash;
        }
        self.number += 1;
        self.at += seconds;
        Block { head, entries }
    }

    fn head(&self) -> Head {
        let hash = keccak256([&self.number.to_be_bytes()[..], &[self.branch]].concat());
        Head {
            number: self.number,
            hash,
            timestamp: self.at,
        }
    }

    /// What is logged from here on is of another transaction.
    pub fn transaction(&mut self) -> B256 {
        self.transactions += 1;
        self.hash()
    }

    fn hash(&self) -> B256 {
        keccak256(
            [
                &self.transactions.to_be_bytes()[..],
                &[self.branch],
                b"transaction",
            ]
            .concat(),
        )
    }

    fn log(&mut self, address: Address, data: LogData) {
        let entry = Entry {
            block: self.number,
            block_hash: B256::ZERO,
            timestamp: self.at,
            index: self.entries.len() as u64,
            transaction: self.hash(),
            log: alloy::primitives::Log { address, data },
        };
        self.entries.push(entry);
    }

    fn consortium(&mut self, event: &impl SolEvent) {
        self.log(CONTRACTS.consortium, event.encode_log_data());
    }

    fn token(&mut self, event: &impl SolEvent) {
        self.log(CONTRACTS.token, event.encode_log_data());
    }

    fn operator(&mut self, event: &impl SolEvent) {
        self.log(CONTRACTS.operator, event.encode_log_data());
    }

    fn moved(&mut self, from: Address, to: Address, id: U256, value: u64) {
        let operator = if from.is_zero() { to } else { from };
        self.token(&TransferSingle {
            operator,
            from,
            to,
            id,
            value: U256::from(value),
        });
    }

    pub fn organisation(&mut self, name: &str) -> u32 {
        self.transaction();
        self.organisations += 1;
        self.consortium(&C::OrganisationAdded {
            organisation: self.organisations,
            name: name.into(),
        });
        self.organisations
    }

    /// Returns the account's place, from 0; its number is one more.
    pub fn enrol(&mut self, organisation: u32, team: &str) -> usize {
        self.transaction();
        let place = self.accounts.len();
        let account = Address::from_slice(&keccak256(place.to_be_bytes())[12..]);
        self.accounts.push(account);
        let number = u32::try_from(place + 1).unwrap();
        let number = alloy::primitives::Uint::<24, 1>::from(number);
        self.consortium(&C::AccountEnrolled {
            account,
            organisation,
            number,
            team: label(team),
        });
        place
    }

    pub fn assign(&mut self, account: usize, team: &str) {
        self.transaction();
        let account = self.accounts[account];
        self.consortium(&C::TeamAssigned {
            account,
            team: label(team),
        });
    }

    pub fn publish(&mut self, producer: usize, price: u64, actions: u16) -> U256 {
        self.transaction();
        let count = self.published.entry(producer).or_default();
        *count += 1;
        let id = ProductId {
            producer: u32::try_from(producer + 1).unwrap(),
            sequence: *count,
        };
        let (product, address): (U256, _) = (id.into(), self.accounts[producer]);
        self.products.insert(product, address);
        let listing = T::Listing {
            contentRoot: keccak256(id.to_string()),
            length: 1_000,
            price: alloy::primitives::Uint::from(price),
            stock: 1_000_000,
            rewardBps: 0,
            solver: Address::repeat_byte(0x50),
            noteKey: B256::repeat_byte(7),
            uuid: alloy::primitives::B128::ZERO,
            context: T::Context {
                validFrom: alloy::primitives::Uint::ZERO,
                validUntil: alloy::primitives::Uint::ZERO,
                level: T::Level::Intelligence,
                tlp: T::Tlp::Green,
                pap: T::Pap::Green,
                commercialUse: T::CommercialUse::Allowed,
                audience: 1,
                directions: 1,
                controlPoints: 1,
                actions,
                category: 3,
            },
            title: format!("Product {id}"),
            description: String::new(),
        };
        self.token(&T::ProductPublished {
            product,
            producer: address,
            listing,
        });
        product
    }

    pub fn revise(&mut self, product: U256, next: U256) {
        self.token(&T::ProductRevised { product, next });
    }

    pub fn buy(&mut self, product: U256, consumer: usize, quantity: u32) -> B256 {
        let hash = self.transaction();
        let consumer = self.accounts[consumer];
        self.token(&T::TicketsBought {
            product,
            consumer,
            quantity,
        });
        self.moved(Address::ZERO, consumer, product, quantity.into());
        hash
    }

    pub fn refund(&mut self, product: U256, consumer: usize, quantity: u32) {
        self.transaction();
        let consumer = self.accounts[consumer];
        self.moved(consumer, Address::ZERO, product, quantity.into());
        self.token(&T::TicketsRefunded {
            product,
            consumer,
            quantity,
        });
    }

    pub fn hand_over(&mut self, product: U256, from: usize, to: usize) -> B256 {
        let hash = self.transaction();
        self.moved(self.accounts[from], self.accounts[to], product, 1);
        hash
    }

    pub fn collect(&mut self, account: usize, recipient: usize) -> B256 {
        let hash = self.transaction();
        let (account, recipient) = (self.accounts[account], self.accounts[recipient]);
        self.token(&T::Collected {
            account,
            recipient,
            amount: U256::from(1),
        });
        hash
    }

    pub fn request(&mut self, product: U256, consumer: usize) -> u64 {
        self.transaction();
        let task = self.tasks.len() as u64 + 1;
        let consumer = self.accounts[consumer];
        self.tasks.insert(task, (product, consumer));
        self.moved(consumer, CONTRACTS.operator, product, 1);
        self.operator(&O::TaskRequested {
            task: U256::from(task),
            product,
            consumer,
            oneTimeKey: keccak256(task.to_be_bytes()),
            nonce: keccak256([&task.to_be_bytes()[..], b"nonce"].concat()),
            deadline: u32::try_from(self.at + 3_600).unwrap(),
        });
        self.moved(CONTRACTS.operator, Address::ZERO, product, 1);
        task
    }

    pub fn deliver(&mut self, task: u64) {
        self.transaction();
        let (root, key) = (keccak256([1]), keccak256(task.to_be_bytes()));
        self.operator(&O::TaskDelivered {
            task: U256::from(task),
            ciphertextRoot: root,
            key,
        });
    }

    pub fn settle(&mut self, task: u64, price: u64, reward: u64) {
        self.transaction();
        let (product, consumer) = self.tasks[&task];
        let producer = self.products[&product];
        for (account, amount) in [(producer, price - reward), (consumer, reward)] {
            if amount > 0 {
                self.token(&T::Credited {
                    account,
                    amount: U256::from(amount),
                });
            }
        }
        self.operator(&O::TaskSettled {
            task: U256::from(task),
            reward: U256::from(reward),
        });
    }

    pub fn decline(&mut self, task: u64) {
        self.transaction();
        let (product, consumer) = self.tasks[&task];
        self.operator(&O::TaskDeclined {
            task: U256::from(task),
            reason: O::DeclineReason::AssetMissing,
        });
        self.moved(Address::ZERO, consumer, product, 1);
    }

    pub fn cancel(&mut self, task: u64) {
        self.transaction();
        let (product, consumer) = self.tasks[&task];
        self.operator(&O::TaskCancelled {
            task: U256::from(task),
        });
        self.moved(Address::ZERO, consumer, product, 1);
    }

    pub fn complain(&mut self, task: u64, price: u64) {
        self.transaction();
        let (_, consumer) = self.tasks[&task];
        self.token(&T::Credited {
            account: consumer,
            amount: U256::from(price),
        });
        self.operator(&O::TaskRefunded {
            task: U256::from(task),
            index: 0,
        });
    }

    pub fn feedback(&mut self, task: u64, actions: u16, usefulness: u8, note: B256) -> B256 {
        let hash = self.transaction();
        let outcome = if actions == 0 {
            O::Outcome::FalsePositive
        } else {
            O::Outcome::TruePositive
        };
        let feedback = O::Feedback {
            actions,
            outcome,
            usefulness,
        };
        self.operator(&O::FeedbackGiven {
            task: U256::from(task),
            feedback,
            noteHash: note,
        });
        hash
    }

    pub fn answer(&mut self, task: u64, note: B256) -> B256 {
        let hash = self.transaction();
        self.operator(&O::FeedbackAnswered {
            task: U256::from(task),
            response: O::Response::WillRevise,
            noteHash: note,
        });
        hash
    }
}

fn label(text: &str) -> B256 {
    let mut label = B256::ZERO;
    label.0[..text.len()].copy_from_slice(text.as_bytes());
    label
}
