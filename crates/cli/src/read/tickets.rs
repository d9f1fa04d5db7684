use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};
use alloy::rpc::types::{Filter, Log};
use alloy::sol;
use alloy::sol_types::SolEvent;
use ayumi_chain::Chain;
use ayumi_contracts::ProductId;

use crate::error::Result;

sol! {
    event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
    event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values);
}

/// The tickets of an account, by product; out of the transfers of the `CTIToken`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tickets(pub BTreeMap<ProductId, U256>);

impl Tickets {
    /// Reads the tickets that `account` has at the newest block.
    pub async fn read(chain: &Chain, account: Address) -> Result<Self> {
        let head = chain.head().await?;
        let signatures = [
            TransferSingle::SIGNATURE_HASH,
            TransferBatch::SIGNATURE_HASH,
        ];
        let word = account.into_word();
        let gained = super::filtered(chain, head, Filter::new().topic3(word), &signatures).await?;
        let spent = super::filtered(chain, head, Filter::new().topic2(word), &signatures).await?;
        let mut tickets = BTreeMap::new();
        let token = chain.contracts().token;
        let amounts = |logs: Vec<Log>| {
            logs.into_iter()
                .filter(|log| log.address() == token)
                .flat_map(|log| amounts(&log))
                .collect::<Vec<_>>()
        };
        for (product, amount) in amounts(gained) {
            *tickets.entry(product).or_insert(U256::ZERO) += amount;
        }
        for (product, amount) in amounts(spent) {
            let left = tickets.entry(product).or_insert(U256::ZERO);
            *left = left.saturating_sub(amount);
        }
        tickets.retain(|_, amount| !amount.is_zero());
        Ok(Self(tickets))
    }
}

fn amounts(log: &Log) -> Vec<(ProductId, U256)> {
    let pairs = match (
        TransferSingle::decode_log(&log.inner),
        TransferBatch::decode_log(&log.inner),
    ) {
        (Ok(one), _) => vec![(one.id, one.value)],
        (_, Ok(many)) => many
            .ids
            .iter()
            .copied()
            .zip(many.values.iter().copied())
            .collect(),
        _ => Vec::new(),
    };
    let known = pairs
        .into_iter()
        .filter_map(|(id, amount)| Some((ProductId::try_from(id).ok()?, amount)));
    known.collect()
}
