use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::{Decodable2718, Encodable2718};
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::sol_types::SolCall;
use alloy::transports::RpcError;

use crate::{Chain, Error, Fees, Result, Wallet};

const GWEI: u128 = 1_000_000_000;

/// Gas of a transaction that does nothing.
const TRANSFER_GAS: u64 = 21_000;

/// What a transaction is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract; none to create one.
    pub to: Option<Address>,
    /// What to call it with.
    pub input: Bytes,
    /// Wei to send along.
    pub value: U256,
}

impl Call {
    /// Calls `function` of the contract at `to`.
    pub fn new(to: Address, function: &impl SolCall) -> Self {
        Self {
            to: Some(to),
            input: function.abi_encode().into(),
            value: U256::ZERO,
        }
    }

    /// Sends `value` wei along.
    #[must_use]
    pub fn paying(self, value: U256) -> Self {
        Self { value, ..self }
    }
}

/// A transaction as it goes over the wire. Whoever sends it stores it first, and afterwards sends these bytes again,
/// never others in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its place among the account's transactions.
    pub nonce: u64,
    /// Its name.
    pub hash: B256,
    /// The bytes.
    pub raw: Bytes,
}

impl Signed {
    fn transaction(&self) -> Result<TxEip1559> {
        match TxEnvelope::decode_2718_exact(&self.raw) {
            Ok(TxEnvelope::Eip1559(signed)) => Ok(signed.strip_signature()),
            _ => Err(Error::Malformed {
                what: "a stored transaction",
                cause: format!("{} is none of ours", self.hash),
            }),
        }
    }
}

/// What a unit of gas costs, in wei: what the newest block asks, and what is given on top.
#[derive(Debug, Clone, Copy)]
struct Fee {
    base: u128,
    tip: u128,
}

/// What a node takes in place of a transaction of the same nonce: an eighth more is asked of a replacement.
fn replacing(transaction: TxEip1559, fee: Fee) -> TxEip1559 {
    let eighth_more = |fee: u128| fee + fee.div_ceil(8);
    let tip = eighth_more(transaction.max_priority_fee_per_gas).max(fee.tip);
    TxEip1559 {
        max_fee_per_gas: eighth_more(transaction.max_fee_per_gas).max(2 * fee.base + tip),
        max_priority_fee_per_gas: tip,
        ..transaction
    }
}

/// What is known after a transaction was sent.
#[derive(Debug)]
pub enum Broadcast {
    /// The node has it, from now or from before.
    Accepted,
    /// Its nonce was used: by itself, if it was mined, or by another transaction of the account.
    NonceUsed,
    /// The node does not take it, and never will as it is.
    Refused(Error),
    /// Nobody knows. It may be on its way: look for its receipt, and send it again.
    Unknown(Error),
}

/// Sends transactions of one account, in steps: [`estimate`](Self::estimate), which simulates the call and tells why it
/// would fail; [`sign`](Self::sign); [`broadcast`](Self::broadcast); [`receipt`](Self::receipt). It keeps nothing: the
/// order of nonces, and the storing before the sending, are the caller's.
#[derive(Debug, Clone)]
pub struct Sender {
    chain: Chain,
    wallet: Wallet,
}

impl Sender {
    /// Of the account of `wallet` on `chain`.
    pub fn new(chain: Chain, wallet: Wallet) -> Self {
        Self { chain, wallet }
    }

    /// Whose transactions these are.
    pub fn account(&self) -> Address {
        self.wallet.address()
    }

    /// Simulates the call on the newest block, and returns the gas to allow for it: a fifth more than it takes there.
    ///
    /// What waits for a deadline may pass in the next block and not yet on the newest, which is old where a chain makes
    /// blocks for transactions alone; so a call that is refused there is tried in the next one.
    pub async fn estimate(&self, call: &Call) -> Result<u64> {
        let gas = match self.estimate_at(call, BlockId::latest()).await {
            Err(refusal @ Error::Reverted(_)) => {
                let next = self.estimate_at(call, BlockId::pending()).await;
                next.map_err(|_| refusal)
            }
            gas => gas,
        };
        gas.map(|gas| gas + gas / 5)
    }

