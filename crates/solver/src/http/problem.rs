use std::io;
use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::payloads::PayloadError;
use crate::store::StoreError;

/// Seconds after which to ask again for what is about to be there.
const RETRY_AFTER: u64 = 1;

/// The kind of a refusal, for who counts them.
#[derive(Debug, Clone, Copy)]
pub struct Kind(pub &'static str);

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is nothing at this path, or not for this method.
    #[error("there is nothing here")]
    NoSuchRoute,
    /// There is something at this path, but not for this method.
    #[error("this is not what can be done here")]
    WrongMethod,
    /// More is sent than can be of use.
    #[error("the body has more than the {most} bytes that it may have")]
    TooLarge {
        /// The most bytes.
        most: usize,
    },
    /// The request takes too long, or nothing of it comes.
    #[error("the request did not come, or was not done, in time")]
    TooSlow,
    /// The client asks too much.
    #[error("this address asks too often, or for too much at once")]
    TooOften {
        /// Until it may ask again.
        wait: Duration,
    },
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
    /// The signature is one of nobody.
    #[error("the signature is of no account, or has a high s")]
    NoSignature,
    /// The time of the signed request is over, or too far ahead.
    #[error("the request's expiry {0} is over, or more than ten minutes ahead")]
    ExpiredRequest(u64),
    /// The signer is not in the consortium.
    #[error("account {0} is no active member of the consortium")]
    NotMember(String),
    /// There is no such task yet, or another solver has it.
    #[error("task {0} is not known here, or not yet")]
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
    /// Too much is being sent at once, or the disk does not take it.
    #[error("what is to be sent has no room in memory, and cannot be put aside")]
    Unsent(io::Error),
    /// Too much is asked at once.
    #[error("the solver has too much to do")]
    Overloaded,
}

impl Problem {
    /// What a library refused with this status, saying this.
    pub fn of(status: StatusCode, said: String) -> Self {
        match status {
            StatusCode::METHOD_NOT_ALLOWED => Self::WrongMethod,
            StatusCode::NOT_FOUND => Self::NoSuchRoute,
            StatusCode::REQUEST_TIMEOUT => Self::TooSlow,
            status if status.is_client_error() => Self::Malformed(said),
            _ => Self::Overloaded,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BadSignature { .. } | Self::NoSignature | Self::ExpiredRequest(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::NotMember(_) => StatusCode::FORBIDDEN,
            Self::NoSuchRoute | Self::UnknownTask(_) | Self::NoNote { .. } => StatusCode::NOT_FOUND,
            Self::NotPrepared(_) | Self::OtherReceipt(_) => StatusCode::CONFLICT,
            Self::Closed { .. } => StatusCode::GONE,
            Self::NotTheContent(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMuch { .. } => StatusCode::INSUFFICIENT_STORAGE,
            Self::Chain(_)
            | Self::Store(_)
            | Self::Payload(_)
            | Self::Unsent(_)
            | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NoSuchRoute => "no-such-route",
            Self::WrongMethod => "wrong-method",
            Self::TooLarge { .. } => "too-large",
            Self::TooSlow => "too-slow",
            Self::TooOften { .. } => "too-often",
            Self::Malformed(_) => "malformed",
            Self::BadSignature { .. } | Self::NoSignature => "bad-signature",
            Self::ExpiredRequest(_) => "expired-request",
            Self::NotMember(_) => "not-member",
            Self::UnknownTask(_) => "unknown-task",
            Self::NoNote { .. } => "no-note",
            Self::NotPrepared(_) => "not-prepared",
            Self::OtherReceipt(_) => "other-receipt",
            Self::Closed { .. } => "closed",
            Self::NotTheContent(_) => "not-the-content",
            Self::TooMuch { .. } => "too-much",
            Self::Chain(_)
            | Self::Store(_)
            | Self::Payload(_)
            | Self::Unsent(_)
            | Self::Overloaded => "busy",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchRoute | Self::WrongMethod | Self::Malformed(_) | Self::TooLarge { .. } => {
                "see docs/protocol.md"
            }
            Self::TooSlow => "send the request in one go, over a faster line",
            Self::TooOften { .. } => "wait as long as Retry-After says, and ask for less at once",
            Self::BadSignature { .. } | Self::NoSignature => {
                "sign with the account that the item is for"
            }
            Self::ExpiredRequest(_) => "check the clock of this machine",
            Self::NotMember(_) => "ask the governor to enrol the account",
            Self::UnknownTask(_)
            | Self::NotPrepared(_)
            | Self::Chain(_)
            | Self::Store(_)
            | Self::Payload(_)
            | Self::Unsent(_)
            | Self::Overloaded => "ask again in a moment",
            Self::TooMuch { .. } => "ask the solver's operator for more room",
            Self::NoNote { .. } => "there was none, or it is on its way",
            Self::OtherReceipt(_) => "fetch the delivery again",
            Self::Closed { .. } => "the ticket or its price is back with the consumer",
            Self::NotTheContent(_) => "compute the content root over exactly these bytes",
        }
    }

    /// When to ask again, where that may help, in seconds.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooOften { wait } => Some(RETRY_AFTER.max(wait.as_secs() + 1)),
            Self::UnknownTask(_)
            | Self::NotPrepared(_)
            | Self::Chain(_)
            | Self::Store(_)
            | Self::Payload(_)
            | Self::Unsent(_)
            | Self::Overloaded => Some(RETRY_AFTER),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(cause) => tracing::error!(%cause, "a request could not be served"),
            Self::Payload(cause) => tracing::error!(%cause, "a request could not be served"),
            Self::Unsent(cause) => tracing::error!(%cause, "a request could not be served"),
            _ => {}
        }
        let error = json!({"error": {"kind": self.kind(), "message": self.to_string(), "hint": self.hint()}});
        let mut response = (self.status(), Json(error)).into_response();
        response.extensions_mut().insert(Kind(self.kind()));
        if let Some(seconds) = self.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
