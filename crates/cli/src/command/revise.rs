use ayumi_contracts::ProductId;

use super::publish::{Edition, publish};
use crate::args::ListingArgs;
use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product that gets a next edition
    product: ProductId,
    /// Revise although the document is another MISP event than the product's
    #[arg(long)]
    other_event: bool,
    #[command(flatten)]
    listing: ListingArgs,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let edition = Edition {
            of: self.product,
            other_event: self.other_event,
        };
        publish(cx, &self.listing, Some(edition)).await
    }
}
