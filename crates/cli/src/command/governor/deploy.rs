use ayumi_chain::deploy;
use ayumi_contracts::Periods;
use serde::Serialize;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::text::pairs;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    periods: PeriodArgs,
}

/// How long each step of a task may take, for good.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct PeriodArgs {
    /// Time of a solver to deliver, after which anyone may cancel
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(1..))]
    delivery_period: u32,
    /// Time of a consumer to complain of a delivery
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(1..))]
    complaint_period: u32,
    /// Time of a consumer to give feedback that surely earns its reward
    #[arg(long, value_name = "SECONDS", default_value_t = 1_209_600, value_parser = clap::value_parser!(u32).range(1..))]
    feedback_period: u32,
}

impl PeriodArgs {
    pub(crate) fn periods(self) -> Periods {
        Periods {
            delivery: self.delivery_period,
            complaint: self.complaint_period,
            feedback: self.feedback_period,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deployed {
    consortium: String,
    token: String,
    operator: String,
    governor: String,
    chain_id: u64,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let wallet = cx.wallet()?;
        let chain = cx.bare_chain().await?;
        let contracts = deploy(&chain, &wallet, self.periods.periods()).await?;
        let deployed = Deployed {
            consortium: contracts.consortium.to_string(),
            token: contracts.token.to_string(),
            operator: contracts.operator.to_string(),
            governor: wallet.address().to_string(),
            chain_id: chain.chain_id(),
        };
        Ok(Answer::new(&deployed, text(&deployed)))
    }
}

fn text(deployed: &Deployed) -> String {
    let lines = pairs([
        ("consortium", deployed.consortium.clone()),
        ("token", deployed.token.clone()),
        ("operator", deployed.operator.clone()),
        ("governor", deployed.governor.clone()),
    ]);
    format!(
        "{lines}\n\nThe members set AYUMI_OPERATOR={}",
        deployed.operator
    )
}
