//! The one [error](Error) of the framework: what went wrong in a sentence that anyone may read, and the cause for the log.
//!
//! A message must never hold a secret or a value a user typed into a secret field; it names the thing and, where the
//! reader can act, says what to do next. Causes go to the log only.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The result of every fallible function of this crate: its error is an [`Error`] unless another is named.
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
    retry_after: Option<Duration>,
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
    /// Nothing of this name exists.
    NotFound,
    /// Something of this name exists already.
    AlreadyExists,
    /// Another call changed the same value in between; reading it again and trying again may help.
    Conflict,
    /// More bytes than can be accepted or stored.
    TooLarge,
    /// A cursor or a request's state that was changed, has expired, was used before, or is another user's.
    Stale,
    /// The client does not declare a capability that this needs (MCP -32021).
    Unsupported,
    /// Too many requests (HTTP 429); see [`Error::with_retry_after`].
    RateLimited,
    /// The deadline passed first.
    DeadlineExceeded,
    /// A service that this depends on can't be reached now.
    Unavailable,
    /// A bug of the server, or a broken installation.
    Internal,
}

impl ErrorKind {
    /// Every kind, for tables that must know them all.
    pub const ALL: &'static [Self] = &[
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

    /// Returns the code of this kind in JSON bodies and logs, in `snake_case`.
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

    /// Returns the kind whose [`code`](Self::code) this is.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

macro_rules! constructors {
    ($($name:ident => $kind:ident),+ $(,)?) => {$(
        #[doc = concat!("Makes an error of kind [`ErrorKind::", stringify!($kind), "`].")]
        #[must_use]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(ErrorKind::$kind, message)
        }
    )+};
}

impl Error {
    /// Makes an error of this kind with a message that is safe to show.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Repr {
            kind,
            message: message.into(),
            source: None,
            retry_after: None,
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

    /// Adds the cause, which is logged and never shown.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the time after which the caller may try again: `Retry-After` over HTTP (RFC 9110 §10.2.3), a
    /// half-sentence for a model.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mcp_lambda::Error;
    ///
    /// let error = Error::rate_limited("ten searches a minute are allowed").with_retry_after(Duration::from_secs(30));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    /// assert_eq!(error.advice(), "ten searches a minute are allowed; try again in 30 s");
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, time: Duration) -> Self {
        self.0.retry_after = Some(time);
        self
    }

    /// Returns the time after which the same request may succeed, if it is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the [message](Error::message), and when to try again where that is known: the text for a model.
    #[must_use]
    pub fn advice(&self) -> String {
        let seconds = self.retry_after().map(whole_seconds);
        let later = seconds.map(|seconds| format!("; try again in {seconds} s"));
        format!("{}{}", self.message(), later.unwrap_or_default())
    }

    /// Returns the error that a handler failed with: an [`Error`] as it is, and the text of any other.
    pub(crate) fn from_boxed(error: Box<dyn StdError + Send + Sync>) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(other) => Self::internal(other.to_string()),
        }
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the message alone, as [`Display`](fmt::Display) shows it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the [message](Error::message) followed by every cause, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let causes = self.causes().map(|causes| format!(": {causes}"));
        format!("{}{}", self.message(), causes.unwrap_or_default())
    }

    /// Returns every cause and not the [message](Error::message), which may quote a caller's arguments; `None` if there is none.
    #[must_use]
    pub fn causes(&self) -> Option<String> {
        let causes = std::iter::successors(self.source(), |error| (*error).source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        (!causes.is_empty()).then(|| causes.join(": "))
    }
}

/// Returns a time in whole seconds, rounded up: who comes back a little late is not refused again.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Turns the errors of other crates into an [`Error`]: a message for the reader, and the error itself as the cause, which
/// is logged and never shown.
///
/// ```
/// use mcp_lambda::prelude::*;
///
/// fn parse(text: &str) -> Result<u16> {
///     text.parse::<u16>().or_invalid("`port` must be a number such as 8080")
/// }
///
/// let error = parse("http").unwrap_err();
/// assert_eq!(error.to_string(), "`port` must be a number such as 8080");
/// assert_eq!(error.causes().unwrap(), "invalid digit found in string");
/// ```
pub trait ResultExt<T>: Sized {
    /// Replaces the error by one of this kind and message, and keeps it as the cause.
    ///
    /// # Errors
    /// The new error, where there was one.
    fn or_error(self, kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Result<T>;

    /// As [`or_error`](Self::or_error), with [`ErrorKind::Invalid`]: the caller can mend it.
    ///
    /// # Errors
    /// The new error, where there was one.
    fn or_invalid(self, message: impl Into<Cow<'static, str>>) -> Result<T> {
        self.or_error(ErrorKind::Invalid, message)
    }

    /// As [`or_error`](Self::or_error), with [`ErrorKind::Unavailable`]: another service can't be reached.
    ///
    /// # Errors
    /// The new error, where there was one.
    fn or_unavailable(self, message: impl Into<Cow<'static, str>>) -> Result<T> {
        self.or_error(ErrorKind::Unavailable, message)
    }

    /// As [`or_error`](Self::or_error), with [`ErrorKind::Internal`]: a bug or a broken installation.
    ///
    /// # Errors
    /// The new error, where there was one.
    fn or_internal(self, message: impl Into<Cow<'static, str>>) -> Result<T> {
        self.or_error(ErrorKind::Internal, message)
    }
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> ResultExt<T> for Result<T, E> {
    fn or_error(self, kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Result<T> {
        self.map_err(|error| Error::new(kind, message).with_source(error))
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
        for &kind in ErrorKind::ALL {
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
