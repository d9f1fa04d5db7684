use std::time::Duration;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::client::RpcClient;
use alloy::rpc::types::{Filter, Log};
use alloy::transports::http::Http;
use alloy::transports::layers::{RetryBackoffLayer, RetryPolicy};
use alloy::transports::utils::guess_local_url;
use alloy::transports::{RpcError, TransportError};
use ayumi_contracts::{ICTIOperator, ICTIToken, IConsortium, IERC1155, messages};
use ayumi_sealing::Scope;
use reqwest::{Client, ClientBuilder, Url};

use crate::bearer::Bearer;
use crate::error::is_unauthorised;
use crate::{Error, Network, Result};

/// Milliseconds between two tries of a request that the node did not answer.
const RETRY_MS: u64 = 250;

/// The addresses of the three contracts. The operator knows the other two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contracts {
    /// The `Consortium`.
    pub consortium: Address,
    /// The `CTIToken`.
    pub token: Address,
    /// The `CTIOperator`.
    pub operator: Address,
}

/// A block, as far as the position in the chain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Blocks before it.
    pub number: u64,
    /// Of its header.
    pub hash: B256,
    /// Unix seconds.
    pub timestamp: u64,
}

/// A node, and the three contracts on it. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Chain {
    network: Network,
    url: Url,
    provider: DynProvider,
    id: u64,
    contracts: Contracts,
}

impl Chain {
    /// Connects to the node at `url`, checks that it is one of `network`, and finds the contracts by their operator.
    pub async fn connect(url: Url, network: Network, operator: Address) -> Result<Self> {
        let contracts = Contracts {
            consortium: Address::ZERO,
            token: Address::ZERO,
            operator,
        };
        let mut chain = Self::bare(url, network, contracts).await?;
        if chain.code(operator).await?.is_empty() {
            return Err(Error::NoOperator {
                operator,
                chain_id: chain.id,
            });
        }
        let no_operator = |_| Error::NoOperator {
            operator,
            chain_id: chain.id,
        };
        chain.contracts.token = chain.operator().token().call().await.map_err(no_operator)?;
        chain.contracts.consortium = chain
            .token()
            .consortium()
            .call()
            .await
            .map_err(no_operator)?;
        Ok(chain)
    }

    /// Connects to a node on which there are no contracts yet.
    pub async fn without_contracts(url: Url, network: Network) -> Result<Self> {
        let nowhere = Address::ZERO;
        Self::bare(
            url,
            network,
            Contracts {
                consortium: nowhere,
                token: nowhere,
                operator: nowhere,
            },
        )
        .await
    }

    async fn bare(url: Url, network: Network, contracts: Contracts) -> Result<Self> {
        let provider = provider(&url, &network);
        let id = provider
            .get_chain_id()
            .await
            .map_err(|error| Error::of_rpc("eth_chainId", &origin(&url), error))?;
        if let Some(expected) = network.chain_id.filter(|expected| *expected != id) {
            return Err(Error::WrongChain {
                url: origin(&url),
                expected,
                found: id,
            });
        }
        Ok(Self {
            network,
            url,
            provider,
            id,
            contracts,
        })
    }

    /// The network's profile.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where the node is.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The id that the node reported.
    pub fn chain_id(&self) -> u64 {
        self.id
    }

    /// The addresses of the contracts.
    pub fn contracts(&self) -> Contracts {
        self.contracts
    }

    /// What binds sealed messages to this deployment.
    pub fn scope(&self) -> Scope {
        Scope {
            chain_id: self.id,
            operator: self.contracts.operator,
        }
    }

    /// What binds signed messages to this deployment.
    pub fn domain(&self) -> alloy::sol_types::Eip712Domain {
        messages::domain(self.id, self.contracts.operator)
    }

    /// The `Consortium`, to call.
    pub fn consortium(&self) -> IConsortium::IConsortiumInstance<&DynProvider> {
        IConsortium::new(self.contracts.consortium, &self.provider)
    }

    /// The `CTIToken`, to call.
    pub fn token(&self) -> ICTIToken::ICTITokenInstance<&DynProvider> {
        ICTIToken::new(self.contracts.token, &self.provider)
    }

    /// The `CTIToken` as the ERC-1155 that it is, to call.
    pub fn tickets(&self) -> IERC1155::IERC1155Instance<&DynProvider> {
        IERC1155::new(self.contracts.token, &self.provider)
    }

    /// The `CTIOperator`, to call.
    pub fn operator(&self) -> ICTIOperator::ICTIOperatorInstance<&DynProvider> {
        ICTIOperator::new(self.contracts.operator, &self.provider)
    }

    /// Wei that the account has.
    pub async fn balance(&self, account: Address) -> Result<U256> {
        self.provider
            .get_balance(account)
            .await
            .map_err(|error| self.error("eth_getBalance", error))
    }

    /// Wei that the account had at a block.
    pub async fn balance_at(&self, account: Address, block: BlockId) -> Result<U256> {
        let balance = self.provider.get_balance(account).block_id(block).await;
        balance.map_err(|error| self.error("eth_getBalance", error))
    }

    /// The newest block.
    pub async fn head(&self) -> Result<Head> {
        let head = self.block(BlockNumberOrTag::Latest).await?;
        head.ok_or(Error::Malformed {
            what: "eth_getBlockByNumber",
            cause: "there is no latest block".into(),
        })
    }

    /// The block of this number, if there is one.
    pub async fn block(&self, number: BlockNumberOrTag) -> Result<Option<Head>> {
        let block = self.provider.get_block_by_number(number).await;
        let block = block.map_err(|error| self.error("eth_getBlockByNumber", error))?;
        Ok(block.map(|block| Head {
            number: block.header.number,
            hash: block.header.hash,
            timestamp: block.header.timestamp,
        }))
    }

