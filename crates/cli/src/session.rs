use std::path::Path;
use std::sync::Arc;

use alloy::primitives::Address;
use ayumi_chain::{Chain, Wallet};
use ayumi_sealing::Scope;

use crate::endpoint::Http;
use crate::error::{ConfigError, Result};
use crate::progress::{Observer, Silent};
use crate::state::Store;

/// One account on one chain, with what it keeps; or nobody, who can only read.
///
/// Flows are methods: `publish`, `buy`, `use_product` and so on. They may run side by side; sends of one account wait for
/// each other, also across processes.
#[derive(Debug, Clone)]
pub struct Session {
    chain: Chain,
    member: Option<(Wallet, Store)>,
    http: Http,
    observer: Arc<dyn Observer>,
}

impl Session {
    /// Of the account of `wallet`, whose state is in the folder `state`.
    pub async fn open(chain: Chain, wallet: Wallet, state: &Path) -> Result<Self> {
        let store = Store::open(state, &chain, wallet.address()).await?;
        Ok(Self {
            member: Some((wallet, store)),
            ..Self::reading(chain)
        })
    }

    /// Without an account.
    pub fn reading(chain: Chain) -> Self {
        Self {
            chain,
            member: None,
            http: Http::new(),
            observer: Arc::new(Silent),
        }
    }

    /// Tells `observer` how far flows are.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The account's key.
    pub fn wallet(&self) -> Result<&Wallet> {
        let (wallet, _) = self.member.as_ref().ok_or(ConfigError::NoAccount)?;
        Ok(wallet)
    }

    /// The account.
    pub fn account(&self) -> Result<Address> {
        self.wallet().map(Wallet::address)
    }

    /// What the account keeps.
    pub fn store(&self) -> Result<&Store> {
        let (_, store) = self.member.as_ref().ok_or(ConfigError::NoAccount)?;
        Ok(store)
    }

    /// Who is told how far flows are.
    pub fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) fn scope(&self) -> Scope {
        self.chain.scope()
    }
}
