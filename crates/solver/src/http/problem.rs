use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::payloads::PayloadError;
use crate::store::StoreError;

/// Seconds after which to ask again for what is about to be there.
const RETRY_AFTER: &str = "1";

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is nothing at this path, or not for this method.
    #[error("there is nothing here")]
    NoSuchRoute,
    /// The request is not of its form.
    #[error("{0}")]
    Malformed(String),
    /// The signature is none of an account that may.
    #[error("the signature is of {signer}, not of {expected}")]
    BadSignature {
        /// Recovered.
        signer: String,
        /// Who may.
        expected: String,
    },
    /// The time of the signed request is over, or too far ahead.
    #[error("the request's expiry {0} is over, or more than ten minutes ahead")]
    ExpiredRequest(u64),
    /// The signer is not in the consortium.
    #[error("account {0} is no active member of the consortium")]
    NotMember(String),
    /// There is no such task yet, or another solver has it.
    #[error("task {0} is not known here, or not yet final")]
    UnknownTask(u64),
    /// Nobody left a note.
    #[error("task {task} has no {kind}")]
    NoNote {
        /// Which.
        task: u64,
        /// `feedback-note` or `answer-note`.
        kind: String,
    },
    /// The key is not drawn yet.
    #[error("the delivery of task {0} is not ready yet")]
    NotPrepared(u64),
    /// The receipt is for something else.
    #[error("the receipt is not for what was served of task {0}")]
    OtherReceipt(u64),
    /// The task ended otherwise.
    #[error("task {task} is {ending}")]
    Closed {
        /// Which.
        task: u64,
        /// The name of its state.
        ending: String,
    },
    /// The producer has too much here.
    #[error("the payloads of one producer may have {limit_mb} MiB in all")]
    TooMuch {
        /// From the configuration.
        limit_mb: u64,
    },
    /// The asset does not give its content root.
    #[error("the asset is not what it is said to be: {0}")]
    NotTheContent(String),
    /// The chain does not answer.
    #[error("the chain is not to be had: {0}")]
    Chain(#[from] ayumi_chain::Error),
    /// The store does not work.
    #[error("the store does not work")]
    Store(#[from] StoreError),
    /// The payload store does not work.
    #[error("the payload store does not work")]
    Payload(#[from] PayloadError),
    /// Too much is asked at once.
    #[error("the solver has too much to do")]
    Overloaded,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::BadSignature { .. } | Self::ExpiredRequest(_) => StatusCode::UNAUTHORIZED,
            Self::NotMember(_) => StatusCode::FORBIDDEN,
            Self::NoSuchRoute | Self::UnknownTask(_) | Self::NoNote { .. } => StatusCode::NOT_FOUND,
            Self::NotPrepared(_) | Self::OtherReceipt(_) => StatusCode::CONFLICT,
            Self::Closed { .. } => StatusCode::GONE,
            Self::NotTheContent(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMuch { .. } => StatusCode::INSUFFICIENT_STORAGE,
            Self::Chain(_) | Self::Store(_) | Self::Payload(_) | Self::Overloaded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NoSuchRoute => "no-such-route",
            Self::Malformed(_) => "malformed",
            Self::BadSignature { .. } => "bad-signature",
            Self::ExpiredRequest(_) => "expired-request",
            Self::NotMember(_) => "not-member",
            Self::UnknownTask(_) => "unknown-task",
            Self::NoNote { .. } => "no-note",
            Self::NotPrepared(_) => "not-prepared",
            Self::OtherReceipt(_) => "other-receipt",
            Self::Closed { .. } => "closed",
            Self::NotTheContent(_) => "not-the-content",
            Self::TooMuch { .. } => "too-much",
            Self::Chain(_) | Self::Store(_) | Self::Payload(_) | Self::Overloaded => "busy",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchRoute | Self::Malformed(_) => "see docs/protocol.md",
            Self::BadSignature { .. } => "sign with the account that the item is for",
            Self::ExpiredRequest(_) => "check the clock of this machine",
            Self::NotMember(_) => "ask the governor to enrol the account",
            Self::UnknownTask(_)
            | Self::NotPrepared(_)
            | Self::Chain(_)
            | Self::Store(_)
            | Self::Payload(_)
            | Self::Overloaded => "ask again in a moment",
            Self::TooMuch { .. } => "ask the solver's operator for more room",
            Self::NoNote { .. } => "there was none, or it is on its way",
            Self::OtherReceipt(_) => "fetch the delivery again",
            Self::Closed { .. } => "the ticket or its price is back with the consumer",
            Self::NotTheContent(_) => "compute the content root over exactly these bytes",
        }
    }

    fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::UnknownTask(_)
                | Self::NotPrepared(_)
                | Self::Chain(_)
                | Self::Store(_)
                | Self::Payload(_)
                | Self::Overloaded
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(cause) => tracing::error!(%cause, "a request could not be served"),
            Self::Payload(cause) => tracing::error!(%cause, "a request could not be served"),
            _ => {}
        }
        let error = json!({"error": {"kind": self.kind(), "message": self.to_string(), "hint": self.hint()}});
        let mut response = (self.status(), Json(error)).into_response();
        if self.may_pass() {
            let seconds = header::HeaderValue::from_static(RETRY_AFTER);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
