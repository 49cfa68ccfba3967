//! The one error of the framework: what went wrong in a sentence that anyone may read, and the cause for the log.
//!
//! A message must never hold a secret or a value a user typed into a secret field; it names the thing and, where the
//! reader can act, says what to do next. Causes go to the log only.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: its [`ErrorKind`], a message that is safe to show, and an optional cause that is not.
///
/// ```
/// use mcp_lambda::{Error, ErrorKind};
///
/// let error = Error::not_found("user `alice@example.com` does not exist");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.to_string(), "user `alice@example.com` does not exist");
/// ```
pub struct Error(Box<Repr>);

struct Repr {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of failure, each with one HTTP status, one JSON-RPC meaning and one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is wrong and would be wrong again.
    Invalid,
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// The credential holds but does not open this.
    Forbidden,
    /// What was named does not exist.
    NotFound,
    /// What was to be created exists.
    AlreadyExists,
    /// Somebody else changed it in between; reading again and trying again may help.
    Conflict,
    /// More bytes than can be taken or kept.
    TooLarge,
    /// What was handed out for later (a cursor, a request's state) does not hold: changed, expired, used, or another's.
    Stale,
    /// The client does not say that it can do what this needs.
    Unsupported,
    /// Too many requests; later it will work.
    RateLimited,
    /// The deadline passed first.
    DeadlineExceeded,
    /// Something we depend on cannot be reached now; later it may.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// Every kind, for tables that must know them all.
    pub const ALL: [Self; 13] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::TooLarge,
        Self::Stale,
        Self::Unsupported,
        Self::RateLimited,
        Self::DeadlineExceeded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The word for this kind in JSON bodies and logs, in `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::Stale => "stale",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate_limited",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The kind whose [`code`](Self::code) this is.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Conflict | Self::RateLimited | Self::DeadlineExceeded | Self::Unavailable
        )
    }
}

macro_rules! constructors {
    ($($name:ident => $kind:ident),+ $(,)?) => {$(
        #[doc = concat!("An error of kind [`ErrorKind::", stringify!($kind), "`].")]
        #[must_use]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(ErrorKind::$kind, message)
        }
    )+};
}

impl Error {
    /// An error of this kind with a message that is safe to show.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Repr {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    constructors! {
        invalid => Invalid,
        unauthenticated => Unauthenticated,
        forbidden => Forbidden,
        not_found => NotFound,
        already_exists => AlreadyExists,
        conflict => Conflict,
        too_large => TooLarge,
        stale => Stale,
        rate_limited => RateLimited,
        deadline_exceeded => DeadlineExceeded,
        unavailable => Unavailable,
        internal => Internal,
    }

    /// The same error with its cause, which is logged and never shown.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, as [`Display`](fmt::Display) shows it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The message followed by every cause, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let causes = self.causes().map(|causes| format!(": {causes}"));
        format!("{}{}", self.message(), causes.unwrap_or_default())
    }

    /// Every cause and not the message, which may quote what a caller asked for; `None` if there is none.
    #[must_use]
    pub fn causes(&self) -> Option<String> {
        let causes = std::iter::successors(self.source(), |error| (*error).source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        (!causes.is_empty()).then(|| causes.join(": "))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.code(), self.chain())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_code_and_is_found_by_it() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(kind));
        }
    }

    #[test]
    fn the_cause_is_in_the_chain_and_not_in_the_message() {
        let error =
            Error::unavailable("the store cannot be reached").with_source("connection refused");
        assert_eq!(error.to_string(), "the store cannot be reached");
        assert_eq!(
            error.chain(),
            "the store cannot be reached: connection refused"
        );
    }
}
