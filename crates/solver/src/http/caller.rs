//! Who asks: the account that signed the request.

use std::str::FromStr;

use alloy::consensus::crypto::secp256k1::recover_signer;
use alloy::primitives::{Address, Signature, U256};
use alloy::sol_types::SolStruct;
use axum::http::HeaderMap;
use ayumi_contracts::messages::Fetch;

use super::Answer;
use super::problem::Problem;
use crate::Solver;
use crate::clock::unix_now;

/// How far ahead an expiry may lie, in seconds: beyond that, a request that leaks stays good for too long.
const MAX_AHEAD_S: u64 = 600;

/// A header that must be there once, of type `T`.
pub fn header<T: FromStr>(headers: &HeaderMap, name: &str) -> Answer<T> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let parsed = value.and_then(|value| value.parse().ok());
    parsed.ok_or_else(|| Problem::Malformed(format!("the header {name} is missing or malformed")))
}

/// The account that signed `message`, by the header `Ayumi-Signature`.
pub fn signer(solver: &Solver, headers: &HeaderMap, message: &impl SolStruct) -> Answer<Address> {
    recover(solver, &header(headers, "ayumi-signature")?, message)
}

/// The account whose signature of `message` this is.
pub fn recover(
    solver: &Solver,
    signature: &Signature,
    message: &impl SolStruct,
) -> Answer<Address> {
    let hash = message.eip712_signing_hash(&solver.chain.domain());
    recover_signer(signature, hash).map_err(|_| Problem::NoSignature)
}

/// The account that asks for `item` of a task.
pub fn asker(solver: &Solver, headers: &HeaderMap, task: u64, item: &str) -> Answer<Address> {
    let expiry: u64 = header(headers, "ayumi-expiry")?;
    let now = unix_now();
    if !(now..=now + MAX_AHEAD_S).contains(&expiry) {
        return Err(Problem::ExpiredRequest(expiry));
    }
    let fetch = Fetch {
        task: U256::from(task),
        item: item.into(),
        solver: solver.wallet.address(),
        expiry,
    };
    signer(solver, headers, &fetch)
}

/// Checks that the signer is who may.
pub fn check(signer: Address, expected: Address) -> Answer<()> {
    if signer == expected {
        return Ok(());
    }
    Err(Problem::BadSignature {
        signer: signer.to_string(),
        expected: expected.to_string(),
    })
}
