//! What becomes of a call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Upstream;

/// A result, or the error object of JSON-RPC.
pub type Answer = Result<Value, Value>;

/// A JSON-RPC call.
#[derive(Debug, Clone)]
pub struct Call {
    /// `eth_getLogs`.
    pub method: String,
    /// All of them, as they came.
    pub params: Value,
}

/// What is done with a call. What only waits leaves it to the rules that follow.
#[derive(Clone)]
pub enum Fault {
    /// It passes.
    Forward,
    /// It is answered with this result.
    Result(Value),
    /// It is answered with this error object.
    Error(Value),
    /// The whole request is answered with this HTTP status and text. A WebSocket ends.
    Status(u16, String),
    /// It waits this long.
    Delay(Duration),
    /// It waits until the gate is opened.
    Hold(Gate),
    /// The node gets it, and its answer is lost.
    Lose,
    /// The node never gets it, and yet it is answered: with its hash where it is a transaction, or else with null.
    Swallow,
    /// The head is told as it was this many blocks ago. All but the head is as it is.
    Stale(u64),
    /// The connection ends without an answer.
    Cut,
    /// Whatever this says; nothing leaves it to the rules that follow.
    Play(Play),
}

/// Answers a call, maybe with the help of the node.
pub type Play = Arc<dyn Fn(Call, Upstream) -> Playing + Send + Sync>;

/// A [`Play`] that goes on.
pub type Playing = Pin<Box<dyn Future<Output = Option<Answer>> + Send>>;

/// Holds calls until it is opened, once and for all.
#[derive(Debug, Clone, Default)]
pub struct Gate(CancellationToken);

/// For which calls a [`Fault`] is.
pub struct Rule {
    method: String,
    matches: Box<dyn Fn(&Call) -> bool + Send + Sync>,
    fault: Fault,
    left: AtomicUsize,
}

impl Call {
    /// The first parameter, if it is a text.
    pub fn text(&self) -> Option<&str> {
        self.params.get(0)?.as_str()
    }
}

impl Fault {
    /// An error with this code and message.
    pub fn error(code: i64, message: &str) -> Self {
        Self::Error(json!({ "code": code, "message": message }))
    }

    /// What an asynchronous function says.
    pub fn play<F>(play: impl Fn(Call, Upstream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Answer>> + Send + 'static,
    {
        Self::Play(Arc::new(move |call, node| Box::pin(play(call, node))))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward => f.write_str("Forward"),
            Self::Result(value) => write!(f, "Result({value})"),
            Self::Error(value) => write!(f, "Error({value})"),
            Self::Status(status, text) => write!(f, "Status({status}, {text:?})"),
            Self::Delay(time) => write!(f, "Delay({time:?})"),
            Self::Hold(_) => f.write_str("Hold"),
            Self::Lose => f.write_str("Lose"),
            Self::Swallow => f.write_str("Swallow"),
            Self::Stale(blocks) => write!(f, "Stale({blocks})"),
            Self::Cut => f.write_str("Cut"),
            Self::Play(_) => f.write_str("Play"),
        }
    }
}

impl Gate {
    /// Lets everything through that it held, and all that comes.
    pub fn open(&self) {
        self.0.cancel();
    }

    pub(super) async fn opened(&self) {
        self.0.cancelled().await;
    }
}

impl Rule {
    /// For all calls of a method, or of every method where it is `*`.
    pub fn on(method: &str, fault: Fault) -> Self {
        Self {
            method: method.to_owned(),
            matches: Box::new(|_| true),
            fault,
            left: AtomicUsize::new(usize::MAX),
        }
    }

    /// For those only that are like this.
    #[must_use]
    pub fn when(self, matches: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        Self {
            matches: Box::new(matches),
            ..self
        }
    }

    /// For so many of them, and then no more.
    #[must_use]
    pub fn times(self, count: usize) -> Self {
        Self {
            left: AtomicUsize::new(count),
            ..self
        }
    }

    /// What to do with the call, if it is one of the rule's; counts it.
    pub(super) fn take(&self, call: &Call) -> Option<&Fault> {
        let is_ours = (self.method == "*" || self.method == call.method) && (self.matches)(call);
        let left = |left: usize| match left {
            usize::MAX => Some(left),
            left => left.checked_sub(1),
        };
        let counted = || {
            self.left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
        };
        (is_ours && counted().is_ok()).then_some(&self.fault)
    }
}
