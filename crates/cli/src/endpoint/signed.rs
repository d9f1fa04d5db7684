//! The requests that an account signs.

use alloy::primitives::{B256, Bytes, Signature, U256, keccak256};
use alloy::sol_types::Eip712Domain;
use ayumi_chain::Wallet;
use ayumi_contracts::messages::{Asset, Fetch, Note, Receipt};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use super::{ANSWER_WITHIN, Endpoint, SolverError, TRANSFER_WITHIN, now, patiently};

/// How long a request for an item stays good, in seconds; a solver takes ten minutes at most.
const FETCH_S: u64 = 300;

impl Endpoint {
    /// Gives the solver a product's payload, sealed.
    pub(crate) async fn put_asset(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (content_root, payload_length): (B256, u64),
        sealed: Vec<u8>,
    ) -> Result<(), SolverError> {
        let message = Asset {
            contentRoot: content_root,
            payloadLength: payload_length,
            solver: self.solver,
        };
        let (signature, sealed) = (text(&wallet.sign(&message, domain)), Bytes::from(sealed));
        let path = format!("v1/assets/{content_root}");
        let put = || async {
            let request = self
                .request(Method::PUT, &path, TRANSFER_WITHIN)?
                .header("Ayumi-Payload-Length", payload_length)
                .header("Ayumi-Signature", &signature)
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(sealed.0.clone());
            self.answered(request).await.map(drop)
        };
        patiently(put).await
    }

    /// Fetches what a party of a task may have: `delivery`, `feedback-note` or `answer-note`, at most `limit` bytes.
    pub(crate) async fn fetch(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (task, item): (U256, &str),
        limit: usize,
    ) -> Result<Vec<u8>, SolverError> {
        let expiry = now() + FETCH_S;
        let message = Fetch {
            task,
            item: item.to_owned(),
            solver: self.solver,
            expiry,
        };
        let request = self
            .request(
                Method::GET,
                &format!("v1/tasks/{task}/{item}"),
                TRANSFER_WITHIN,
            )?
            .header("Ayumi-Signature", text(&wallet.sign(&message, domain)))
            .header("Ayumi-Expiry", expiry);
        let response = self.answered(request).await?;
        self.body(response, limit).await
    }

    /// Gives the solver the consumer's receipt.
    pub(crate) async fn post_receipt(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (task, ciphertext_root, key_hash): (U256, B256, B256),
    ) -> Result<(), SolverError> {
        let message = Receipt {
            task,
            ciphertextRoot: ciphertext_root,
            keyHash: key_hash,
        };
        let signature = text(&wallet.sign(&message, domain));
        let body = json!({ "ciphertextRoot": ciphertext_root, "keyHash": key_hash, "signature": signature });
        let path = format!("v1/tasks/{task}/receipt");
        let request = self.request(Method::POST, &path, ANSWER_WITHIN)?;
        self.answered(request.json(&body)).await.map(drop)
    }

    /// Leaves a sealed note for the other party of a task; `kind` is `feedback-note` or `answer-note`.
    pub(crate) async fn put_note(
        &self,
        wallet: &Wallet,
        domain: &Eip712Domain,
        (task, kind): (U256, &str),
        sealed: Vec<u8>,
    ) -> Result<(), SolverError> {
        let message = Note {
            task,
            kind: kind.to_owned(),
            sealedHash: keccak256(&sealed),
            solver: self.solver,
        };
        let (signature, sealed) = (text(&wallet.sign(&message, domain)), Bytes::from(sealed));
        let path = format!("v1/tasks/{task}/{kind}");
        let put = || async {
            let request = self
                .request(Method::PUT, &path, ANSWER_WITHIN)?
                .header("Ayumi-Signature", &signature)
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(sealed.0.clone());
            self.answered(request).await.map(drop)
        };
        patiently(put).await
    }
}

fn text(signature: &Signature) -> String {
    Bytes::from(signature.as_bytes().to_vec()).to_string()
}
