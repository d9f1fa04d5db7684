use std::time::Duration;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, U256};
use ayumi_contracts::{Periods, consortium_creation, operator_creation};

use crate::{Broadcast, Call, Chain, Contracts, Error, Result, Sender, Wallet};

/// Creates the contracts, with the account of `wallet` as the governor, and waits until they are there.
pub async fn deploy(chain: &Chain, wallet: &Wallet, periods: Periods) -> Result<Contracts> {
    let sender = Sender::new(chain.clone(), wallet.clone());
    let consortium = create(chain, &sender, consortium_creation(wallet.address())).await?;
    let operator = create(chain, &sender, operator_creation(consortium, periods)).await?;
    let chain = Chain::connect(chain.url().clone(), chain.network().clone(), operator).await?;
    Ok(chain.contracts())
}

async fn create(chain: &Chain, sender: &Sender, code: alloy::primitives::Bytes) -> Result<Address> {
    let call = Call {
        to: None,
        input: code,
        value: U256::ZERO,
    };
    let gas = sender.estimate(&call).await?;
    let nonce = sender.nonce(BlockNumberOrTag::Pending).await?;
    let signed = sender.sign(&call, nonce, gas).await?;
    match sender.broadcast(&signed).await {
        Broadcast::Accepted | Broadcast::NonceUsed => {}
        Broadcast::Refused(error) | Broadcast::Unknown(error) => return Err(error),
    }
    loop {
        if let Some(receipt) = sender.receipt(signed.hash).await? {
            let created = receipt.contract_address.filter(|_| receipt.status());
            return created.ok_or(Error::Failed { hash: signed.hash });
        }
        tokio::time::sleep(chain.network().poll().max(Duration::from_millis(10))).await;
    }
}
