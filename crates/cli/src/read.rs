//! What the chain's logs tell: a few requests for any number of members, products and tasks.

mod catalogue;
mod members;
mod tasks;
mod tickets;

use alloy::primitives::{B256, U256};
use alloy::rpc::types::{Filter, Log};
use ayumi_chain::{Chain, Head};
use ayumi_contracts::ProductId;

use crate::error::Result;

pub use catalogue::{Catalogue, Product, Status};
pub use members::{Account, Members, Organisation, Solver};
pub use tasks::{Delivered, Given, Said, Task, Tasks, Which};
pub use tickets::Tickets;

/// All logs with one of these signatures, up to `head`.
async fn logs(chain: &Chain, head: Head, signatures: &[B256]) -> Result<Vec<Log>> {
    filtered(chain, head, Filter::new(), signatures).await
}

async fn filtered(
    chain: &Chain,
    head: Head,
    filter: Filter,
    signatures: &[B256],
) -> Result<Vec<Log>> {
    let filter = filter.event_signature(signatures.to_vec());
    Ok(chain.logs(&filter, 0, head.number).await?)
}

/// A product's id as a topic.
fn topic(product: ProductId) -> B256 {
    id(product).into()
}

/// A product's id as the contracts have it.
pub(crate) fn id(product: ProductId) -> U256 {
    product.into()
}
