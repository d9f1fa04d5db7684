//! The accounts, their money, and their organisations.

use std::path::Path;

use alloy::primitives::{Address, U256};
use alloy::providers::Provider;
use alloy::providers::ext::AnvilApi;
use alloy::transports::RpcError;
use ayumi_chain::{Call, Fees, Network, Wallet, provider};
use ayumi_contracts::IConsortium;
use reqwest::Url;

use super::super::governor::team_label;
use super::members::{MEMBERS, Member, Role, SOLVER_ORGANISATION};
use super::{DevnetError, PASSWORD, write};
use crate::error::Result;
use crate::session::Session;
use crate::submit::Intent;

/// What an account has to spend: 1,000 ether.
const MONEY: u128 = 1_000 * 1_000_000_000_000_000_000;

/// The JSON-RPC error of a node that does not know what is asked.
const NO_METHOD: i64 = -32601;

/// Milliseconds between two looks at a chain that makes a block for each transaction.
const INSTANT_POLL_MS: u64 = 20;

/// An account for each member.
pub(super) fn keystores(folder: &Path) -> Result<Vec<(Member, Wallet)>> {
    write(&folder.join("password"), PASSWORD.as_bytes())?;
    let wallets = MEMBERS.iter().map(|member| {
        let wallet = Wallet::random();
        wallet.save(folder, member.name, PASSWORD)?;
        Ok((*member, wallet))
    });
    wallets.collect()
}

/// Gives the accounts something to spend. Where gas costs nothing only consumers need it, for the prices, and do without
/// where the node has no money to give: returns whether it had.
pub(super) async fn fund(
    node: &Url,
    network: &Network,
    wallets: &[(Member, Wallet)],
    solver: Address,
) -> Result<bool, DevnetError> {
    let provider = provider(node, network);
    let is_free = network.fees == Fees::Zero;
    let spenders = wallets
        .iter()
        .filter(|(member, _)| !is_free || member.role == Role::Consumer)
        .map(|(_, wallet)| wallet.address());
    for account in spenders.chain((!is_free).then_some(solver)) {
        let funded = provider.anvil_set_balance(account, U256::from(MONEY)).await;
        match funded {
            Ok(()) => {}
            Err(RpcError::ErrorResp(response)) if is_free && response.code == NO_METHOD => {
                return Ok(false);
            }
            Err(cause) => return Err(no_anvil(node, &cause)),
        }
    }
    Ok(true)
}

pub(super) fn no_anvil(node: &Url, cause: &impl ToString) -> DevnetError {
    DevnetError::Node {
        url: node.clone(),
        cause: cause.to_string(),
    }
}

/// The network's profile where none is given.
pub(super) fn development(block_time: Option<u64>) -> Network {
    Network {
        poll_ms: block_time.map_or(INSTANT_POLL_MS, |seconds| seconds.saturating_mul(200)),
        ..Network::default()
    }
}

/// Writes the network's profile, with the chain's id, as a file for all who act here.
pub(super) async fn write_network(
    folder: &Path,
    node: &Url,
    network: Network,
) -> Result<Network, DevnetError> {
    let chain_id = provider(node, &network).get_chain_id().await;
    let chain_id = chain_id.map_err(|cause| no_anvil(node, &cause))?;
    let network = Network {
        chain_id: network.chain_id.or(Some(chain_id)),
        ..network
    };
    let text = toml::to_string(&network).expect("the profile is of plain values");
    write(&folder.join("network.toml"), text.as_bytes())?;
    Ok(network)
}

/// Adds the organisations and their accounts. Returns the number of the one that runs the solver.
pub(super) async fn enrol_all(governor: &Session, wallets: &[(Member, Wallet)]) -> Result<u32> {
    let mut names: Vec<&str> = Vec::new();
    for (member, wallet) in wallets {
        let Some((name, team)) = member.organisation else {
            continue;
        };
        let organisation = match names.iter().position(|known| *known == name) {
            Some(place) => number(place),
            None => add_organisation(governor, &mut names, name).await?,
        };
        let team = team_label(team)?;
        let call = IConsortium::enrolCall {
            account: wallet.address(),
            organisation,
            team,
        };
        send(governor, member.name, &call).await?;
    }
    add_organisation(governor, &mut names, SOLVER_ORGANISATION).await
}

async fn add_organisation<'a>(
    governor: &Session,
    names: &mut Vec<&'a str>,
    name: &'a str,
) -> Result<u32> {
    let call = IConsortium::addOrganisationCall {
        name: name.to_owned(),
    };
    send(governor, name, &call).await?;
    names.push(name);
    Ok(number(names.len() - 1))
}

/// Organisations count from 1.
fn number(place: usize) -> u32 {
    u32::try_from(place + 1).expect("there are a handful")
}

pub(super) async fn send(
    governor: &Session,
    what: &str,
    call: &impl alloy::sol_types::SolCall,
) -> Result<()> {
    let call = Call::new(governor.chain().contracts().consortium, call);
    let mined = governor.send(Intent::new(what, &call.input), &call).await?;
    mined.recorded();
    Ok(())
}
