use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ayumi_audit::{Error as IndexError, QueryError};
use serde_json::json;

use crate::error::Error;

/// Seconds after which what is busy is asked again.
const RETRY_AFTER: u64 = 1;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// There is no such path.
    #[error("there is no such page")]
    NoSuchRoute,
    /// A parameter that is the page's own.
    #[error("{value:?} is no {name}: expected {expected}")]
    Malformed {
        /// Of the parameter.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The question is not of its form, or of something that is not there.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The server is not known by this name.
    #[error("this server is not known as {0:?}")]
    OtherHost(String),
    /// The client asks more often than it may.
    #[error("too many requests")]
    TooOften {
        /// Until the next one.
        wait: Duration,
    },
    /// It took too long.
    #[error("the answer took too long")]
    TooSlow,
    /// Too much is asked at once.
    #[error("the auditor has too much to do")]
    Overloaded,
    /// There is no index yet.
    #[error("the chain was not read yet")]
    Unread,
    /// The index cannot be read. The log says why, and those who ask need not know.
    #[error("the index cannot be read at the moment")]
    Broken,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Index(IndexError::Query(error)) => Self::Query(error),
            Error::Index(IndexError::Missing(_)) => Self::Unread,
            Error::Ending => Self::Overloaded,
            error => {
                tracing::error!(cause = %error, "a request was not served");
                Self::Broken
            }
        }
    }
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchRoute | Self::Query(QueryError::Unknown { .. }) => StatusCode::NOT_FOUND,
            Self::Malformed { .. } | Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::OtherHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow | Self::Overloaded | Self::Unread | Self::Broken => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NoSuchRoute => "no-such-route",
            Self::Malformed { .. } => "usage",
            Self::Query(error) => error.kind(),
            Self::OtherHost(_) => "other-host",
            Self::TooOften { .. } => "too-often",
            Self::TooSlow => "too-slow",
            Self::Overloaded => "busy",
            Self::Unread => "unread",
            Self::Broken => "index",
        }
    }

    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchRoute | Self::Malformed { .. } => "see /v1/openapi.json, and the page",
            Self::Query(QueryError::Unknown { .. }) => "look for it in the lists of the page",
            Self::Query(_) => "see /v1/openapi.json for the parameters",
            Self::OtherHost(_) => "have the auditor started with --host and this name",
            Self::TooOften { .. } => "wait as long as Retry-After says, and ask for less at once",
            Self::TooSlow | Self::Overloaded => "ask for a shorter period, or again in a moment",
            Self::Unread => "ask again in a moment; /readyz says when",
            Self::Broken => "ask again in a moment, or tell who runs the auditor",
        }
    }

    /// When to ask again, where that may help, in seconds.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooOften { wait } => Some(RETRY_AFTER.max(wait.as_secs() + 1)),
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// Puts what is not to be guessed from the body into the answer's head.
    pub(crate) fn mark(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status();
        if let Some(seconds) = self.retry_after() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let error = json!({"error": {"kind": self.kind(), "message": self.to_string(), "hint": self.hint()}});
        self.mark(Json(error).into_response())
    }
}
