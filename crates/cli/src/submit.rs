//! Transactions of one account: one at a time, each in the journal before it is sent.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, keccak256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::SolEvent;
use ayumi_chain::{Broadcast, Call, Chain, Sender, Signed};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, TaskError};
use crate::session::Session;
use crate::state::{self, Entry, Store};

/// How long a transaction is waited for, until the user is asked to come back.
const MINED_WITHIN: Duration = Duration::from_mins(10);

/// How often the same bytes are sent again, in case the node's pool lost them.
const SEND_AGAIN: Duration = Duration::from_secs(5);

/// Refusals that nobody can explain, until one is taken at its word.
const REFUSALS: usize = 3;

/// Foreign transactions of the account that may take our nonce, until we give up.
const NONCES: usize = 5;

/// What a transaction is for. Two commands with the same intent want one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// For people: `buy 2 of 3-17`.
    action: String,
    /// Of the action with all its details.
    key: B256,
}

impl Intent {
    /// An action with the details that make it another.
    ///
    /// # Panics
    ///
    /// If the details cannot be written as JSON: a map without string keys.
    pub fn new(action: impl Into<String>, details: &impl Serialize) -> Self {
        let action = action.into();
        let details = serde_json::to_string(details).expect("details are plain structures");
        let key = keccak256([action.as_bytes(), &[0], details.as_bytes()].concat());
        Self { action, key }
    }

    /// Of the action with all its details.
    pub fn key(&self) -> B256 {
        self.key
    }
}

/// The account's turn to send: no other command of it does, and what an earlier one left behind has ended.
#[derive(Debug)]
pub struct Turn<'a> {
    session: &'a Session,
    sender: Sender,
    intent: Intent,
    adopted: Option<TransactionReceipt>,
    gas: u64,
    lock: File,
}

/// A transaction that was mined. It stays in the journal until its result is recorded.
#[derive(Debug)]
#[must_use]
pub struct Mined {
    /// With the events.
    pub receipt: TransactionReceipt,
    forget: Vec<PathBuf>,
    lock: File,
}

/// The result of a flow, with the transaction behind it, if one was needed.
#[derive(Debug)]
#[must_use]
pub struct Sent<T> {
    /// What came of it.
    pub result: T,
    /// To be [recorded](Mined::recorded) when the result is.
    pub mined: Option<Mined>,
}

enum End {
    Mined(Box<TransactionReceipt>),
    /// Another transaction of the account has its nonce, for good.
    Replaced,
}

impl<T> Sent<T> {
    /// Forgets this file when the result is recorded; at once, if it is already.
    pub(crate) fn forgetting(self, path: PathBuf) -> Result<Self> {
        let Self { result, mined } = self;
        if mined.is_none() {
            state::remove(&path)?;
        }
        let mined = mined.map(|mined| mined.forgetting(path));
        Ok(Self { result, mined })
    }

    /// The result; its transaction is over and done with.
    pub fn recorded(self) -> T {
        self.mined.into_iter().for_each(Mined::recorded);
        self.result
    }
}

impl Mined {
    /// Forgets the transaction: its result is recorded or printed.
    pub fn recorded(self) {
        for path in &self.forget {
            // What stays is taken up by the next command, which finds it mined.
            let _ = state::remove(path);
        }
        drop(self.lock);
    }

    /// Forgets this file too, then.
    pub(crate) fn forgetting(mut self, path: PathBuf) -> Self {
        self.forget.push(path);
        self
    }

    /// The event that the transaction must have emitted at `contract`.
    pub fn event<E: SolEvent>(&self, contract: Address) -> Result<E> {
        let mut logs = self
            .receipt
            .logs()
            .iter()
            .filter(|log| log.address() == contract);
        let event = logs.find_map(|log| E::decode_log(&log.inner).ok());
        let event = event.map(|log| log.data);
        event.ok_or_else(|| TaskError::NoEvent(self.hash()).into())
    }

    /// Of the transaction.
    pub fn hash(&self) -> B256 {
        self.receipt.transaction_hash
    }
}

impl Session {
    /// Waits for the account's turn, and sees what an interrupted command sent through to its end.
    pub async fn turn(&self, intent: Intent) -> Result<Turn<'_>> {
        let lock = self.store()?.lock().await?;
        let sender = Sender::new(self.chain().clone(), self.wallet()?.clone());
        let mut turn = Turn {
            session: self,
            sender,
            intent,
            adopted: None,
            gas: 0,
            lock,
        };
        turn.take_up().await?;
        Ok(turn)
    }

    /// Sends one call as this intent, or takes up what an interrupted command with the same intent sent.
    pub async fn send(&self, intent: Intent, call: &Call) -> Result<Mined> {
        self.turn(intent).await?.send(call).await
    }
}

