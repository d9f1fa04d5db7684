use alloy::primitives::{B256, Bytes};
use ayumi_chain::Signed;
use serde::{Deserialize, Serialize};

use crate::submit::Intent;

/// A transaction that was signed, and may have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What it is for.
    pub(crate) intent: Intent,
    nonce: u64,
    hash: B256,
    raw: Bytes,
}

impl Entry {
    pub(crate) fn new(intent: Intent, signed: &Signed) -> Self {
        Self {
            intent,
            nonce: signed.nonce,
            hash: signed.hash,
            raw: signed.raw.clone(),
        }
    }

    /// The very bytes.
    pub(crate) fn signed(&self) -> Signed {
        Signed {
            nonce: self.nonce,
            hash: self.hash,
            raw: self.raw.clone(),
        }
    }
}
