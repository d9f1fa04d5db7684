//! Another solver for a product that is published already.

use alloy::primitives::{Address, B256};
use ayumi_chain::Call;
use ayumi_contracts::{ICTIToken, ProductId};
use ayumi_sealing::{Seed, commit};
use serde::Serialize;

use super::publish::Draft;
use crate::args::WhichSolver;
use crate::error::{InputError, Result, TaskError};
use crate::read::{Catalogue, Members, Product, id};
use crate::session::Session;
use crate::state;
use crate::submit::{Intent, Sent};

/// Who delivers a product from now on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assigned {
    /// The product.
    #[serde(serialize_with = "crate::text::as_text")]
    pub product: ProductId,
    /// Who delivers it.
    pub solver: Address,
    /// What assigned it; none where the solver was the product's already, and was given the document again.
    pub transaction: Option<B256>,
}

impl Session {
    /// Gives the document of an own product to a solver, and has it deliver the product from then on. The document must be
    /// the very one that was published.
    pub async fn assign(
        &self,
        product: ProductId,
        payload: &[u8],
        solver: &WhichSolver,
    ) -> Result<Sent<Assigned>> {
        let members = Members::read(self.chain()).await?;
        let target = self.choose_solver(&members, Some(solver)).await?;
        let solver = target.endpoint.solver();
        let turn = self
            .turn(Intent::new(format!("assign {product} to {solver}"), &()))
            .await?;
        let listed = Catalogue::product(self.chain(), product).await?;
        self.check_producer(&listed)?;
        if !turn.is_adopted() {
            let seed = self.seed_of(&listed, payload)?;
            self.hand_over(payload, &seed, listed.commitment(), &target)
                .await?;
            if listed.solver == solver {
                return Ok(Sent {
                    result: assigned(product, solver, None),
                    mined: None,
                });
            }
        }
        self.observer().step("assigning the solver");
        let call = ICTIToken::assignSolverCall {
            product: id(product),
            solver,
        };
        let mined = turn
            .send(&Call::new(self.chain().contracts().token, &call))
            .await?;
        Ok(Sent {
            result: assigned(product, solver, Some(mined.hash())),
            mined: Some(mined),
        })
    }

    /// The seed with which the document gives what the product is committed to.
    fn seed_of(&self, product: &Product, payload: &[u8]) -> Result<Seed> {
        let commitment = product.commitment();
        let kept = state::read_json(&self.store()?.seed(commitment.content_root))?;
        let Some(Draft { seed }) = kept else {
            return Err(TaskError::NoSeed {
                product: product.id,
            }
            .into());
        };
        let seed = Seed::from(seed.0);
        if commit(payload, &seed).map_err(InputError::from)? == commitment {
            return Ok(seed);
        }
        Err(TaskError::OtherDocument(product.id).into())
    }
}

fn assigned(product: ProductId, solver: Address, transaction: Option<B256>) -> Assigned {
    Assigned {
        product,
        solver,
        transaction,
    }
}
