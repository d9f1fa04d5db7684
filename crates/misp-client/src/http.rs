//! One request with its answer: bounded, and asked again where that does no harm.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use crate::access::{Access, Patience};
use crate::error::{Error, Result};

/// Until a connection is given up.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The longest answer that is taken: a document may have as much, and its JSON some more around it.
const MAX_ANSWER_BYTES: usize = ayumi_misp::MAX_DOCUMENT_BYTES + 64 * 1024;

/// The longest answer that is looked at for what went wrong.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The longest message that is passed on.
const MAX_MESSAGE_CHARS: usize = 300;

/// MISP's own header: seconds until the limit is lifted.
const RATE_LIMIT_RESET: &str = "x-rate-limit-reset";

/// Connections to one server.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: Url,
    within: Duration,
    patience: Patience,
}

/// Whether a request may be sent again before it is known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing.
    Freely,
    /// It changes something.
    Never,
}

impl Http {
    pub(crate) fn new(access: &Access) -> Result<Self> {
        // It fails where it was done before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settled = || {
            let builder = reqwest::Client::builder()
                .connect_timeout(CONNECT_WITHIN)
                .timeout(access.within)
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .user_agent(concat!("ayumi/", env!("CARGO_PKG_VERSION")));
            match &access.identity {
                Some(identity) => builder.identity(identity.clone()),
                None => builder,
            }
        };
        let client = match &access.authorities[..] {
            // The system may have none, and plain HTTP needs none.
            [] => settled()
                .build()
                .or_else(|_| settled().tls_certs_only([]).build()),
            given => settled().tls_certs_merge(given.to_vec()).build(),
        };
        let client = client.map_err(|error| Error::Tls(causes(&error)))?;
        Ok(Self {
            client,
            base: access.url.clone(),
            within: access.within,
            patience: access.patience,
        })
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// A request for a path below the base.
    pub(crate) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let url = self.base.join(path).ok();
        let url = url.filter(|url| url.as_str().starts_with(self.base.as_str()));
        let url = url.ok_or_else(|| Error::BadUrl(path.to_owned()))?;
        Ok(self.client.request(method, url))
    }

    /// The answer's bytes. A request that is too early is sent again in any case: nobody looked at it.
    pub(crate) async fn send(
        &self,
        what: &str,
        request: RequestBuilder,
        repeat: Repeat,
    ) -> Result<Vec<u8>> {
        let what = format!("{what} at {}", self.base);
        let (mut attempt, mut waited) = (0, Duration::ZERO);
        loop {
            attempt += 1;
            let this = request.try_clone().expect("bodies are bytes, not streams");
            let error = match self.once(&what, this).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => error,
            };
            match self.patience.pause(&error, attempt, repeat) {
                Some(pause) if waited + pause <= self.patience.longest => {
                    waited += pause;
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(error),
            }
        }
    }

    async fn once(&self, what: &str, request: RequestBuilder) -> Result<Vec<u8>> {
        let response = request.send().await;
        let mut response = response.map_err(|error| self.transport(what, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() {
            return self.body(what, &mut response, MAX_ANSWER_BYTES).await;
        }
        let bytes = self.body(what, &mut response, MAX_ERROR_BYTES).await;
        Err(failure(what, status, &headers, &bytes.unwrap_or_default()))
    }

    async fn body(&self, what: &str, response: &mut Response, most: usize) -> Result<Vec<u8>> {
        let too_large = || Error::TooLarge {
            what: what.to_owned(),
            most,
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > most as u64 {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(what, &error))?
        {
            if bytes.len() + chunk.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn transport(&self, what: &str, error: &reqwest::Error) -> Error {
        let what = what.to_owned();
        if error.is_connect() {
            let cause = causes(error);
            return Error::Unreachable { what, cause };
        }
        if error.is_timeout() {
            let within = self.within;
            return Error::TimedOut { what, within };
        }
        let cause = causes(error);
        Error::Broken { what, cause }
    }
}

impl Patience {
    /// How long to wait before the next attempt, if there is to be one.
    fn pause(&self, error: &Error, attempt: u32, repeat: Repeat) -> Option<Duration> {
        let pause = self.pause.saturating_mul(2_u32.saturating_pow(attempt - 1));
        if attempt >= self.tries {
            return None;
        }
        match error {
            Error::RateLimited { after, .. } => Some(after.unwrap_or(pause)),
            Error::Unreachable { .. } => Some(pause), // no byte of it went out
            Error::Failed { after, .. } if repeat == Repeat::Freely => Some(after.unwrap_or(pause)),
            Error::Broken { .. } if repeat == Repeat::Freely => Some(pause),
            _ => None, // one that was too slow had its time
        }
    }
}

/// The error that an answer without success is.
fn failure(what: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let (what, message) = (what.to_owned(), message(body));
    let number = status.as_u16();
    match number {
        300..=399 => Error::Redirected {
            what,
            to: shortened(
                headers
                    .get(LOCATION)
                    .and_then(|to| to.to_str().ok())
                    .unwrap_or("nowhere"),
            ),
        },
        401 | 403 | 405 => Error::NotAllowed {
            what,
            status: number,
            message,
        },
        404 if is_json(body) => Error::NotFound { what, message },
        404 => Error::NotMisp {
            what,
            found: message,
        },
        429 => Error::RateLimited {
            what,
            after: after(headers),
        },
        500.. => Error::Failed {
            what,
            status: number,
            message,
            after: after(headers),
        },
        _ => Error::Refused {
            what,
            status: number,
            message,
        },
    }
}

/// When the server would be asked again. A date is no number, and is left to our own pauses.
fn after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    let header = seconds(RETRY_AFTER.as_str()).or_else(|| seconds(RATE_LIMIT_RESET));
    header.map(Duration::from_secs)
}

fn is_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// What an answer says went wrong: MISP's message with its errors, or the title of a page.
pub(crate) fn message(body: &[u8]) -> String {
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(value) => said(&value),
        Err(_) => page(&String::from_utf8_lossy(body)),
    };
    shortened(&said)
}

fn said(value: &Value) -> String {
    let text = |key: &str| match value.get(key) {
        None | Some(Value::Null | Value::Bool(_)) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let message = text("message").or_else(|| text("name"));
    match (message, text("errors")) {
        (Some(message), Some(errors)) if message != errors => format!("{message} {errors}"),
        (Some(said), _) | (None, Some(said)) => said,
        (None, None) => "it says nothing of why".into(),
    }
}

/// A page's title, or the start of a text.
fn page(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(text[from..to].trim().to_owned())
    });
    match title {
        Some(title) => format!("a page, {title:?}"),
        None if lower.trim_start().starts_with('<') => "a page".into(),
        None if text.trim().is_empty() => "nothing".into(),
        None => format!("{:?}", shortened(text.trim())),
    }
}

pub(crate) fn shortened(text: &str) -> String {
    let mut short = text.chars().take(MAX_MESSAGE_CHARS).collect::<String>();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// An error with all that it is because of, without the URL, which may be said by who knows what it has.
fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.dedup();
    if causes.is_empty() {
        return "no cause is known".into();
    }
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        Patience::default()
    }

    fn failed(status: u16, headers: &[(&'static str, &str)]) -> Error {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = reqwest::header::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            })
            .collect();
        failure("x", StatusCode::from_u16(status).unwrap(), &headers, b"")
    }

    #[test]
    fn what_changes_something_is_not_sent_again_on_a_failure() {
        let pause = |error: &Error, repeat| patience().pause(error, 1, repeat);
        let failure = failed(502, &[]);
        assert_eq!(
            pause(&failure, Repeat::Freely),
            Some(Duration::from_millis(500))
        );
        assert_eq!(pause(&failure, Repeat::Never), None);
        let limited = failed(429, &[("retry-after", "7")]);
        let seven = Some(Duration::from_secs(7));
        assert_eq!(pause(&limited, Repeat::Never), seven);
        let limited = failed(429, &[("x-rate-limit-reset", "7")]);
        assert_eq!(pause(&limited, Repeat::Freely), seven);
        assert_eq!(pause(&failed(403, &[]), Repeat::Freely), None);
    }

    #[test]
    fn pauses_double_and_end() {
        let failure = failed(500, &[]);
        let pauses = (1..=4).map(|attempt| patience().pause(&failure, attempt, Repeat::Freely));
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(
            pauses.collect::<Vec<_>>(),
            [ms(500), ms(1_000), ms(2_000), None]
        );
    }

    #[test]
    fn a_message_is_found_wherever_it_is() {
        for (body, said) in [
            (
                r#"{"name":"Invalid event","message":"Invalid event","url":"/events/view/9"}"#,
                "Invalid event",
            ),
            (
                r#"{"saved":false,"name":"Could not add Event","message":"Could not add Event","errors":{"Event":{"info":["Info cannot be empty."]}}}"#,
                r#"Could not add Event {"Event":{"info":["Info cannot be empty."]}}"#,
            ),
            (
                r#"{"errors":"Sighting could not be saved"}"#,
                "Sighting could not be saved",
            ),
            (
                "<!DOCTYPE html><html><head><title>502 Bad Gateway</title>",
                "a page, \"502 Bad Gateway\"",
            ),
            ("", "nothing"),
            ("[]", "it says nothing of why"),
        ] {
            assert_eq!(message(body.as_bytes()), said);
        }
        assert!(message(&b"\xff<title>\xc3".repeat(9)).starts_with('"'));
        assert!(message("é".repeat(1_000).as_bytes()).chars().count() < 310);
    }
}
