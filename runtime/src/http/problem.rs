//! [`Problem`], a refusal: a status, headers and a JSON body.
//!
//! | request | body |
//! |---|---|
//! | MCP | `{"jsonrpc": "2.0", "id": ID or null, "error": {"code": NUMBER, "message": SENTENCE}, "code": WORD, …}` |
//! | any other | `{"error": SENTENCE, "code": WORD, "error_description": SENTENCE, …}` |
//!
//! MCP clients show the message of a JSON-RPC error, OAuth clients `error_description` (RFC 6749 §5.2), which stands in both.
//! Causes are logged here, at the boundary, once; they never reach a body.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::body::{self, Response};
use crate::error::{Error, ErrorKind, whole_seconds};
use crate::identity::{Challenge, Denial};
use crate::log_limit::LogLimit;

/// The `Retry-After` of an outage, in seconds.
const RETRY_AFTER: &str = "2";

/// An answer that is a refusal: made from an [`Error`], or by one of its constructors where no error stands behind it.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    /// More fields of the body ([`Problem::with`]).
    more: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// True where a token was sent that is not valid: then [`Problem::with_challenges`] names the error.
    has_invalid_token: bool,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            more: Map::new(),
            headers: Vec::new(),
            has_invalid_token: false,
        }
    }

    /// Wraps a refusal that the MCP library sent as plain text.
    pub(super) fn of_status(status: StatusCode, message: String) -> Self {
        let code = match status {
            StatusCode::NOT_ACCEPTABLE => "not_acceptable",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge.code(),
            status if status.is_server_error() => ErrorKind::Internal.code(),
            _ => ErrorKind::Invalid.code(),
        };
        Self::new(status, code, message)
    }

    /// Makes a 400.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::Invalid.code(), message)
    }

    /// Makes a 401 for a request without a token (RFC 6750 §3: then the challenge names no error).
    pub(super) fn no_token() -> Self {
        let message = "this needs a token; send it as `Authorization: Bearer TOKEN`";
        Self::new(
            StatusCode::UNAUTHORIZED,
            ErrorKind::Unauthenticated.code(),
            message,
        )
    }

    /// Makes a 403 for a request from a host or an origin that may not send it, or whose credential does not open the
    /// route.
    pub(super) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorKind::Forbidden.code(), message)
    }

    /// Makes a 404 for a path.
    pub(super) fn no_such_path(path: &str) -> Self {
        Self::not_found(format!(
            "there is nothing at `{}`; MCP is at `/mcp`",
            shorten(path)
        ))
    }

    /// Makes a 404 for a path of a server whose own tokens are all that it takes. Clients whose token was refused look
    /// for an OAuth server ([`is_oauth`]), and show what they find instead.
    pub(super) fn no_such_path_nor_oauth(path: &str) -> Self {
        if !is_oauth(path) {
            return Self::no_such_path(path);
        }
        Self::not_found(format!(
            "there is no OAuth at `{}`: this server takes a token in `Authorization: Bearer TOKEN`; if yours was refused, it is not valid, so ask the server's operator for another",
            shorten(path)
        ))
    }

    fn not_found(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorKind::NotFound.code(), message)
    }

    /// Makes a 405, with the methods of the path in `Allow`.
    pub(super) fn method_not_allowed(allowed: impl AsRef<str>) -> Self {
        let allowed = allowed.as_ref();
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("use {allowed} here"),
        );
        let value = HeaderValue::from_str(allowed).unwrap_or(HeaderValue::from_static(""));
        problem.header(header::ALLOW, value)
    }

    /// Makes a 406 for a client that takes neither of MCP's media types ([`Accepted`](super::Accepted)).
    pub(super) fn not_acceptable() -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            "the answer is `application/json` or `text/event-stream`; let `Accept` name them",
        )
    }

    /// Makes a 408 for a body that takes too long.
    pub(super) fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "the body did not arrive in time",
        )
    }

    /// Makes a 413 for a body of more than [`MAX_BODY_BYTES`](body::MAX_BODY_BYTES).
    pub(super) fn body_too_large() -> Self {
        let message = format!("the body is larger than {} bytes", body::MAX_BODY_BYTES);
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::TooLarge.code(),
            message,
        )
    }

    /// Makes a 414.
    pub(crate) fn uri_too_long() -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            ErrorKind::TooLarge.code(),
            "the path and query are too long",
        )
    }

    /// Makes a 415 for a body that is not JSON.
    pub(super) fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send JSON, with `Content-Type: application/json`",
        )
    }

    /// Adds a field to the body.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub(super) const fn is_unauthenticated(&self) -> bool {
        self.status.as_u16() == 401
    }

    /// Converts to an answer outside of MCP.
    #[must_use]
    pub(crate) fn into_response(self) -> Response {
        let error = Value::from(self.message.as_ref());
        self.respond(vec![("error", error)])
    }

    /// Converts to the answer to an MCP request with this id, as far as that is known (JSON-RPC 2.0 §5: else it is
    /// null); [`json_rpc_code`] gives its code.
    pub(super) fn into_mcp_response(self, id: Option<Value>) -> Response {
        let error = json!({ "code": json_rpc_code(self.status), "message": self.message });
        self.respond(vec![
            ("jsonrpc", "2.0".into()),
            ("id", id.unwrap_or_default()),
            ("error", error),
        ])
    }

    fn respond(self, first: Vec<(&str, Value)>) -> Response {
        let always = [
            ("code", self.code.into()),
            ("error_description", self.message.into()),
        ];
        let mut body = self.more;
        body.extend(
            first
                .into_iter()
                .chain(always)
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut response = body::json(self.status.as_u16(), &body);
        let headers = response.headers_mut();
        // A cache may store a 404 or a 405 unasked (RFC 9110 §15.1), and to another caller it may be no such thing.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds the [`Challenge`]s to a 401 that has none yet; which rule a token broke is in the log alone.
    ///
    /// AWS's gateways rename `WWW-Authenticate`, so the body carries the challenges too.
    pub(super) fn with_challenges(self, challenges: &[Challenge]) -> Self {
        let has_some = self.more.contains_key("www_authenticate");
        if !self.is_unauthenticated() || has_some || challenges.is_empty() {
            return self;
        }
        let texts: Vec<_> = challenges
            .iter()
            .cloned()
            .map(|challenge| self.name_error(challenge).to_string())
            .collect();
        let text = texts.join(", ");
        let value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"));
        self.with("www_authenticate", text)
            .header(header::WWW_AUTHENTICATE, value)
    }

    /// Names the error of a token that was sent (RFC 6750 §3.1) in the [`Challenge`] of the scheme it was sent by.
    fn name_error(&self, challenge: Challenge) -> Challenge {
        if !self.has_invalid_token || !challenge.scheme().eq_ignore_ascii_case("bearer") {
            return challenge;
        }
        challenge
            .with_parameter("error", "invalid_token")
            .with_parameter("error_description", "the token is not valid")
    }
}

/// Returns whether a path is one where clients look for an OAuth server (RFC 8414, RFC 9728, RFC 7591, and the default
/// paths of MCP 2025-03-26).
fn is_oauth(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    matches!(path, "/register" | "/authorize" | "/token")
        || ["/.well-known/oauth-", "/.well-known/openid-configuration"]
            .iter()
            .any(|start| path.starts_with(start))
}

/// Returns the beginning of a path, as much as a message can repeat.
fn shorten(path: &str) -> String {
    path.chars().take(100).collect()
}

/// Returns the JSON-RPC code of a refusal. MCP 2026-07-28 lets nobody add codes between -32099 and -32000 ("error
/// codes"), so these are JSON-RPC's own; the `code` beside the error says which refusal it is.
const fn json_rpc_code(status: StatusCode) -> i32 {
    match status.as_u16() {
        500.. => -32_603,
        _ => -32_600,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status(error.kind());
        if status.is_server_error() || error.kind() == ErrorKind::Unauthenticated {
            log(status, &error);
        }
        let problem = Self::new(status, error.kind().code(), error.message().to_owned());
        match error.kind() {
            ErrorKind::Unauthenticated => Self {
                has_invalid_token: true,
                ..problem
            },
            ErrorKind::RateLimited | ErrorKind::Unavailable => {
                let seconds = error.retry_after().map(whole_seconds);
                let seconds =
                    seconds.map_or(HeaderValue::from_static(RETRY_AFTER), HeaderValue::from);
                problem.header(header::RETRY_AFTER, seconds)
            }
            _ => problem,
        }
    }
}

/// Logs a refusal, as far as a [`LogLimit`] lets it. What only a key's holder can cause
/// ([`Denial::is_of_signed_token`]) is counted by itself: a flood of garbage hides no use of a key that leaked.
fn log(status: StatusCode, error: &Error) {
    static UNAUTHENTICATED: LogLimit = LogLimit::new();
    static HOLDERS: LogLimit = LogLimit::new();
    static OUTAGES: LogLimit = LogLimit::new();
    let denial =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<Denial>());
    let limit = match denial {
        _ if status.is_server_error() => &OUTAGES,
        Some(denial) if denial.is_of_signed_token() => &HOLDERS,
        _ => &UNAUTHENTICATED,
    };
    if let Some(left_out) = limit.admit() {
        tracing::warn!(
            error = error.kind().code(),
            cause = error.chain(),
            left_out,
            "refused"
        );
    }
}

