//! `use`: a ticket in, a file out.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alloy::primitives::{B256, U256};
use alloy::sol_types::SolValue;
use ayumi_chain::Call;
use ayumi_contracts::ICTIOperator::{State, TaskRequested};
use ayumi_contracts::{IERC1155, ProductId};
use ayumi_sealing::Seed;
use serde::{Deserialize, Serialize};

use super::choice::{Choice, choose};
use super::export::{ExportOptions, Exported};
use super::work::Payload;
use crate::error::{InputError, Result, TaskError};
use crate::listing;
use crate::read::{Catalogue, Product, Task, Tasks, Which, id};
use crate::session::Session;
use crate::state;
use crate::submit::{Intent, Sent};

/// How a product is used.
#[derive(Debug, Clone)]
pub struct UseOptions {
    /// Where to write; named after the MISP uuid, or else the product, where it is not said.
    pub file: Option<PathBuf>,
    /// Whether to write over another file.
    pub force: bool,
    /// The task to take up, whichever it would be.
    pub task: Option<U256>,
    /// Whether to spend another ticket although a delivery was written before.
    pub another: bool,
    /// Whether to buy a ticket where there is none.
    pub buy: bool,
    /// The most wei to buy it for.
    pub max_price: Option<U256>,
    /// How long to wait for the solver.
    pub wait: Duration,
    /// What to write beside the document.
    pub export: Option<ExportOptions>,
}

impl Default for UseOptions {
    fn default() -> Self {
        Self {
            file: None,
            force: false,
            task: None,
            another: false,
            buy: false,
            max_price: None,
            wait: Duration::from_mins(10),
            export: None,
        }
    }
}

/// A product that was used.
#[derive(Debug, Clone, Serialize)]
pub struct Used {
    /// The task.
    #[serde(serialize_with = "crate::text::as_text")]
    pub task: U256,
    /// Of which product.
    #[serde(serialize_with = "crate::text::as_text")]
    pub product: ProductId,
    /// Where the payload is.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// That it is byte for byte what the producer committed to: always, or there is an error instead.
    pub verified: bool,
    /// From the request's block to the delivery's.
    pub blocks: u64,
    /// From sending the request, or taking the task up, to the file.
    pub milliseconds: u64,
    /// What was written beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<Exported>,
}

/// That a task's payload was written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    file: PathBuf,
}

impl Session {
    /// Brings a product's payload into a file: takes up an open task, or fetches a delivered one that was never written, or
    /// writes again what was delivered and written before, or else redeems a ticket.
    pub async fn use_product(&self, product: ProductId, options: &UseOptions) -> Result<Used> {
        self.end_interrupted().await?;
        let product = Catalogue::product(self.chain(), product).await?;
        if product.producer == self.account()? {
            return Err(TaskError::OwnProduct(product.id).into());
        }
        let file = options
            .file
            .clone()
            .unwrap_or_else(|| default_file(&product));
        check_file(&file, &product, options.force)?;
        if let Some(export) = &options.export {
            check_export(&export.file(&file), options.force)?;
        }
        let started = Instant::now();
        let task = self.task_for(&product, options).await?;
        let payload = self.collect_task(&product, &task, options.wait).await?;
        self.write(&task, &file, &payload, options.force)?;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let export = options.export.as_ref();
        let export =
            export.map(|export| export.write(&product, &file, &payload.bytes, options.force));
        Ok(Used {
            task: task.id,
            product: product.id,
            file,
            bytes: payload.bytes.len() as u64,
            verified: true,
            blocks: payload.blocks,
            milliseconds,
            export: export.transpose()?,
        })
    }

    /// Spends a ticket on a new task.
    pub async fn redeem(&self, product: ProductId) -> Result<Sent<Task>> {
        self.observer().step("redeeming a ticket");
        let contracts = self.chain().contracts();
        let (wallet, nonce) = (self.wallet()?, B256::from(*Seed::random().as_bytes()));
        let one_time_key = wallet.one_time_key(self.scope(), nonce).public();
        let call = IERC1155::safeTransferFromCall {
            from: wallet.address(),
            to: contracts.operator,
            id: id(product),
            value: U256::ONE,
            data: (one_time_key.0, nonce).abi_encode().into(),
        };
        let intent = Intent::new(format!("use {product}"), &());
        let mined = self
            .send(intent, &Call::new(contracts.token, &call))
            .await?;
        let event: TaskRequested = mined.event(contracts.operator)?;
        let block = mined.receipt.block_number.unwrap_or(0);
        let task = Task::of(&event, block).ok_or(TaskError::NoEvent(mined.hash()))?;
        Ok(Sent {
            result: task,
            mined: Some(mined),
        })
    }

    /// Lets what an interrupted command sent come to its end: what it opened is on chain then.
    async fn end_interrupted(&self) -> Result<()> {
        if self.store()?.journal().exists() {
            let turn = self.turn(Intent::new("use", &())).await?;
            drop(turn);
        }
        Ok(())
    }

