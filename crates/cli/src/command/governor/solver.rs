use alloy::primitives::{Address, B256};
use ayumi_contracts::IConsortium;
use reqwest::Url;
use serde::Serialize;

use super::{change, organisation_number, state};
use crate::cx::Cx;
use crate::error::{InputError, Result};
use crate::output::Answer;
use crate::read::{Members, Solver};
use crate::text::{pairs, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Register a solver
    Register {
        /// Its account
        #[arg(value_name = "SOLVER", value_parser = crate::args::address)]
        address: Address,
        /// Number or name of the organisation that runs it
        #[arg(long, value_name = "ORGANISATION")]
        organisation: String,
        /// Base URL of its HTTP interface
        #[arg(long, value_name = "URL")]
        endpoint: Url,
        /// Its X25519 public key, as `GET /v1` tells it
        #[arg(long, value_name = "KEY", value_parser = crate::args::key)]
        sealing_key: B256,
    },
    /// List the solvers
    List,
    /// Change endpoint or sealing key; also for the solver itself
    Update {
        /// Its account
        #[arg(value_name = "SOLVER", value_parser = crate::args::address)]
        address: Address,
        /// Base URL of its HTTP interface
        #[arg(long, value_name = "URL", required_unless_present = "sealing_key")]
        endpoint: Option<Url>,
        /// Its X25519 public key
        #[arg(long, value_name = "KEY", value_parser = crate::args::key)]
        sealing_key: Option<B256>,
    },
    /// Let a solver be chosen for nothing new
    Suspend {
        /// Its account
        #[arg(value_name = "SOLVER", value_parser = crate::args::address)]
        address: Address,
    },
    /// End a suspension
    Reinstate {
        /// Its account
        #[arg(value_name = "SOLVER", value_parser = crate::args::address)]
        address: Address,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    solver: Address,
    organisation: u32,
    organisation_name: String,
    endpoint: String,
    sealing_key: B256,
    suspended: bool,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Command::Register {
                address,
                organisation,
                endpoint,
                sealing_key,
            } => register(cx, address, &organisation, &endpoint, sealing_key).await,
            Command::List => list(cx).await,
            Command::Update {
                address,
                endpoint,
                sealing_key,
            } => update(cx, address, endpoint, sealing_key).await,
            Command::Suspend { address } => suspend(cx, address, true).await,
            Command::Reinstate { address } => suspend(cx, address, false).await,
        }
    }
}

/// The endpoint as it is registered: http or https, and without the slash that paths begin with.
fn base(endpoint: &Url) -> Result<String> {
    if !matches!(endpoint.scheme(), "http" | "https")
        || endpoint.query().is_some()
        || endpoint.fragment().is_some()
    {
        return Err(InputError::Usage(format!(
            "{endpoint} is no endpoint: expected http:// or https://, and no query"
        ))
        .into());
    }
    Ok(endpoint.as_str().trim_end_matches('/').to_owned())
}

async fn register(
    cx: &Cx,
    solver: Address,
    organisation: &str,
    endpoint: &Url,
    sealing_key: B256,
) -> Result<Answer> {
    let endpoint = base(endpoint)?;
    let session = cx.session().await?;
    let members = Members::read(session.chain()).await?;
    let organisation = organisation_number(&members, organisation)?;
    let call = IConsortium::registerSolverCall {
        solver,
        organisation,
        sealingKey: sealing_key,
        endpoint: endpoint.clone(),
    };
    let mined = change(&session, format!("register solver {solver}"), &call).await?;
    let listed = Solver {
        organisation,
        sealing_key,
        endpoint,
        suspended: false,
    };
    Ok(answer(&members, solver, &listed).after([mined]))
}

async fn update(
    cx: &Cx,
    solver: Address,
    endpoint: Option<Url>,
    sealing_key: Option<B256>,
) -> Result<Answer> {
    let endpoint = endpoint.as_ref().map(base).transpose()?;
    let session = cx.session().await?;
    let mut members = Members::read(session.chain()).await?;
    let found = members.solvers.remove(&solver);
    let mut updated = found.ok_or(InputError::NotRegistered(solver))?;
    updated.endpoint = endpoint.unwrap_or(updated.endpoint);
    updated.sealing_key = sealing_key.unwrap_or(updated.sealing_key);
    let call = IConsortium::updateSolverCall {
        solver,
        sealingKey: updated.sealing_key,
        endpoint: updated.endpoint.clone(),
    };
    let mined = change(&session, format!("update solver {solver}"), &call).await?;
    Ok(answer(&members, solver, &updated).after([mined]))
}

async fn suspend(cx: &Cx, solver: Address, suspended: bool) -> Result<Answer> {
    let session = cx.session().await?;
    let what = format!(
        "{} solver {solver}",
        if suspended { "suspend" } else { "reinstate" }
    );
    let call = IConsortium::setSolverSuspendedCall { solver, suspended };
    let mined = change(&session, what, &call).await?;
    Ok(state("solver", &solver.to_string(), suspended).after([mined]))
}

async fn list(cx: &Cx) -> Result<Answer> {
    let session = cx.reader().await?;
    let members = Members::read(session.chain()).await?;
    let listed = members
        .solvers
        .iter()
        .map(|(address, solver)| listed(&members, *address, solver))
        .collect::<Vec<_>>();
    let rows = listed.iter().map(|solver| {
        let state = if solver.suspended { "suspended" } else { "" };
        [
            solver.solver.to_string(),
            solver.organisation_name.clone(),
            solver.endpoint.clone(),
            state.to_owned(),
        ]
    });
    let text = || table(["solver", "organisation", "endpoint", ""], rows);
    Ok(Answer::list(&listed, text, "no solver is registered"))
}

fn listed(members: &Members, address: Address, solver: &Solver) -> Listed {
    Listed {
        solver: address,
        organisation: solver.organisation,
        organisation_name: members.name_of(solver.organisation).to_owned(),
        endpoint: solver.endpoint.clone(),
        sealing_key: solver.sealing_key,
        suspended: solver.suspended,
    }
}

fn answer(members: &Members, address: Address, solver: &Solver) -> Answer {
    let listed = listed(members, address, solver);
    let text = pairs([
        ("solver", listed.solver.to_string()),
        ("organisation", listed.organisation_name.clone()),
        ("endpoint", listed.endpoint.clone()),
        ("sealing key", listed.sealing_key.to_string()),
    ]);
    Answer::new(&listed, text)
}
