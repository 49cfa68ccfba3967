//! Conversion of an [`Error`] to MCP: an [`Outcome`] that the model reads, or an error of the protocol (JSON-RPC).

use std::error::Error as _;

use rmcp::ErrorData;
use rmcp::model::ErrorCode;

use crate::elicitation::Capability;
use crate::error::{Error, ErrorKind};
use crate::provider::{MAX_KEY_BYTES, Reply};
use crate::tool::Outcome;

/// Converts the failure of a tool's call. The model reads what it can act on, as an [`Outcome`]; the rest is for the
/// client.
#[expect(
    clippy::needless_pass_by_value,
    reason = "this is what `or_else` hands on"
)]
pub(super) fn outcome(error: Error) -> Result<Reply<Outcome>, ErrorData> {
    match error.kind() {
        ErrorKind::Stale | ErrorKind::Unsupported => Err(protocol(&error)),
        ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::TooLarge
        | ErrorKind::RateLimited
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Internal => Ok(Reply::Answer(Outcome::error(error.advice()))),
    }
}

/// Converts the failure to read a resource; `data` names one that does not exist (MCP, resources, error handling).
pub(super) fn resource(error: &Error, uri: &str) -> ErrorData {
    match error.kind() {
        ErrorKind::NotFound => {
            // A URI that is longer than any that is looked up is not sent back.
            let data = (uri.len() <= MAX_KEY_BYTES).then(|| serde_json::json!({ "uri": uri }));
            ErrorData::resource_not_found(error.message().to_owned(), data)
        }
        _ => protocol(error),
    }
}

/// Makes the error for a method that this client can't call (-32601).
pub(super) fn no_method(method: &str) -> ErrorData {
    let name: String = method.chars().take(100).collect();
    let message = format!(
        "there is no method `{name}` here; `server/discover`, or `initialize` before 2026-07-28, tells what this server can do"
    );
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
}

/// Replaces rmcp's error for an unknown method, whose message is the bare name, by a sentence.
pub(super) fn describe_no_method(error: ErrorData) -> ErrorData {
    let is_name = !error.message.contains(char::is_whitespace);
    if error.code == ErrorCode::METHOD_NOT_FOUND && is_name {
        no_method(&error.message)
    } else {
        error
    }
}

/// Converts the failure of anything but a tool's call ([`outcome`]) or a resource ([`resource`]).
pub(super) fn protocol(error: &Error) -> ErrorData {
    let message = error.advice();
    match error.kind() {
        ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::TooLarge
        | ErrorKind::Stale => ErrorData::invalid_params(message, None),
        ErrorKind::Unsupported => {
            let lacking = error
                .source()
                .and_then(|source| source.downcast_ref::<Capability>());
            let required =
                lacking.map(|capability| serde_json::json!({ "requiredCapabilities": capability.declaration() }));
            ErrorData::new(
                ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
                message,
                required,
            )
        }
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => {
            ErrorData::invalid_request(message, None)
        }
        ErrorKind::Conflict
        | ErrorKind::RateLimited
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Internal => ErrorData::internal_error(message, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_model_cannot_mend_is_an_error_of_the_protocol() {
        for &kind in ErrorKind::ALL {
            let converted = outcome(Error::new(kind, "seen").with_source("unseen"));
            let is_the_clients = matches!(kind, ErrorKind::Stale | ErrorKind::Unsupported);
            assert_eq!(converted.is_err(), is_the_clients, "{kind:?}");
            assert!(
                !format!(
                    "{converted:?} {:?}",
                    protocol(&Error::new(kind, "seen").with_source("unseen"))
                )
                .contains("unseen")
            );
        }
    }
}
