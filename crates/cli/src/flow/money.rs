use alloy::primitives::{Address, B256, U256};
use ayumi_chain::Call;
use ayumi_contracts::ICTIToken;

use crate::error::Result;
use crate::read::Tickets;
use crate::session::Session;
use crate::submit::{Intent, Sent};

/// What an account has.
#[derive(Debug, Clone)]
pub struct Balance {
    /// Whose it is.
    pub account: Address,
    /// On the account itself.
    pub wei: U256,
    /// In the till, to be collected.
    pub credit: U256,
    /// By product.
    pub tickets: Tickets,
}

impl Session {
    /// What the account has.
    pub async fn balance(&self) -> Result<Balance> {
        let (chain, account) = (self.chain(), self.account()?);
        let credit = chain.token().creditOf(account).call().await;
        Ok(Balance {
            account,
            wei: chain.balance(account).await?,
            credit: credit.map_err(|error| chain.view_error(error))?,
            tickets: Tickets::read(chain, account).await?,
        })
    }

    /// Pays the whole credit out; to the account itself, if nobody else is named. Returns the wei.
    pub async fn collect(&self, recipient: Option<Address>) -> Result<Sent<(U256, B256)>> {
        let recipient = recipient.map_or_else(|| self.account(), Ok)?;
        let token = self.chain().contracts().token;
        let call = Call::new(token, &ICTIToken::collectCall { recipient });
        let mined = self
            .send(Intent::new(format!("collect to {recipient}"), &()), &call)
            .await?;
        let event: ICTIToken::Collected = mined.event(token)?;
        Ok(Sent {
            result: (event.amount, mined.hash()),
            mined: Some(mined),
        })
    }
}
