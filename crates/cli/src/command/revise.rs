use alloy::primitives::U256;
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
    /// Answer the feedback on these tasks with it, once it is published
    #[arg(long, value_name = "TASK", num_args = 1.., value_delimiter = ',', value_parser = super::tasks::number)]
    answers: Vec<U256>,
    #[command(flatten)]
    listing: ListingArgs,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let edition = Edition {
            of: self.product,
            answers: &self.answers,
            other_event: self.other_event,
        };
        publish(cx, &self.listing, Some(edition)).await
    }
}
