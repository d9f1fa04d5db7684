use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::primitives::{Address, B256, Bytes, Signature, TxKind, keccak256};
use alloy::signers::SignerSync;
use alloy::signers::local::Secp256k1Signer;
use alloy::sol_types::{Eip712Domain, SolStruct};
use ayumi_chain::Call;
use ayumi_sealing::{Scope, SecretKey, derive_one_time_key};

/// An account that keeps count of its transactions by itself, and pays nothing for gas.
#[derive(Debug)]
pub struct Account {
    signer: Secp256k1Signer,
    nonce: u64,
}

impl Account {
    /// The account at `place` among those that `seed` stands for, before its transaction `nonce`.
    ///
    /// # Panics
    /// Where the hash is no key, which happens to one in 2¹²⁸.
    pub fn nth(seed: B256, place: u64, nonce: u64) -> Self {
        let key = keccak256([seed.as_slice(), &place.to_be_bytes()].concat());
        let signer = Secp256k1Signer::from_bytes(&key).expect("nearly every hash is a key");
        Self { signer, nonce }
    }

    /// On the chain.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Its transactions so far.
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Signs EIP-712 typed data.
    pub fn sign<T: SolStruct>(&self, message: &T, domain: &Eip712Domain) -> Signature {
        self.sign_hash(message.eip712_signing_hash(domain))
    }

    /// What the task of this nonce is sealed to.
    pub fn one_time_key(&self, scope: Scope, nonce: B256) -> SecretKey {
        derive_one_time_key(&self.signer.to_bytes(), scope, nonce)
    }

    /// Its next transaction, signed.
    pub fn transaction(&mut self, chain_id: u64, gas: u64, call: &Call) -> Bytes {
        let transaction = TxEip1559 {
            chain_id,
            nonce: self.nonce,
            gas_limit: gas,
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: call.value,
            input: call.input.clone(),
            ..TxEip1559::default()
        };
        self.nonce += 1;
        let signature = self.sign_hash(transaction.signature_hash());
        TxEnvelope::from(transaction.into_signed(signature))
            .encoded_2718()
            .into()
    }

    fn sign_hash(&self, hash: B256) -> Signature {
        self.signer
            .sign_hash_sync(&hash)
            .expect("a key in memory signs any hash")
    }
}
