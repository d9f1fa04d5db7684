use alloy::primitives::U256;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tasks to settle [default: all that are due, of the account's purchases and products]
    #[arg(value_parser = super::tasks::number)]
    tasks: Vec<U256>,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let sent = cx.session().await?.settle(&self.tasks).await?;
        let settled = sent
            .result
            .tasks
            .iter()
            .map(U256::to_string)
            .collect::<Vec<_>>();
        let text = match &settled[..] {
            [] => "nothing is due; nothing was sent".to_owned(),
            tasks => format!("settled: {}", tasks.join(", ")),
        };
        let is_empty = settled.is_empty();
        Ok(Answer::new(&sent.result, text)
            .after(sent.mined)
            .negative_if(is_empty))
    }
}
