use alloy::contract;
use alloy::primitives::{Address, B256};
use alloy::transports::{RpcError, TransportErrorKind};

use crate::Revert;
use crate::bearer::NoToken;

/// What Besu says to whom it does not know, with the HTTP status 401.
const UNAUTHORISED: i64 = -40100;

/// What [`crate`]'s functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between us and the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The node did not answer, or answered with something else than JSON-RPC.
    #[error("the node at {url} does not answer: {cause}")]
    Unreachable {
        /// Where it was asked.
        url: String,
        /// What the transport says.
        cause: String,
    },
    /// The node answers nobody without a valid token.
    #[error("the node at {url} does not let us in: {cause}")]
    Unauthorised {
        /// Where it was asked.
        url: String,
        /// What it says, or why there is no token.
        cause: String,
    },
    /// The node is one of another network.
    #[error("the node at {url} is on chain {found}, not on chain {expected}")]
    WrongChain {
        /// Where it was asked.
        url: String,
        /// From the configuration.
        expected: u64,
        /// From the node.
        found: u64,
    },
    /// There is no Ayumi operator at the address.
    #[error("there is no CTIOperator at {operator} on chain {chain_id}")]
    NoOperator {
        /// From the configuration.
        operator: Address,
        /// From the node.
        chain_id: u64,
    },
    /// The contract refused the call.
    #[error("the contract refused: {0}")]
    Reverted(Box<Revert>),
    /// The account cannot pay for the transaction.
    #[error("account {account} cannot pay for this: {cause}")]
    Funds {
        /// Whose transaction it is.
        account: Address,
        /// What the node says.
        cause: String,
    },
    /// The network does not let the account send.
    #[error("the network does not let account {account} send transactions: {cause}")]
    NotPermitted {
        /// Whose transaction it is.
        account: Address,
        /// What the node says.
        cause: String,
    },
    /// The transaction was mined and failed.
    #[error("transaction {hash} was mined and failed")]
    Failed {
        /// Of the transaction.
        hash: B256,
    },
    /// The node refused the request.
    #[error("the node refused {what}: {message} (code {code})")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// The JSON-RPC error code.
        code: i64,
        /// The JSON-RPC error message.
        message: String,
    },
    /// What the node answered does not fit what was asked.
    #[error("the node's answer to {what} makes no sense: {cause}")]
    Malformed {
        /// What was asked.
        what: &'static str,
        /// Why it does not fit.
        cause: String,
    },
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreachable { .. } => "start the node, or set ETH_RPC_URL or --rpc-url to one that runs".into(),
            Self::Unauthorised { .. } => {
                "have the network profile name a bearer_token_file, and see that the token in it is still valid".into()
            }
            Self::WrongChain { .. } => "set ETH_RPC_URL or --rpc-url to a node of the right network".into(),
            Self::NoOperator { .. } => {
                "set AYUMI_OPERATOR or --operator to the address that your consortium's governor announced".into()
            }
            Self::Reverted(revert) => revert.hint().into(),
            Self::Funds { account, .. } => format!("send money to {account}, or have the network profile say fees = \"zero\""),
            Self::NotPermitted { .. } => "ask the network's operators to put the account on the allowlist".into(),
            Self::Failed { .. } => "run the command again: it is simulated first, and will tell the reason".into(),
            Self::Refused { .. } | Self::Malformed { .. } => "see the node's log, or use another node".into(),
        }
    }

    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "node-unreachable",
            Self::Unauthorised { .. } => "unauthorised",
            Self::WrongChain { .. } => "wrong-chain",
            Self::NoOperator { .. } => "no-operator",
            Self::Reverted(revert) => revert.kind(),
            Self::Funds { .. } => "insufficient-funds",
            Self::NotPermitted { .. } => "not-permitted",
            Self::Failed { .. } => "transaction-failed",
            Self::Refused { .. } => "node-refused",
            Self::Malformed { .. } => "node-malformed",
        }
    }

    /// Whether the same call may go through later, without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Malformed { .. })
    }

    pub(crate) fn of_rpc(
        what: &'static str,
        url: &str,
        error: RpcError<TransportErrorKind>,
    ) -> Self {
        match error {
            RpcError::ErrorResp(response) if response.code == UNAUTHORISED => Self::Unauthorised {
                url: url.to_owned(),
                cause: response.message.into_owned(),
            },
            RpcError::ErrorResp(response) => match response.as_revert_data() {
                Some(data) => Self::Reverted(Box::new(Revert::decode(&data))),
                None => Self::Refused {
                    what,
                    code: response.code,
                    message: response.message.into_owned(),
                },
            },
            RpcError::Transport(cause) if is_unauthorised(&cause) => Self::Unauthorised {
                url: url.to_owned(),
                cause: innermost(&cause),
            },
            RpcError::Transport(cause) => Self::Unreachable {
                url: url.to_owned(),
                cause: innermost(&cause),
            },
            RpcError::DeserError { err, .. } => Self::Malformed {
                what,
                cause: err.to_string(),
            },
            other => Self::Malformed {
                what,
                cause: other.to_string(),
            },
        }
    }

    pub(crate) fn of_view(what: &'static str, url: &str, error: contract::Error) -> Self {
        match error {
            contract::Error::TransportError(cause) => Self::of_rpc(what, url, cause),
            other => Self::Malformed {
                what,
                cause: other.to_string(),
            },
        }
    }
}

/// Whether the node wants another token than it was shown, or there is none to show.
pub(crate) fn is_unauthorised(error: &TransportErrorKind) -> bool {
    match error {
        TransportErrorKind::Custom(cause) => cause.is::<NoToken>(),
        error => error
            .as_http_error()
            .is_some_and(|error| error.status == 401),
    }
}

/// What lies at the bottom of an error: "Connection refused" says more than "error sending request".
fn innermost(error: &TransportErrorKind) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