    async fn estimate_at(&self, call: &Call, block: BlockId) -> Result<u64> {
        let request = self.request(call);
        let gas = self.chain.provider().estimate_gas(request).block(block);
        gas.await
            .map_err(|error| self.refusal("eth_estimateGas", error))
    }

    /// Calls without a transaction, on the newest block, and returns what the function returns.
    pub async fn simulate(&self, call: &Call) -> Result<Bytes> {
        self.chain
            .provider()
            .call(self.request(call))
            .await
            .map_err(|error| self.refusal("eth_call", error))
    }

    /// The account's transactions so far: mined only, or with those that the node has pending.
    pub async fn nonce(&self, tag: BlockNumberOrTag) -> Result<u64> {
        let count = self
            .chain
            .provider()
            .get_transaction_count(self.account())
            .block_id(tag.into())
            .await;
        count.map_err(|error| self.chain.error("eth_getTransactionCount", error))
    }

    /// Signs the call with what the network asks at the moment.
    pub async fn sign(&self, call: &Call, nonce: u64, gas: u64) -> Result<Signed> {
        let Fee { base, tip } = self.fee().await?;
        Ok(self.sign_as(TxEip1559 {
            chain_id: self.chain.chain_id(),
            nonce,
            gas_limit: gas,
            max_fee_per_gas: 2 * base + tip,
            max_priority_fee_per_gas: tip,
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: call.value,
            input: call.input.clone(),
            ..TxEip1559::default()
        }))
    }

    /// Signs the same for the same nonce at a higher fee, where the network asks for more than `signed` offers, and no
    /// more than the profile allows.
    pub async fn dearer(&self, signed: &Signed) -> Result<Option<Signed>> {
        let fee = self.fee().await?;
        let transaction = signed.transaction()?;
        if fee.base + fee.tip <= transaction.max_fee_per_gas {
            return Ok(None);
        }
        let dearer = replacing(transaction, fee);
        let most = u128::from(self.chain.network().max_fee_gwei) * GWEI;
        Ok((dearer.max_fee_per_gas <= most).then(|| self.sign_as(dearer)))
    }

    /// Signs what does nothing but use a nonce.
    pub async fn idle(&self, nonce: u64) -> Result<Signed> {
        let call = Call {
            to: Some(self.account()),
            input: Bytes::new(),
            value: U256::ZERO,
        };
        self.sign(&call, nonce, TRANSFER_GAS).await
    }

    /// Signs what does nothing but use the nonce of `signed`, in its place.
    pub async fn filler(&self, signed: &Signed) -> Result<Signed> {
        let replaced = signed.transaction()?;
        let filler = TxEip1559 {
            to: TxKind::Call(self.account()),
            value: U256::ZERO,
            input: Bytes::new(),
            gas_limit: TRANSFER_GAS,
            ..replacing(replaced, self.fee().await?)
        };
        Ok(self.sign_as(filler))
    }

    fn sign_as(&self, transaction: TxEip1559) -> Signed {
        let nonce = transaction.nonce;
        let signature = self.wallet.sign_hash(transaction.signature_hash());
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        Signed {
            nonce,
            hash: *envelope.tx_hash(),
            raw: envelope.encoded_2718().into(),
        }
    }

