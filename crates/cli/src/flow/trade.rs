use alloy::primitives::{B256, U256};
use ayumi_chain::Call;
use ayumi_contracts::{ICTIToken, ProductId};
use serde::Serialize;

use crate::error::{Result, TaskError};
use crate::read::{Catalogue, Product, Status, id};
use crate::session::Session;
use crate::submit::{Intent, Sent};

/// Seconds within which a purchase must be mined.
const BUY_WITHIN_S: u64 = 600;

/// What was bought.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bought {
    /// Of which product.
    #[serde(serialize_with = "crate::text::as_text")]
    pub product: ProductId,
    /// Tickets.
    pub quantity: u32,
    /// Wei in all.
    #[serde(serialize_with = "crate::text::as_text")]
    pub paid: U256,
    /// What bought them.
    pub transaction: B256,
}

/// What was turned back into credit.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refunded {
    /// Of which product.
    #[serde(serialize_with = "crate::text::as_text")]
    pub product: ProductId,
    /// Tickets.
    pub quantity: u32,
    /// Wei in all.
    #[serde(serialize_with = "crate::text::as_text")]
    pub credited: U256,
    /// What did it.
    pub transaction: B256,
}

impl Session {
    /// Buys tickets; at most for `allowed` wei in all, if that is said.
    pub async fn buy(
        &self,
        product: ProductId,
        quantity: u32,
        allowed: Option<U256>,
    ) -> Result<Sent<Bought>> {
        let turn = self
            .turn(Intent::new(format!("buy {quantity} of {product}"), &()))
            .await?;
        let offer = Catalogue::product(self.chain(), product).await?;
        let price = offer.price() * U256::from(quantity);
        let now = self.chain().head().await?.timestamp;
        if !turn.is_adopted() {
            if offer.producer == self.account()? {
                return Err(TaskError::OwnProduct(product).into());
            }
            check_offer(&offer, quantity, price, allowed, now)?;
        }
        let deadline = U256::from(now.max(crate::endpoint::now()) + BUY_WITHIN_S);
        let call = Call::new(
            self.chain().contracts().token,
            &ICTIToken::buyCall {
                product: id(product),
                quantity,
                deadline,
            },
        );
        let mined = turn.send(&call.paying(price)).await?;
        let transaction = mined.hash();
        Ok(Sent {
            result: Bought {
                product,
                quantity,
                paid: price,
                transaction,
            },
            mined: Some(mined),
        })
    }

    /// Turns tickets back into credit; all of the product's, if no number is said.
    pub async fn refund(
        &self,
        product: ProductId,
        quantity: Option<u32>,
    ) -> Result<Sent<Refunded>> {
        let offer = Catalogue::product(self.chain(), product).await?;
        let turn = self
            .turn(Intent::new(format!("refund {product}"), &quantity))
            .await?;
        let tickets = self.tickets(product).await?;
        let quantity = quantity.unwrap_or_else(|| u32::try_from(tickets).unwrap_or(u32::MAX));
        if (tickets.is_zero() || tickets < U256::from(quantity)) && !turn.is_adopted() {
            return Err(TaskError::NothingToRefund {
                product,
                account: self.account()?,
                held: tickets,
            }
            .into());
        }
        let token = self.chain().contracts().token;
        let mined = turn
            .send(&Call::new(
                token,
                &ICTIToken::refundCall {
                    product: id(product),
                    quantity,
                },
            ))
            .await?;
        let event: ICTIToken::TicketsRefunded = mined.event(token)?;
        let result = Refunded {
            product,
            quantity: event.quantity,
            credited: offer.price() * U256::from(event.quantity),
            transaction: mined.hash(),
        };
        Ok(Sent {
            result,
            mined: Some(mined),
        })
    }

    /// Ends the sale of an own product.
    pub async fn withdraw(&self, product: ProductId) -> Result<Sent<B256>> {
        let turn = self
            .turn(Intent::new(format!("withdraw {product}"), &()))
            .await?;
        let offer = Catalogue::product(self.chain(), product).await?;
        self.check_producer(&offer)?;
        if offer.status != Status::OnSale && !turn.is_adopted() {
            return Err(sale_ended(&offer).into());
        }
        let call = ICTIToken::withdrawCall {
            product: id(product),
        };
        let mined = turn
            .send(&Call::new(self.chain().contracts().token, &call))
            .await?;
        Ok(Sent {
            result: mined.hash(),
            mined: Some(mined),
        })
    }

    /// The account's tickets of a product.
    pub async fn tickets(&self, product: ProductId) -> Result<U256> {
        let tickets = self
            .chain()
            .tickets()
            .balanceOf(self.account()?, id(product))
            .call()
            .await;
        Ok(tickets.map_err(|error| self.chain().view_error(error))?)
    }

    pub(crate) fn check_producer(&self, product: &Product) -> Result<()> {
        let account = self.account()?;
        if product.producer == account {
            return Ok(());
        }
        Err(TaskError::NotProducer {
            product: product.id,
            account,
        }
        .into())
    }
}

/// That a product cannot be withdrawn or revised again.
pub(super) fn sale_ended(product: &Product) -> TaskError {
    TaskError::SaleEnded {
        product: product.id,
        status: product.status.name(),
        next: product.next,
    }
}

fn check_offer(
    offer: &Product,
    quantity: u32,
    price: U256,
    allowed: Option<U256>,
    now: u64,
) -> Result<()> {
    let product = offer.id;
    if offer.status != Status::OnSale {
        return Err(TaskError::NotOnSale {
            product,
            status: offer.status.name(),
            next: offer.next,
        }
        .into());
    }
    if offer.is_expired(now) {
        return Err(TaskError::Expired {
            product,
            until: offer.context.valid_until,
        }
        .into());
    }
    match allowed {
        Some(allowed) if price > allowed => Err(TaskError::TooDear {
            product,
            quantity,
            price,
            allowed,
        }
        .into()),
        _ => Ok(()),
    }
}