impl Turn<'_> {
    /// Whether an interrupted command with the same intent has sent the transaction already.
    pub fn is_adopted(&self) -> bool {
        self.adopted.is_some()
    }

    /// Allows at least this much gas, for a call that may do more in the next block than it would on the newest.
    #[must_use]
    pub fn allowing(self, gas: u64) -> Self {
        Self { gas, ..self }
    }

    /// Simulates, signs, stores, sends, and waits until the transaction is final; or takes up the adopted one.
    pub async fn send(mut self, call: &Call) -> Result<Mined> {
        if let Some(receipt) = self.adopted.take() {
            return Ok(self.mined(receipt));
        }
        for _ in 0..NONCES {
            if let End::Mined(receipt) = self.send_once(call).await? {
                return Ok(self.mined(*receipt));
            }
            self.session
                .observer()
                .note("another transaction of the account took the nonce; signing anew");
        }
        Err(TaskError::NonceTaken.into())
    }

    async fn send_once(&self, call: &Call) -> Result<End> {
        let gas = self.sender.estimate(call).await?.max(self.gas);
        let nonce = self.sender.nonce(BlockNumberOrTag::Pending).await?;
        let signed = self.sender.sign(call, nonce, gas).await?;
        let journal = self.session.store()?.journal();
        state::write_json(&journal, &Entry::new(self.intent.clone(), &signed))?;
        let end = self.see_through(&signed).await;
        if matches!(end, Ok(End::Replaced) | Err(Error::Chain(_))) && !is_open(&end) {
            state::remove(&journal)?;
        }
        end
    }

    /// Ends what the journal has: adopts it if it is what this command is for.
    async fn take_up(&mut self) -> Result<()> {
        let journal = self.session.store()?.journal();
        let Some(entry) = state::read_json::<Entry>(&journal)? else {
            return Ok(());
        };
        let signed = entry.signed();
        let what = &entry.intent.action;
        let note = |text: String| self.session.observer().note(&text);
        let again = entry.intent == self.intent;
        let doing = if again {
            "taking up what an interrupted command sent"
        } else {
            "an interrupted command is finished first"
        };
        note(format!("{doing}: {what} (transaction {})", signed.hash));
        match self.see_through(&signed).await {
            Ok(End::Mined(receipt)) if again => {
                self.adopted = Some(*receipt);
                return Ok(());
            }
            Ok(End::Mined(_)) => note(format!("done: {what}")),
            Ok(End::Replaced) => note(format!(
                "not done, another transaction took its nonce: {what}"
            )),
            end if is_open(&end) => return end.map(|_| ()),
            Err(error) => note(format!("not done, {error}: {what}")),
        }
        state::remove(&journal)?;
        Ok(())
    }

    /// Sends the very bytes, again and again, until they are mined or never can be.
    async fn see_through(&self, signed: &Signed) -> Result<End> {
        let chain = self.session.chain();
        let started = Instant::now();
        let mut sent: Option<Instant> = None;
        let (mut accepted, mut used, mut refusals) = (false, false, 0);
        self.session
            .observer()
            .step("waiting for the transaction to be mined");
        loop {
            if sent.is_none_or(|sent| sent.elapsed() > SEND_AGAIN) {
                match self.sender.broadcast(signed).await {
                    Broadcast::Accepted => (accepted, refusals) = (true, 0),
                    Broadcast::NonceUsed => used = true,
                    Broadcast::Refused(error) if !accepted => return Err(error.into()),
                    Broadcast::Refused(error) | Broadcast::Unknown(error) => {
                        refusals += 1;
                        if refusals >= REFUSALS {
                            return Err(error.into());
                        }
                    }
                }
                sent = Some(Instant::now());
            }
            if let Some(receipt) = self.sender.receipt(signed.hash).await? {
                return ended(receipt);
            }
            if used && self.is_replaced(chain, signed).await? {
                return Ok(End::Replaced);
            }
            let waited = started.elapsed();
            if waited > MINED_WITHIN {
                return Err(TaskError::NotMined {
                    hash: signed.hash,
                    seconds: waited.as_secs(),
                }
                .into());
            }
            tokio::time::sleep(chain.network().poll()).await;
        }
    }

    /// Whether the nonce was used in a final block, and not by this transaction.
    async fn is_replaced(&self, chain: &Chain, signed: &Signed) -> Result<bool> {
        let Some(head) = chain.final_head().await? else {
            return Ok(false);
        };
        let used = self.sender.nonce(head.number.into()).await?;
        Ok(used > signed.nonce && self.sender.receipt(signed.hash).await?.is_none())
    }

    fn mined(self, receipt: TransactionReceipt) -> Mined {
        let journal = self.session.store().map(Store::journal);
        Mined {
            receipt,
            forget: journal.into_iter().collect(),
            lock: self.lock,
        }
    }
}

fn ended(receipt: TransactionReceipt) -> Result<End> {
    if receipt.status() {
        return Ok(End::Mined(Box::new(receipt)));
    }
    Err(ayumi_chain::Error::Failed {
        hash: receipt.transaction_hash,
    }
    .into())
}

/// Whether the transaction may still be mined, as far as anybody knows.
fn is_open(end: &Result<End>) -> bool {
    use ayumi_chain::Error as Chain;
    match end {
        Ok(_)
        | Err(Error::Chain(
            Chain::Failed { .. }
            | Chain::Funds { .. }
            | Chain::NotPermitted { .. }
            | Chain::WrongChain { .. },
        )) => false,
        Err(_) => true,
    }
}