    /// The newest block that counts as final. `None` where the chain is younger than its finality.
    pub async fn final_head(&self) -> Result<Option<Head>> {
        let head = self.head().await?;
        match self.network.finality.of(head.number) {
            Some(number) if number == head.number => Ok(Some(head)),
            Some(number) => self.block(number.into()).await,
            None => Ok(None),
        }
    }

    /// All logs of the three contracts that `filter` lets through, from block `from` to block `to`, in order. Ranges
    /// are cut as the network asks, and halved where the node still refuses.
    pub async fn logs(&self, filter: &Filter, from: u64, to: u64) -> Result<Vec<Log>> {
        let mut logs = Vec::new();
        let mut next = from;
        let mut span = self.network.log_range.max(1);
        while next <= to {
            let last = to.min(next.saturating_add(span - 1));
            match self.log_range(filter, next, last).await {
                Ok(found) => {
                    logs.extend(found);
                    next = last + 1;
                }
                Err(Error::Refused { .. }) if last > next => {
                    span = (last - next).div_ceil(2).max(1);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(logs)
    }

    /// Checks what came back: nodes were seen to answer for other ranges and addresses.
    async fn log_range(&self, filter: &Filter, from: u64, to: u64) -> Result<Vec<Log>> {
        let Contracts {
            consortium,
            token,
            operator,
        } = self.contracts;
        let filter = filter
            .clone()
            .address(vec![consortium, token, operator])
            .from_block(from)
            .to_block(to);
        let logs = self
            .provider
            .get_logs(&filter)
            .await
            .map_err(|error| self.error("eth_getLogs", error))?;
        let place = |log: &Log| {
            log.block_number
                .filter(|number| (from..=to).contains(number))
                .zip(log.log_index)
        };
        let ours =
            |log: &Log| [consortium, token, operator].contains(&log.address()) && !log.removed;
        if logs.iter().all(|log| place(log).is_some() && ours(log))
            && logs.is_sorted_by(|one, next| place(one) < place(next))
        {
            return Ok(logs);
        }
        let cause = format!("logs are not those of blocks {from} to {to}");
        Err(Error::Malformed {
            what: "eth_getLogs",
            cause,
        })
    }

    pub(crate) fn provider(&self) -> &DynProvider {
        &self.provider
    }

    pub(crate) fn error(&self, what: &'static str, error: TransportError) -> Error {
        Error::of_rpc(what, &origin(&self.url), error)
    }

    /// Turns what a view of a contract failed with into an [`Error`].
    pub fn view_error(&self, error: alloy::contract::Error) -> Error {
        Error::of_view("eth_call", &origin(&self.url), error)
    }

    async fn code(&self, address: Address) -> Result<alloy::primitives::Bytes> {
        self.provider
            .get_code_at(address)
            .await
            .map_err(|error| self.error("eth_getCode", error))
    }
}

/// Where a node is, without what may be secret in its URL.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Has TLS be by rustls and ring, which compiles in seconds where reqwest's own choice takes minutes.
pub fn install_tls() {
    // It fails where it was done before, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An HTTP client with these settings. On a system without certificates of authorities, as minimal containers are, it
/// speaks HTTP alone, and knows no server of HTTPS.
pub fn http(settings: impl Fn(ClientBuilder) -> ClientBuilder) -> reqwest::Result<Client> {
    install_tls();
    let settled = || settings(Client::builder());
    let is_bare = |_| settled().tls_certs_only([]).build();
    settled().build().or_else(is_bare)
}

/// A node's JSON-RPC, spoken as the network's profile has it: for what [`Chain`] has no function for.
///
/// # Panics
///
/// If the system has nothing to make an HTTP client of.
pub fn provider(url: &Url, network: &Network) -> DynProvider {
    let client = http(|client| {
        let client = client.timeout(network.timeout());
        // To read all authorities takes longer than most questions do, and plain HTTP on this machine needs none.
        if url.scheme() == "http" && guess_local_url(url) {
            client.tls_certs_only([])
        } else {
            client
        }
    });
    let client = client.expect("the settings are constants, and valid");
    let tries = network.patience_s.saturating_mul(1_000) / RETRY_MS;
    let retry = RetryBackoffLayer::new_with_policy(
        u32::try_from(tries).unwrap_or(u32::MAX),
        RETRY_MS,
        u64::MAX, // no budget of "compute units": the nodes are our own
        Unanswered,
    );
    // The layer hides the cause of what it gives up on, so it is there only where it has something to do.
    let http = Http::with_client(client, url.clone());
    let is_local = http.guess_local();
    let transport = Bearer::new(http, network.bearer_token_file.clone());
    let client = match tries {
        0 => RpcClient::new(transport, is_local),
        _ => RpcClient::builder()
            .layer(retry)
            .transport(transport, is_local),
    };
    ProviderBuilder::new()
        .disable_recommended_fillers()
        .connect_client(client)
        .erased()
}

/// Asks again where the node did not answer at all. An answer, right or wrong, is one. Every request of ours may be
/// sent twice, transactions too, since they are signed.
#[derive(Debug, Clone)]
struct Unanswered;

impl RetryPolicy for Unanswered {
    fn should_retry(&self, error: &TransportError) -> bool {
        matches!(error, RpcError::Transport(cause) if !is_unauthorised(cause))
    }

    fn backoff_hint(&self, _: &TransportError) -> Option<Duration> {
        None
    }
}
