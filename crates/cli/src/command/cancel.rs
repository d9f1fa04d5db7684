use alloy::primitives::U256;
use serde_json::json;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The task whose deadline is over
    #[arg(value_parser = super::tasks::number)]
    task: U256,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let sent = cx.session().await?.cancel(self.task).await?;
        let text = format!("task {} is cancelled; the ticket is back", self.task);
        let document = json!({ "task": self.task.to_string(), "transaction": sent.result });
        Ok(Answer::new(&document, text).after(sent.mined))
    }
}
