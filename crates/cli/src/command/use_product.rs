use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use alloy::primitives::U256;
use ayumi_contracts::ProductId;
use ayumi_export::Format;
use serde_json::json;

use crate::args::{MispArgs, Price, SelectionArgs, words};
use crate::cx::Cx;
use crate::error::{InputError, Result};
use crate::flow::{ExportOptions, UseOptions};
use crate::listing::told;
use crate::output::Answer;
use crate::text::{counted, pairs};

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
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
    /// Bring the document to the MISP server too, with the receipt of its delivery
    #[arg(long)]
    to_misp: bool,
    /// Also write the document in this format, beside it
    #[arg(long, value_parser = words::<Format>())]
    format: Option<Format>,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    misp: MispArgs,
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
        let misp = self.to_misp.then(|| self.misp.client()).transpose()?;
        if let Some(misp) = &misp {
            misp.version().await?; // no ticket is spent on a server that is not there
        }
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
        let session = cx.session().await?;
        let used = session.use_product(self.product, &options).await?;
        let landed = match &misp {
            Some(misp) => Some(session.land(used.task, misp, options.wait).await?),
            None => None,
        };
        let mut text = pairs([
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
        if let Some(export) = &used.export {
            let _ = write!(
                text,
                "\n{}",
                pairs([("export", export.file.display().to_string())])
            );
        }
        let mut document = json!(used);
        if let Some((event, pushed)) = landed {
            document["misp"] = json!({ "event": event, "state": pushed.name() });
            let _ = write!(
                text,
                "\nevent  {event}, {} in the MISP server",
                pushed.name()
            );
        }
        let answer = Answer::new(&document, text);
        Ok(match &used.export {
            Some(export) => answer.remarking(told(export.format, &export.report)),
            None => answer,
        })
    }
}
