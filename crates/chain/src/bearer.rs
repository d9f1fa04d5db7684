use std::path::PathBuf;
use std::task::{Context, Poll};
use std::{fs, io};

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use alloy::transports::http::Http;
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use tower::Service;

/// The way to a node that wants to know who asks: each request carries the token that the file holds at that moment.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    inner: Http<Client>,
    file: Option<PathBuf>,
}

/// Why a request has no token to carry.
#[derive(Debug, thiserror::Error)]
#[error("the token file {path} cannot be used: {cause}")]
pub(crate) struct NoToken {
    path: PathBuf,
    cause: io::Error,
}

impl Bearer {
    /// Of the token in `file`, or of none.
    pub(crate) fn new(inner: Http<Client>, file: Option<PathBuf>) -> Self {
        Self { inner, file }
    }

    fn header(&self) -> Result<Option<HeaderValue>, NoToken> {
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let header = fs::read_to_string(path).and_then(|token| {
            let mut header = HeaderValue::try_from(format!("Bearer {}", token.trim()))
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            header.set_sensitive(true);
            Ok(header)
        });
        header.map(Some).map_err(|cause| NoToken {
            path: path.clone(),
            cause,
        })
    }
}

impl Service<RequestPacket> for Bearer {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: RequestPacket) -> Self::Future {
        match self.header() {
            Ok(None) => {}
            // All calls of a batch travel under the headers of the first.
            Ok(Some(header)) => {
                if let Some(first) = request.requests_mut().first_mut() {
                    first.headers_mut().insert(AUTHORIZATION, header);
                }
            }
            Err(cause) => {
                return Box::pin(std::future::ready(Err(TransportErrorKind::custom(cause))));
            }
        }
        self.inner.call(request)
    }
}
