use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::U256;
use ayumi_contracts::ProductId;
use ayumi_export::Format;

use crate::args::{Price, SelectionArgs, words};
use crate::cx::Cx;
use crate::error::{InputError, Result};
use crate::flow::{ExportOptions, UseOptions};
use crate::listing::told;
use crate::output::Answer;
use crate::text::{counted, pairs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product, such as 3-17
    product: ProductId,
    /// Where to write the document [default: the MISP uuid or the product, with .json]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file with other content
    #[arg(long)]
    force: bool,
    /// Spend another ticket although the document was delivered and written before
    #[arg(long, conflicts_with = "task")]
    another: bool,
    /// Buy a ticket if one is needed and there is none
    #[arg(long)]
    buy: bool,
    /// The most that the ticket may cost, in ether
    #[arg(long, value_name = "ETHER", requires = "buy")]
    max_price: Option<Price>,
    /// Take up this task
    #[arg(long, value_parser = super::tasks::number)]
    task: Option<U256>,
    /// Seconds to wait for the solver
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,
    /// Also write the document in this format, beside it
    #[arg(long, value_parser = words::<Format>())]
    format: Option<Format>,
    #[command(flatten)]
    selection: SelectionArgs,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        if self.format.is_none() && self.selection.is_given() {
            let message =
                "--direction, --control-point, --at and --all choose what --format writes";
            return Err(InputError::Usage(message.into()).into());
        }
        let export = self.format.map(|format| ExportOptions {
            format,
            options: self.selection.options(),
        });
        let options = UseOptions {
            file: self.output,
            force: self.force,
            task: self.task,
            another: self.another,
            buy: self.buy,
            max_price: self.max_price.map(|most| most.0),
            wait: Duration::from_secs(self.wait),
            export,
        };
        let used = cx
            .session()
            .await?
            .use_product(self.product, &options)
            .await?;
        let text = pairs([
            ("task", used.task.to_string()),
            ("file", used.file.display().to_string()),
            ("bytes", format!("{}, verified", used.bytes)),
            (
                "took",
                format!(
                    "{}, {} ms",
                    counted(used.blocks, "block"),
                    used.milliseconds
                ),
            ),
        ]);
        let Some(export) = &used.export else {
            return Ok(Answer::new(&used, text));
        };
        let text = format!(
            "{text}\n{}",
            pairs([("export", export.file.display().to_string())])
        );
        Ok(Answer::new(&used, text).remarking(told(export.format, &export.report)))
    }
}
