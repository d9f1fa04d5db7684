use ayumi_contracts::ProductId;

use crate::cx::Cx;
use crate::error::Result;
use crate::listing;
use crate::output::Answer;
use crate::read::Catalogue;
use crate::text::{ether, pairs};

use super::publish::reward;
use super::search::row;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The product, such as 3-17
    product: ProductId,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let reader = cx.reader().await?;
        let catalogue = Catalogue::read(reader.chain()).await?;
        let product = catalogue.find(self.product)?;
        let edition = |id: Option<ProductId>| id.map(|id| id.to_string()).unwrap_or_default();
        let (listing, organisation) = (
            &product.listing,
            catalogue.members.organisation_of(product.producer),
        );
        let mut lines = vec![
            ("product", product.id.to_string()),
            ("title", listing.title.clone()),
            ("description", listing.description.clone()),
            ("producer", format!("{organisation} ({})", product.producer)),
            ("status", product.status.name().to_owned()),
            ("next edition", edition(product.next)),
            ("last edition", edition(product.previous)),
            ("price", format!("{} ether", ether(product.price()))),
            (
                "tickets",
                format!("{} of {} left", product.left(), listing.stock),
            ),
            ("reward", reward(listing.rewardBps)),
        ];
        lines.extend(listing::lines(&product.context));
        lines.extend([
            (
                "uuid",
                listing::uuid(listing)
                    .map(|uuid| uuid.to_string())
                    .unwrap_or_default(),
            ),
            ("bytes", listing.length.to_string()),
            ("content root", listing.contentRoot.to_string()),
            ("solver", product.solver.to_string()),
            ("transaction", product.transaction.to_string()),
        ]);
        Ok(Answer::new(&row(&catalogue, product), pairs(lines)))
    }
}
