use std::io;
use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a server or a feed. `what` is the request, such as `GET events/view/…`, at its server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not the URL of a server or feed.
    #[error("{0:?} is not the http:// or https:// URL of a MISP server or feed")]
    BadUrl(String),
    /// The key would go over the network in clear.
    #[error("{0} is without TLS: the key would go over the network in clear")]
    Insecure(String),
    /// Not a key.
    #[error("the key is none: it is empty, or has a space or a character beyond ASCII")]
    BadKey,
    /// A file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// No certificate, or no key beside it.
    #[error("{0} has no certificate in PEM, or not the private key that it needs")]
    BadCertificate(PathBuf),
    /// The system refuses to make a client of these settings.
    #[error("no TLS client can be made of the certificates: {0}")]
    Tls(String),
    /// Nobody is there, or is not who it should be.
    #[error("{what}: no connection: {cause}")]
    Unreachable {
        /// The request.
        what: String,
        /// Down to the last cause.
        cause: String,
    },
    /// No answer in time.
    #[error("{what}: no answer within {} s", within.as_secs())]
    TimedOut {
        /// The request.
        what: String,
        /// How long this was waited.
        within: Duration,
    },
    /// The connection ended before the answer did.
    #[error("{what}: the connection broke: {cause}")]
    Broken {
        /// The request.
        what: String,
        /// Down to the last cause.
        cause: String,
    },
    /// The server would have us go elsewhere.
    #[error("{what}: redirects to {to}, where the key does not go")]
    Redirected {
        /// The request.
        what: String,
        /// Where to.
        to: String,
    },
    /// The key is not known, or does not allow this.
    #[error("{what}: not allowed ({status}): {message}")]
    NotAllowed {
        /// The request.
        what: String,
        /// 401, 403 or 405.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// There is no such thing.
    #[error("{what}: there is none: {message}")]
    NotFound {
        /// The request.
        what: String,
        /// What the server says.
        message: String,
    },
    /// Too much was asked for.
    #[error("{what}: too many requests, the server says")]
    RateLimited {
        /// The request.
        what: String,
        /// When to ask again.
        after: Option<Duration>,
    },
    /// The server says no, be it with a status of success.
    #[error("{what}: refused ({status}): {message}")]
    Refused {
        /// The request.
        what: String,
        /// 200 too.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// The server is broken, or what stands before it.
    #[error("{what}: the server fails ({status}): {message}")]
    Failed {
        /// The request.
        what: String,
        /// From 500 on.
        status: u16,
        /// What it says; of a page, its title.
        message: String,
        /// When to ask again.
        after: Option<Duration>,
    },
    /// The answer is no MISP's: a page, or other JSON.
    #[error("{what}: the answer is not a MISP's: {found}")]
    NotMisp {
        /// The request.
        what: String,
        /// What it is instead.
        found: String,
    },
    /// More than anybody should have to take.
    #[error("{what}: the answer has more than {most} bytes")]
    TooLarge {
        /// The request.
        what: String,
        /// What is taken.
        most: usize,
    },
    /// The server does not have the event that something is about.
    #[error("the server has no event {0}")]
    NoEvent(Uuid),
    /// The document has no event that a server would take.
    #[error("the document is no event that a MISP takes: {0}")]
    NoCopy(&'static str),
    /// The feed says one thing and has another.
    #[error("the feed at {feed} is damaged: {cause}")]
    BadFeed {
        /// URL or folder.
        feed: String,
        /// What is wrong.
        cause: String,
    },
}

impl Error {
    /// A short name of the kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BadUrl(_) | Self::Insecure(_) => "misp-url",
            Self::BadKey => "misp-key",
            Self::File { .. } => "file",
            Self::BadCertificate(_) | Self::Tls(_) => "misp-certificate",
            Self::Unreachable { .. } | Self::Broken { .. } => "misp-unreachable",
            Self::TimedOut { .. } => "misp-slow",
            Self::Redirected { .. } => "misp-redirects",
            Self::NotAllowed { .. } => "misp-not-allowed",
            Self::NotFound { .. } | Self::NoEvent(_) => "misp-no-event",
            Self::RateLimited { .. } => "misp-rate-limit",
            Self::Refused { .. } => "misp-refuses",
            Self::Failed { .. } => "misp-fails",
            Self::NotMisp { .. } => "not-misp",
            Self::TooLarge { .. } => "misp-too-large",
            Self::NoCopy(_) => "bad-document",
            Self::BadFeed { .. } => "bad-feed",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::BadUrl(_) => {
                "give the server's base URL, without user and password, such as https://misp.example"
            }
            Self::Insecure(_) => "use https://, with --misp-ca for an authority of your own",
            Self::BadKey => {
                "put the key alone into the file or AYUMI_MISP_KEY, as MISP shows it once"
            }
            Self::File { .. } => "check the path and its permissions",
            Self::BadCertificate(_) | Self::Tls(_) => {
                "give PEM: the authority's certificate for --misp-ca, the client's with its private key for --misp-cert"
            }
            Self::Unreachable { .. } => {
                "check the URL; for a certificate of an own authority, name it with --misp-ca"
            }
            Self::TimedOut { .. } => "ask for less, or allow more time with --misp-timeout",
            Self::Broken { .. } => "run the command again: what was done is not done twice",
            Self::Redirected { .. } => "if you trust it, give that URL as the server's",
            Self::NotAllowed { .. } => {
                "check the key, the user's role, and from which addresses the key is allowed"
            }
            Self::NotFound { .. } => "check the uuid, and that the user may see the event",
            Self::RateLimited {
                after: Some(after), ..
            } => {
                return format!("run the command again in {} s", after.as_secs());
            }
            Self::RateLimited { after: None, .. } => "run the command again later",
            Self::Refused { .. } => "do what the server says, then run the command again",
            Self::Failed { .. } => {
                "look into the server's log; run the command again when it is well"
            }
            Self::NotMisp { .. } => {
                "check that the URL is the base URL of a MISP, not of a page before it"
            }
            Self::TooLarge { .. } => "split the event, or leave its attachments out",
            Self::NoEvent(_) => "bring it there first: ayumi misp sync",
            Self::NoCopy(_) => "export the event from MISP as JSON",
            Self::BadFeed { .. } => "ask who keeps the feed to write it anew",
        };
        hint.into()
    }

    /// Whether the request may have had its effect although this came back.
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(
            self,
            Self::TimedOut { .. } | Self::Broken { .. } | Self::Failed { .. }
        )
    }
}
