use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use ayumi_chain::Wallet;
use serde::Serialize;
use serde_json::Value;

use crate::cx::{Cx, ask, keystores};
use crate::error::{ConfigError, InputError, Result, StateError};
use crate::output::Answer;
use crate::state;
use crate::text::{pairs, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Account,
}

#[derive(Debug, clap::Subcommand)]
enum Account {
    /// Make an account, in a new keystore
    New {
        /// Name of the keystore
        name: String,
    },
    /// List the keystores
    List,
    /// Show the address of the account in use
    Show,
}

#[derive(Serialize)]
struct Row {
    name: String,
    /// Where the keystore tells it.
    address: Option<Address>,
    keystore: PathBuf,
}

impl Args {
    pub(crate) fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Account::New { name } => new(cx, &name),
            Account::List => list(),
            Account::Show => show(cx),
        }
    }
}

fn new(cx: &Cx, name: &str) -> Result<Answer> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        let rule = format!("{name:?} is no name for a keystore: use letters, digits, - and _");
        return Err(InputError::Usage(rule).into());
    }
    let folder = keystores()?;
    let path = folder.join(name);
    if path.exists() {
        return Err(InputError::KeystoreExists(path).into());
    }
    let password = cx.password(&format!("New password of {name}: "))?;
    if cx.global.wallet.password_file.is_none() && ask("The same again: ")? != password {
        return Err(ConfigError::PasswordsDiffer.into());
    }
    let wallet = Wallet::random();
    let keystore = wallet.save(&folder, name, &password)?;
    tell_address(&keystore, wallet.address())?;
    Ok(answer(&Row {
        name: name.to_owned(),
        address: Some(wallet.address()),
        keystore,
    }))
}

/// Writes the address into the keystore as geth does, so that it can be told without the password.
fn tell_address(keystore: &Path, address: Address) -> Result<()> {
    let text = state::read(keystore)?.unwrap_or_default();
    let damaged = |cause: serde_json::Error| StateError::Damaged {
        path: keystore.to_owned(),
        cause: cause.to_string(),
    };
    let mut json = serde_json::from_slice::<Value>(&text).map_err(damaged)?;
    json["address"] = hex::encode(address).into();
    Ok(state::write_json(keystore, &json)?)
}

fn list() -> Result<Answer> {
    let entries = fs::read_dir(keystores()?).into_iter().flatten().flatten();
    let files = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file());
    let mut rows = files.filter_map(read).collect::<Vec<_>>();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let cells = rows.iter().map(|row| {
        let keystore = row.keystore.display().to_string();
        [row.name.clone(), shown(row.address), keystore]
    });
    let text = match rows.len() {
        0 => String::new(),
        _ => table(["name", "address", "keystore"], cells),
    };
    let answer = Answer::new(&rows, text);
    Ok(if rows.is_empty() {
        answer.remarking("there are no keystores: make one with ayumi account new NAME")
    } else if rows.iter().any(|row| row.address.is_none()) {
        answer.remarking(
            "a locked keystore tells its address with the password only: ayumi account show --account NAME",
        )
    } else {
        answer
    })
}

fn show(cx: &Cx) -> Result<Answer> {
    let keystore = cx.keystore()?.ok_or(ConfigError::NoAccount)?;
    let name = keystore
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let address = read(keystore.clone()).and_then(|row| row.address);
    let address = match address {
        Some(address) => address,
        None => cx.wallet()?.address(),
    };
    Ok(answer(&Row {
        name,
        address: Some(address),
        keystore,
    }))
}

fn answer(row: &Row) -> Answer {
    let lines = [
        ("name", row.name.clone()),
        ("address", shown(row.address)),
        ("keystore", row.keystore.display().to_string()),
    ];
    Answer::new(row, pairs(lines))
}

/// What a keystore tells without its password; nothing where the file is none.
fn read(keystore: PathBuf) -> Option<Row> {
    let text = fs::read_to_string(&keystore).ok()?;
    let json = serde_json::from_str::<Value>(&text).ok()?;
    json.get("crypto").or_else(|| json.get("Crypto"))?;
    let address = json
        .get("address")
        .and_then(Value::as_str)
        .and_then(|address| address.parse().ok());
    let name = keystore.file_name()?.to_string_lossy().into_owned();
    Some(Row {
        name,
        address,
        keystore,
    })
}

fn shown(address: Option<Address>) -> String {
    address.map_or_else(|| "locked".into(), |address| address.to_string())
}
