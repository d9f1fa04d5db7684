use ayumi_contracts::ProductId;
use serde_json::json;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product whose sale ends
    product: ProductId,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let sent = cx.session().await?.withdraw(self.product).await?;
        let product = self.product.to_string();
        let text = format!("{product} is withdrawn; tickets that were sold stay good");
        Ok(Answer::new(
            &json!({ "product": product, "transaction": sent.result }),
            text,
        )
        .after(sent.mined))
    }
}
