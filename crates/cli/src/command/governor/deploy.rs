use ayumi_chain::deploy;
use ayumi_contracts::Periods;
use serde::Serialize;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::text::pairs;

/// Seconds.
const DAY: u32 = 86_400;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    periods: PeriodArgs,
}

/// How long each step of a task may take, for good.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct PeriodArgs {
    /// Time of a solver to deliver, after which anyone may cancel
    #[arg(long = "delivery-period", value_name = "SECONDS", default_value_t = DAY, value_parser = positive())]
    delivery: u32,
    /// Time of a consumer to complain of a delivery
    #[arg(long = "complaint-period", value_name = "SECONDS", default_value_t = DAY, value_parser = positive())]
    complaint: u32,
    /// Time of a consumer to give feedback that surely earns its reward
    #[arg(long = "feedback-period", value_name = "SECONDS", default_value_t = 14 * DAY, value_parser = positive())]
    feedback: u32,
}

fn positive() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

impl PeriodArgs {
    pub(crate) fn periods(self) -> Periods {
        Periods {
            delivery: self.delivery,
            complaint: self.complaint,
            feedback: self.feedback,
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
