use std::time::Duration;

use alloy::primitives::U256;
use serde_json::json;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The delivered task whose data is wrong
    #[arg(value_parser = super::tasks::number)]
    task: U256,
    /// Seconds to wait for the solver, if it has to give the delivery again
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let complaint = cx
            .session()
            .await?
            .complain(self.task, Duration::from_secs(self.wait))
            .await?;
        let task = self.task.to_string();
        let Some(sent) = complaint else {
            let document = json!({ "task": task, "wrong": false, "transaction": null });
            let text = format!(
                "everything in task {task} is what the producer committed to; nothing was sent"
            );
            return Ok(Answer::new(&document, text).negative_if(true));
        };
        let text = format!(
            "the complaint about task {task} was right; the price is in your credit: ayumi balance"
        );
        let document = json!({ "task": task, "wrong": true, "transaction": sent.result });
        Ok(Answer::new(&document, text).after(sent.mined))
    }
}
