use alloy::primitives::U256;
use ayumi_contracts::ProductId;

use crate::args::Price;
use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::text::{ether, pairs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product, such as 3-17
    product: ProductId,
    /// Tickets to buy
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    quantity: u32,
    /// The most that a ticket may cost, in ether
    #[arg(long, value_name = "ETHER")]
    max_price: Option<Price>,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let allowed = self
            .max_price
            .map(|most| most.0 * U256::from(self.quantity));
        let sent = cx
            .session()
            .await?
            .buy(self.product, self.quantity, allowed)
            .await?;
        let text = pairs([
            ("product", sent.result.product.to_string()),
            ("tickets", sent.result.quantity.to_string()),
            ("paid", format!("{} ether", ether(sent.result.paid))),
            ("transaction", sent.result.transaction.to_string()),
        ]);
        Ok(Answer::new(&sent.result, text).after(sent.mined))
    }
}
