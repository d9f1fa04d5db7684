use ayumi_contracts::ProductId;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::text::{ether, pairs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product, such as 3-17
    product: ProductId,
    /// Tickets to give back [default: all]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    quantity: Option<u32>,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let sent = cx
            .session()
            .await?
            .refund(self.product, self.quantity)
            .await?;
        let text = pairs([
            ("product", sent.result.product.to_string()),
            ("tickets", sent.result.quantity.to_string()),
            ("credited", format!("{} ether", ether(sent.result.credited))),
            ("transaction", sent.result.transaction.to_string()),
        ]);
        Ok(Answer::new(&sent.result, text).after(sent.mined))
    }
}
