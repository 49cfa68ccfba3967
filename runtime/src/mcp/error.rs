//! What a failure of ours is in MCP: an outcome that the model reads, or an error of the protocol.

use rmcp::ErrorData;

use crate::error::{Error, ErrorKind};
use crate::tool::Outcome;

/// A call that failed. The model is told whatever it can act on; only a tool that is not there is the client's affair.
#[expect(clippy::needless_pass_by_value, reason = "this is what `or_else` hands on")]
pub(super) fn outcome(error: Error) -> Result<Outcome, ErrorData> {
    match error.kind() {
        ErrorKind::NotFound => Err(protocol(&error)),
        ErrorKind::Invalid
        | ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::TooLarge
        | ErrorKind::RateLimited
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Internal => Ok(Outcome::error(error.message())),
    }
}

/// Anything else that failed.
pub(super) fn protocol(error: &Error) -> ErrorData {
    let message = error.message().to_owned();
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::AlreadyExists | ErrorKind::TooLarge => {
            ErrorData::invalid_params(message, None)
        }
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => ErrorData::invalid_request(message, None),
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
    fn only_an_unknown_tool_is_an_error_of_the_protocol() {
        for kind in ErrorKind::ALL {
            let told = outcome(Error::new(kind, "seen").with_source("unseen"));
            assert_eq!(told.is_err(), kind == ErrorKind::NotFound, "{kind:?}");
            assert!(
                !format!("{told:?} {:?}", protocol(&Error::new(kind, "seen").with_source("unseen"))).contains("unseen")
            );
        }
    }
}
