//! For the governor: the contracts, the members and the solvers of a consortium.

mod deploy;
mod organisation;
mod solver;

pub(super) use deploy::PeriodArgs;
pub(super) use organisation::team_label;

use alloy::primitives::Address;
use alloy::sol_types::SolCall;
use ayumi_chain::Call;
use serde::Serialize;
use serde_json::json;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::read::Members;
use crate::session::Session;
use crate::submit::{Intent, Mined};

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
