//! For the governor: the contracts, the members and the solvers of a consortium.

mod deploy;
mod organisation;
mod solver;

pub(super) use deploy::PeriodArgs;
pub(super) use organisation::team_label;

use alloy::sol_types::SolCall;
use ayumi_chain::Call;
use serde_json::json;

use crate::cx::Cx;
use crate::error::{InputError, Result};
use crate::output::Answer;
use crate::read::Members;
use crate::session::Session;
use crate::submit::{Intent, Mined};
use crate::text::pairs;

/// For the governor.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Governor {
    /// Create the contracts of a new consortium, with the account in use as its governor
    Deploy(deploy::Args),
    /// Admit, list and suspend organisations and their accounts
    Organisation(organisation::Args),
    /// Register, list and suspend solvers, which deliver for producers
    Solver(solver::Args),
}

impl Governor {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self {
            Self::Deploy(args) => args.run(cx).await,
            Self::Organisation(args) => args.run(cx).await,
            Self::Solver(args) => args.run(cx).await,
        }
    }
}

/// Has the Consortium change something.
async fn change(session: &Session, action: String, call: &impl SolCall) -> Result<Mined> {
    let call = Call::new(session.chain().contracts().consortium, call);
    session.send(Intent::new(action, &call.input), &call).await
}

/// What became of whoever was suspended or reinstated.
fn state(kind: &'static str, whom: &str, suspended: bool) -> Answer {
    let state = if suspended { "suspended" } else { "active" };
    Answer::new(
        &json!({ kind: whom, "suspended": suspended }),
        pairs([(kind, whom.to_owned()), ("state", state.to_owned())]),
    )
}

/// The number of the organisation that is given by its number or name.
fn organisation_number(members: &Members, given: &str) -> Result<u32> {
    let same_name = members
        .organisations
        .iter()
        .filter(|(_, organisation)| organisation.name == given);
    let named = same_name.map(|(number, _)| *number).collect::<Vec<_>>();
    let name = given.to_owned();
    let problem = match (given.parse::<u32>(), &*named) {
        (_, [number]) => return Ok(*number),
        (Ok(number), []) if members.organisations.contains_key(&number) => return Ok(number),
        (_, []) => InputError::NoOrganisation(name),
        (_, _) => InputError::SameName {
            name,
            numbers: named,
        },
    };
    Err(problem.into())
}