    async fn task_for(&self, product: &Product, options: &UseOptions) -> Result<Task> {
        if let Some(task) = options.task {
            let task = self.own_task(task).await?;
            return usable(task, product.id);
        }
        let which = Which::OfProduct(self.account()?, product.id);
        let mut tasks = Tasks::read(self.chain(), &which).await?.tasks;
        let store = self.store()?;
        let choice = choose(
            tasks.values(),
            |task| store.written(task).exists(),
            |task| store.wrong(task).exists(),
            options.another,
        );
        let chosen = match choice {
            Choice::TakeUp(task) => Some((task, format!("taking up task {task}"))),
            Choice::WriteAgain(task) => Some((task, written_before(task))),
            Choice::Redeem => None,
        };
        if let Some((task, note)) = chosen {
            self.observer().note(&note);
            return tasks
                .remove(&task)
                .ok_or_else(|| TaskError::UnknownTask(task).into());
        }
        self.check_solver(product).await?;
        self.check_ticket(product, options).await?;
        Ok(self.redeem(product.id).await?.recorded()) // from here on the chain remembers
    }

    /// No ticket is spent on a solver that is not there.
    async fn check_solver(&self, product: &Product) -> Result<()> {
        self.observer().step("asking the solver who it is");
        let active = self
            .chain()
            .consortium()
            .isSolver(product.solver)
            .call()
            .await;
        if !active.map_err(|error| self.chain().view_error(error))? {
            return Err(TaskError::SolverInactive(product.solver).into());
        }
        self.endpoint_of(product)
            .await?
            .check(&self.chain().domain())
            .await?;
        Ok(())
    }

    async fn check_ticket(&self, product: &Product, options: &UseOptions) -> Result<()> {
        if !self.tickets(product.id).await?.is_zero() {
            return Ok(());
        }
        if !options.buy {
            let (account, price) = (self.account()?, product.price());
            return Err(TaskError::NoTicket {
                product: product.id,
                account,
                price,
            }
            .into());
        }
        self.observer().step("buying a ticket");
        self.buy(product.id, 1, options.max_price).await?.recorded();
        Ok(())
    }

    /// Writes the file whole or not at all, and remembers that it was written.
    fn write(&self, task: &Task, file: &Path, payload: &Payload, force: bool) -> Result<()> {
        write_new(file, &payload.bytes, force)?;
        let written = Written {
            file: std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
        };
        Ok(state::write_json(
            &self.store()?.written(task.id),
            &written,
        )?)
    }

    /// Where the payload of a task was written, as far as this state folder knows.
    pub fn written(&self, task: U256) -> Result<Option<PathBuf>> {
        let written = state::read_json::<Written>(&self.store()?.written(task))?;
        Ok(written.map(|written| written.file))
    }
}

fn written_before(task: U256) -> String {
    format!(
        "task {task} was delivered and written before: writing its document again, and spending no ticket; --another spends one"
    )
}

fn usable(task: Task, product: ProductId) -> Result<Task> {
    if task.product != product {
        return Err(TaskError::OtherProduct {
            task: task.id,
            found: task.product,
            given: product,
        }
        .into());
    }
    match task.state {
        State::Requested | State::Delivered | State::Settled => Ok(task),
        _ => Err(task.ended().into()),
    }
}

/// What the name needs is checked before a ticket is spent; the content is compared when it is there.
fn check_file(file: &Path, product: &Product, force: bool) -> Result<(), InputError> {
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent
        && !parent.is_dir()
    {
        let cause = std::io::Error::new(ErrorKind::NotFound, "there is no such folder");
        return Err(InputError::File {
            path: parent.to_owned(),
            cause,
        });
    }
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_dir() => Err(InputError::AFolder(file.to_owned())),
        Ok(metadata) if metadata.len() != u64::from(product.listing.length) && !force => {
            Err(InputError::Exists(file.to_owned()))
        }
        _ => Ok(()),
    }
}

/// An export differs with the moment, so one that is there is in the way before a ticket is spent.
fn check_export(file: &Path, force: bool) -> Result<(), InputError> {
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_dir() => Err(InputError::AFolder(file.to_owned())),
        Ok(_) if !force => Err(InputError::Exists(file.to_owned())),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all, and over other content only with `force`.
pub(crate) fn write_new(file: &Path, bytes: &[u8], force: bool) -> Result<(), InputError> {
    let io = |cause| InputError::File {
        path: file.to_owned(),
        cause,
    };
    match fs::read(file) {
        Ok(found) if found == bytes => Ok(()),
        Ok(_) if !force => Err(InputError::Exists(file.to_owned())),
        Err(cause) if cause.kind() == ErrorKind::IsADirectory => {
            Err(InputError::AFolder(file.to_owned()))
        }
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(io(cause)),
        _ => write_file(file, bytes).map_err(io),
    }
}

fn write_file(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let folder = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(bytes)?;
    aside.as_file().sync_all()?;
    aside.persist(file).map_err(|error| error.error)?;
    Ok(())
}

fn default_file(product: &Product) -> PathBuf {
    match listing::uuid(&product.listing) {
        Some(uuid) => format!("{uuid}.json").into(),
        None => format!("{}.json", product.id).into(),
    }
}