/// Returns the status of an [`ErrorKind`]; no other place maps kinds to statuses.
const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid | ErrorKind::Stale | ErrorKind::Unsupported => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_a_refusal_and_keeps_its_cause_to_itself() {
        for &kind in ErrorKind::ALL {
            let problem = Problem::from(Error::new(kind, "seen").with_source("unseen"));
            assert!(problem.status.is_client_error() || problem.status.is_server_error());
            assert_eq!(
                (problem.message.as_ref(), problem.code),
                ("seen", kind.code())
            );
            assert!(!format!("{problem:?}").contains("unseen"));
        }
    }

    #[test]
    fn only_a_server_without_other_issuers_says_that_it_knows_no_oauth() {
        for path in ["/register", "/.well-known/oauth-protected-resource/mcp"] {
            let alone = Problem::no_such_path_nor_oauth(path).message;
            assert!(alone.contains("no OAuth"), "{alone}");
            let with_others = Problem::no_such_path(path).message;
            assert!(!with_others.contains("OAuth"), "{with_others}");
        }
    }

    #[test]
    fn no_code_is_one_that_mcp_keeps_for_itself() {
        for status in (400..600).filter_map(|status| StatusCode::from_u16(status).ok()) {
            let code = json_rpc_code(status);
            assert!(
                !(-32_099..=-32_000).contains(&code) && code < 0,
                "{status}: {code}"
            );
        }
    }
}