    /// Sends what was signed. Sending it twice does no harm.
    pub async fn broadcast(&self, signed: &Signed) -> Broadcast {
        let sent: std::result::Result<B256, _> = self
            .chain
            .provider()
            .client()
            .request("eth_sendRawTransaction", (&signed.raw,))
            .await;
        let error = match sent {
            Ok(hash) if signed.hash == hash => return Broadcast::Accepted,
            Ok(hash) => {
                let cause = format!("it names {hash}");
                return Broadcast::Unknown(Error::Malformed {
                    what: "eth_sendRawTransaction",
                    cause,
                });
            }
            Err(RpcError::ErrorResp(response)) => {
                let text = response.message.to_lowercase();
                if is_known(&text) {
                    return Broadcast::Accepted;
                }
                if response.code == -32001
                    || text.contains("nonce too low")
                    || text.contains("nonce is too low")
                {
                    return Broadcast::NonceUsed;
                }
                RpcError::ErrorResp(response)
            }
            Err(error) => error,
        };
        match self.refusal("eth_sendRawTransaction", error) {
            error @ (Error::Funds { .. }
            | Error::NotPermitted { .. }
            | Error::WrongChain { .. }) => Broadcast::Refused(error),
            error => Broadcast::Unknown(error),
        }
    }

    /// The block that has the transaction, final or not.
    pub async fn mined_in(&self, hash: B256) -> Result<Option<u64>> {
        let receipt = self.any_receipt(hash).await?;
        Ok(receipt.and_then(|receipt| receipt.block_number))
    }

    /// The receipt of a transaction in a block that counts as final. It is asked for once that block is known: one that was
    /// asked for before could be of a block that was taken back since.
    pub async fn receipt(&self, hash: B256) -> Result<Option<TransactionReceipt>> {
        let Some(head) = self.chain.final_head().await? else {
            return Ok(None);
        };
        let is_final = |receipt: &TransactionReceipt| {
            let number = receipt.block_number;
            number.is_some_and(|number| number <= head.number)
        };
        Ok(self.any_receipt(hash).await?.filter(is_final))
    }

    async fn any_receipt(&self, hash: B256) -> Result<Option<TransactionReceipt>> {
        let receipt = self.chain.provider().get_transaction_receipt(hash).await;
        receipt.map_err(|error| self.chain.error("eth_getTransactionReceipt", error))
    }

    fn request(&self, call: &Call) -> TransactionRequest {
        let request = TransactionRequest::default()
            .from(self.account())
            .input(call.input.clone().into())
            .value(call.value);
        match call.to {
            Some(to) => request.to(to),
            None => TransactionRequest {
                to: Some(TxKind::Create),
                ..request
            },
        }
    }

    async fn fee(&self) -> Result<Fee> {
        match self.chain.network().fees {
            Fees::Zero => Ok(Fee { base: 0, tip: 0 }),
            Fees::Market => {
                let block = self
                    .chain
                    .provider()
                    .get_block_by_number(BlockNumberOrTag::Latest)
                    .await;
                let block =
                    block.map_err(|error| self.chain.error("eth_getBlockByNumber", error))?;
                let base = block
                    .and_then(|block| block.header.base_fee_per_gas)
                    .unwrap_or(0);
                Ok(Fee {
                    base: base.into(),
                    tip: GWEI,
                })
            }
        }
    }

    /// Finds what the operator can act on in what a node says. The codes are Besu's, the texts anvil's and geth's.
    fn refusal(
        &self,
        what: &'static str,
        error: RpcError<alloy::transports::TransportErrorKind>,
    ) -> Error {
        match self.chain.error(what, error) {
            Error::Refused { code, message, .. } if code == -32004 || is_about_funds(&message) => {
                Error::Funds {
                    account: self.account(),
                    cause: message,
                }
            }
            Error::Refused {
                code: -32007,
                message,
                ..
            } => Error::NotPermitted {
                account: self.account(),
                cause: message,
            },
            error => error,
        }
    }
}

fn is_about_funds(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("insufficient funds")
        || message.contains("upfront cost")
        || message.contains("lack of funds")
}

/// "Known transaction" (Besu), "already known" (geth), "already imported" (anvil): the very bytes are there.
fn is_known(message: &str) -> bool {
    ["known transaction", "already known", "already imported"]
        .iter()
        .any(|text| message.contains(text))
}
