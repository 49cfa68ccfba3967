//! What a failure of ours is in MCP: an outcome that the model reads, or an error of the protocol.

use std::error::Error as _;

use rmcp::ErrorData;
use rmcp::model::ErrorCode;

use crate::elicitation::Capability;
use crate::error::{Error, ErrorKind};
use crate::provider::{MAX_ASKED_BYTES, Reply};
use crate::tool::Outcome;

/// A call of a tool that was found and failed. The model is told whatever it can act on; the rest is the client's affair.
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

/// A resource that can't be read: which one, if there is none (MCP, resources: not found).
pub(super) fn resource(error: &Error, uri: &str) -> ErrorData {
    match error.kind() {
        ErrorKind::NotFound => {
            // One that is longer than any that is looked for is not sent back.
            let data = (uri.len() <= MAX_ASKED_BYTES).then(|| serde_json::json!({ "uri": uri }));
            ErrorData::resource_not_found(error.message().to_owned(), data)
        }
        _ => protocol(error),
    }
}

/// A method that there is not, for this client.
pub(super) fn no_method(method: &str) -> ErrorData {
    let name: String = method.chars().take(100).collect();
    let message = format!(
        "there is no method `{name}` here; `server/discover`, or `initialize` before 2026-07-28, tells what this server can do"
    );
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None)
}

/// The same for an error of rmcp's, whose message is the method and nothing else.
pub(super) fn in_a_sentence(error: ErrorData) -> ErrorData {
    let is_name = !error.message.contains(char::is_whitespace);
    if error.code == ErrorCode::METHOD_NOT_FOUND && is_name {
        no_method(&error.message)
    } else {
        error
    }
}

/// Anything else that failed.
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
        for kind in ErrorKind::ALL {
            let told = outcome(Error::new(kind, "seen").with_source("unseen"));
            let is_the_clients = matches!(kind, ErrorKind::Stale | ErrorKind::Unsupported);
            assert_eq!(told.is_err(), is_the_clients, "{kind:?}");
            assert!(
                !format!(
                    "{told:?} {:?}",
                    protocol(&Error::new(kind, "seen").with_source("unseen"))
                )
                .contains("unseen")
            );
        }
    }
}
