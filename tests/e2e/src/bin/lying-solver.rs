//! A solver that delivers something else than what it was given: one byte is another, and all that it commits to itself
//! fits together. Consumers find out when they have the key.

use std::path::PathBuf;
use std::process::ExitCode;

use ayumi_sealing::{CHUNK_PAYLOAD_BYTES, Delivery, Key, PayloadSizeError, Seed};
use ayumi_solver::{Config, run_with};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// Bytes of a delivery before its digests: key hash, ciphertext root, payload length (`docs/protocol.md`).
const HEAD_BYTES: usize = 72;

const DIGEST_BYTES: usize = 32;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// As `ayumi-solver run`.
    Run {
        /// The configuration, a TOML file.
        #[arg(long)]
        config: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run { config } = Cli::parse().command;
    let mut terminate = signal(SignalKind::terminate()).expect("a process can listen for SIGTERM");
    let shutdown = async move {
        terminate.recv().await;
    };
    let ready = |address| println!("listening on http://{address}");
    let ended = match Config::read(&config) {
        Ok(config) => run_with(config, lie, ready, shutdown).await,
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// The right digests, and the ciphertext of something else.
fn lie(payload: &[u8], seed: &Seed, key: &Key) -> Result<Delivery, PayloadSizeError> {
    let right = Delivery::prepare(payload, seed, key)?;
    let mut other = payload.to_vec();
    other[payload.len() / 2] ^= 1;
    let commitment = right.commitment();
    let right = right.into_bytes();
    let mut lie = Delivery::prepare(&other, seed, key)?.into_bytes();
    let digests = HEAD_BYTES..HEAD_BYTES + DIGEST_BYTES * payload.len().div_ceil(CHUNK_PAYLOAD_BYTES);
    lie[digests.clone()].copy_from_slice(&right[digests]);
    Ok(Delivery::verify(lie, commitment).expect("what we commit to ourselves fits together"))
}
