//! What went wrong, as a status and a JSON body: `{"error": "a sentence", "code": "snake_case"}`.
//!
//! Causes are logged here, at the boundary, once; they never reach a body.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::body::{self, Response};
use crate::error::{Error, ErrorKind};

/// When a client may come back after an outage, in seconds.
const RETRY_AFTER: &str = "2";

/// An answer that is a refusal.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    body: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message: Cow<'static, str> = message.into();
        let body = [("error", Value::from(message)), ("code", Value::from(code))];
        Self {
            status,
            body: body.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
            headers: Vec::new(),
        }
    }

    /// 400.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::Invalid.code(), message)
    }

    /// 401 with no token (RFC 6750 §3: then the challenge names no error).
    pub(super) fn no_token() -> Self {
        let message = "this needs a token; send it as `Authorization: Bearer TOKEN`";
        Self::new(StatusCode::UNAUTHORIZED, ErrorKind::Unauthenticated.code(), message).challenge("Bearer")
    }

    /// 403 because of where the request comes from.
    pub(super) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorKind::Forbidden.code(), message)
    }

    /// 404 for a path.
    pub(super) fn no_such_path(path: &str) -> Self {
        let path: String = path.chars().take(100).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorKind::NotFound.code(),
            format!("there is nothing at `{path}`; MCP is at `/mcp`"),
        )
    }

    /// 405.
    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("use {allowed} here"));
        problem.header(header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// 408.
    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body did not arrive in time")
    }

    /// 413.
    pub(super) fn body_too_large() -> Self {
        let message = format!("the body is larger than {} bytes", body::MAX_BODY_BYTES);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::TooLarge.code(), message)
    }

    /// 415.
    pub(super) fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send JSON, with `Content-Type: application/json`",
        )
    }

    /// The same with one more field in the body.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.insert(name.to_owned(), value.into());
        self
    }

    pub(super) const fn is_unauthenticated(&self) -> bool {
        self.status.as_u16() == 401
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = body::json(self.status.as_u16(), &self.body);
        response.headers_mut().extend(self.headers);
        response
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// AWS's front doors rename `WWW-Authenticate`, so the body carries the challenge too.
    fn challenge(self, challenge: &'static str) -> Self {
        let problem = self.with("www_authenticate", challenge);
        problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status(error.kind());
        if status.is_server_error() || error.kind() == ErrorKind::Unauthenticated {
            tracing::warn!(error = error.kind().code(), cause = error.chain(), "refused");
        }
        let problem = Self::new(status, error.kind().code(), error.message().to_owned());
        match error.kind() {
            ErrorKind::Unauthenticated => problem.challenge(r#"Bearer error="invalid_token""#),
            ErrorKind::RateLimited | ErrorKind::Unavailable => {
                problem.header(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER))
            }
            _ => problem,
        }
    }
}

/// The one table from kinds to statuses.
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
        for kind in ErrorKind::ALL {
            let problem = Problem::from(Error::new(kind, "seen").with_source("unseen"));
            assert!(problem.status.is_client_error() || problem.status.is_server_error());
            assert_eq!(
                (&problem.body["error"], &problem.body["code"]),
                (&Value::from("seen"), &Value::from(kind.code()))
            );
            assert!(!format!("{problem:?}").contains("unseen"));
        }
    }
}
