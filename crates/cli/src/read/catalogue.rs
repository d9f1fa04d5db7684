use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::{SolEvent, SolEventInterface};
use ayumi_chain::{Chain, Head};
use ayumi_contracts::ICTIToken::{
    ICTITokenEvents, Listing, ProductPublished, ProductRevised, ProductWithdrawn, SolverAssigned,
    TicketsBought, TicketsRefunded,
};
use ayumi_contracts::ProductId;
use ayumi_misp::Context;
use ayumi_sealing::Commitment;
use serde::Serialize;

use super::Members;
use crate::error::{Result, TaskError};
use crate::listing;

/// The products of the consortium with their members, as of a block.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// By their ids.
    pub products: BTreeMap<ProductId, Product>,
    /// Who offers them.
    pub members: Members,
    /// The newest block that was read.
    pub head: Head,
}

/// A product, as its events tell it.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Whose it is.
    pub producer: Address,
    /// What the producer states; texts are not cleaned.
    pub listing: Listing,
    /// The context of the listing.
    pub context: Context,
    /// Who delivers it.
    pub solver: Address,
    /// Whether it can be bought.
    pub status: Status,
    /// The edition after it.
    pub next: Option<ProductId>,
    /// The edition before it.
    pub previous: Option<ProductId>,
    /// Tickets bought so far, refunded ones included.
    pub sold: u64,
    /// Tickets refunded so far.
    pub refunded: u64,
    /// In which block it was published.
    pub block: u64,
    /// The transaction that published it.
    pub transaction: B256,
}

/// Whether a product can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It can, as long as tickets are left and it is valid.
    OnSale,
    /// Its producer ended the sale.
    Withdrawn,
    /// Another edition took its place.
    Revised,
}

impl Status {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnSale => "on-sale",
            Self::Withdrawn => "withdrawn",
            Self::Revised => "revised",
        }
    }
}

const SIGNATURES: [B256; 6] = [
    ProductPublished::SIGNATURE_HASH,
    ProductRevised::SIGNATURE_HASH,
    ProductWithdrawn::SIGNATURE_HASH,
    SolverAssigned::SIGNATURE_HASH,
    TicketsBought::SIGNATURE_HASH,
    TicketsRefunded::SIGNATURE_HASH,
];

impl Catalogue {
    /// Reads all products and members as of the newest block.
    pub async fn read(chain: &Chain) -> Result<Self> {
        let head = chain.head().await?;
        let signatures = [&SIGNATURES[..], &Members::SIGNATURES[..]].concat();
        let logs = super::logs(chain, head, &signatures).await?;
        Ok(Self::of(chain, head, &logs))
    }

    /// Reads one product, and no members.
    pub async fn product(chain: &Chain, product: ProductId) -> Result<Product> {
        let head = chain.head().await?;
        let filter = Filter::new().topic1(super::topic(product));
        let logs = super::filtered(chain, head, filter, &SIGNATURES).await?;
        let mut catalogue = Self::of(chain, head, &logs);
        let found = catalogue.products.remove(&product);
        found.ok_or_else(|| TaskError::UnknownProduct(product).into())
    }

    /// Reads the products of one account, without their sales and members.
    pub async fn of_producer(chain: &Chain, producer: Address) -> Result<Self> {
        let head = chain.head().await?;
        let filter = Filter::new().topic2(producer.into_word());
        let published =
            super::filtered(chain, head, filter, &[ProductPublished::SIGNATURE_HASH]).await?;
        Ok(Self::of(chain, head, &published))
    }

    /// The product, if there is one.
    pub fn find(&self, product: ProductId) -> Result<&Product> {
        self.products
            .get(&product)
            .ok_or_else(|| TaskError::UnknownProduct(product).into())
    }

    /// The newest edition of a product, if there is one after it.
    pub fn newest(&self, product: ProductId) -> Option<&Product> {
        let next = |id: &ProductId| self.products.get(id)?.next;
        let newest = std::iter::successors(Some(product), next).last()?;
        self.products
            .get(&newest)
            .filter(|found| found.id != product)
    }

