use std::path::{Path, PathBuf};

use ayumi_contracts::ProductId;

use crate::cx::Cx;
use crate::error::{Result, TaskError};
use crate::flow::{Assigned, Offer};
use crate::output::Answer;
use crate::read::Catalogue;
use crate::text::pairs;

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
    /// Have another solver deliver a product, after giving it the document
    Assign {
        /// The product, such as 3-17
        product: ProductId,
        /// The very file that was published
        file: PathBuf,
    },
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Product::List => list(cx).await,
            Product::Assign { product, file } => assign(cx, product, &file).await,
        }
    }
}

async fn list(cx: &Cx) -> Result<Answer> {
    let session = cx.session().await?;
    let account = session.account()?;
    let catalogue = Catalogue::read(session.chain()).await?;
    let own = catalogue
        .products
        .values()
        .filter(|product| product.producer == account)
        .collect::<Vec<_>>();
    let text = || table_of(&catalogue, &own);
    let empty = "the account has no products";
    Ok(Answer::list(&rows(&catalogue, &own), text, empty))
}

async fn assign(cx: &Cx, product: ProductId, file: &Path) -> Result<Answer> {
    let solver = cx.global.network.solver.as_ref();
    let solver = solver.ok_or_else(|| TaskError::NoSolver("no solver is named".into()))?;
    let payload = Offer::read(file)?.payload;
    let sent = cx
        .session()
        .await?
        .assign(product, &payload, solver)
        .await?;
    let Assigned {
        solver,
        transaction,
        ..
    } = sent.result;
    let transaction = match transaction {
        Some(hash) => hash.to_string(),
        None => "none: the solver was the product's already, and has the document again".into(),
    };
    let text = pairs([
        ("product", product.to_string()),
        ("solver", solver.to_string()),
        ("transaction", transaction),
    ]);
    Ok(Answer::new(&sent.result, text).after(sent.mined))
}
