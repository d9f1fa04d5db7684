use ayumi_contracts::ProductId;

use crate::args::ListingArgs;
use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product that gets a next edition
    product: ProductId,
    #[command(flatten)]
    listing: ListingArgs,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        super::publish::publish(cx, &self.listing, Some(self.product)).await
    }
}