    /// A product and the editions before it.
    pub fn editions_until(&self, product: ProductId) -> Vec<ProductId> {
        let previous = |id: &ProductId| self.products.get(id)?.previous;
        std::iter::successors(Some(product), previous).collect()
    }

    fn of(chain: &Chain, head: Head, logs: &[Log]) -> Self {
        let mut catalogue = Self {
            products: BTreeMap::new(),
            members: Members::default(),
            head,
        };
        for log in logs {
            catalogue.members.apply(chain, log);
            if log.address() == chain.contracts().token
                && let Ok(event) = ICTITokenEvents::decode_log(&log.inner)
            {
                catalogue.note(event.data, log);
            }
        }
        catalogue
    }

    fn note(&mut self, event: ICTITokenEvents, log: &Log) {
        use ICTITokenEvents as E;
        match event {
            E::ProductPublished(e) => self.publish(e, log),
            E::ProductRevised(e) => self.revise(&e),
            E::ProductWithdrawn(e) => {
                self.change(e.product, |product| product.status = Status::Withdrawn);
            }
            E::SolverAssigned(e) => self.change(e.product, |product| product.solver = e.solver),
            E::TicketsBought(e) => {
                self.change(e.product, |product| product.sold += u64::from(e.quantity));
            }
            E::TicketsRefunded(e) => self.change(e.product, |product| {
                product.refunded += u64::from(e.quantity);
            }),
            E::Credited(_) | E::Collected(_) => {}
        }
    }

    fn publish(&mut self, event: ProductPublished, log: &Log) {
        let Ok(id) = ProductId::try_from(event.product) else {
            return;
        };
        let product = Product {
            id,
            producer: event.producer,
            context: listing::context(&event.listing),
            solver: event.listing.solver,
            listing: event.listing,
            status: Status::OnSale,
            next: None,
            previous: None,
            sold: 0,
            refunded: 0,
            block: log.block_number.unwrap_or(0),
            transaction: log.transaction_hash.unwrap_or_default(),
        };
        self.products.insert(id, product);
    }

    fn revise(&mut self, event: &ProductRevised) {
        let (previous, next) = (
            ProductId::try_from(event.product).ok(),
            ProductId::try_from(event.next).ok(),
        );
        self.change(event.product, |product| {
            (product.status, product.next) = (Status::Revised, next);
        });
        self.change(event.next, |product| product.previous = previous);
    }

    fn change(&mut self, product: U256, change: impl FnOnce(&mut Product)) {
        let product = ProductId::try_from(product)
            .ok()
            .and_then(|id| self.products.get_mut(&id));
        if let Some(product) = product {
            change(product);
        }
    }
}

impl Product {
    /// Wei of a ticket.
    pub fn price(&self) -> U256 {
        U256::from(self.listing.price)
    }

    /// Tickets left to buy: refunded ones are for sale again.
    pub fn left(&self) -> u64 {
        u64::from(self.listing.stock).saturating_sub(self.sold.saturating_sub(self.refunded))
    }

    /// What the producer committed to.
    pub fn commitment(&self) -> Commitment {
        Commitment {
            content_root: self.listing.contentRoot,
            payload_length: u64::from(self.listing.length),
        }
    }

    /// Whether its period, as far as it is stated, includes `now` (Unix seconds).
    pub fn is_valid(&self, now: u64) -> bool {
        self.context.valid_from <= now && !self.is_expired(now)
    }

    /// Whether its period ended before `now` (Unix seconds).
    pub fn is_expired(&self, now: u64) -> bool {
        self.context.valid_until != 0 && self.context.valid_until < now
    }

    /// Whether it can be bought at `now` (Unix seconds).
    pub fn is_on_sale(&self, now: u64) -> bool {
        self.status == Status::OnSale && self.left() > 0 && !self.is_expired(now)
    }
}
