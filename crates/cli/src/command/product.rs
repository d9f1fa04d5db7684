use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::read::Catalogue;

use super::search::{rows, table_of};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Product,
}

#[derive(Debug, clap::Subcommand)]
enum Product {
    /// List the account's own products
    List,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let Product::List = self.command;
        let session = cx.session().await?;
        let account = session.account()?;
        let catalogue = Catalogue::read(session.chain()).await?;
        let own = catalogue
            .products
            .values()
            .filter(|product| product.producer == account)
            .collect::<Vec<_>>();
        Ok(
            Answer::new(&rows(&catalogue, &own), table_of(&catalogue, &own))
                .negative_if(own.is_empty()),
        )
    }
}
