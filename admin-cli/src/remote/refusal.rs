//! Error responses of a server, and the errors that the CLI makes of them.

use mcp_lambda::{Error, ErrorKind, Result};
use reqwest::StatusCode;
use serde::Deserialize;

use super::RemoteAdmin;

/// The body of an error response.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    /// The sentence. The member `error` is an object on the MCP path, so it is not read.
    #[serde(rename = "error_description")]
    description: String,
    pub(super) code: String,
    pub(super) audience: Option<String>,
}

impl RemoteAdmin {
    /// Returns the error of a request that got no response.
    pub(super) fn connection_error(&self, error: reqwest::Error) -> Error {
        Error::unavailable(format!("{} can't be reached", self.url))
            .with_source(error.without_url())
    }

    /// Converts a refusal into the [`Error`] that the server had, or into one that its status stands for.
    pub(super) fn to_error(&self, status: StatusCode, refusal: Refusal) -> Error {
        match (status, ErrorKind::from_code(&refusal.code)) {
            (StatusCode::UNAUTHORIZED, _) => Error::unauthenticated(format!(
                "{} does not accept the signing key; connect again with the right one, or, if it was rotated just now, try again in a minute",
                self.url
            )),
            (_, Some(kind)) => Error::new(kind, refusal.description),
            (StatusCode::TOO_MANY_REQUESTS, None) => Error::rate_limited(format!(
                "{} has too many requests; try again later",
                self.url
            )),
            (status, None) if status.is_server_error() => {
                Error::unavailable(format!("{} answered {status}", self.url))
            }
            (status, None) => self.unknown_server_error(status),
        }
    }

    /// Checks a token or an id before it is printed in a command line or written to a file: a hostile server could put shell
    /// syntax into it.
    pub(super) fn check_characters(&self, what: &str, text: &str) -> Result<()> {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_allowed) {
            return Ok(());
        }
        Err(self.character_error(what))
    }

    /// Returns the error for a value with characters that no such value has; nothing of the value is in it.
    pub(super) fn character_error(&self, what: &str) -> Error {
        Error::unavailable(format!(
            "{} answered with a {what} that holds characters that none has; nothing of it is shown. Do not trust this server",
            self.url
        ))
    }

    /// Returns the error for a response that no mcp-lambda server sends.
    pub(super) fn unknown_server_error(&self, status: StatusCode) -> Error {
        Error::unavailable(format!(
            "what answers at {} is no mcp-lambda server (it said {status}); check the URL",
            self.url
        ))
    }
}
