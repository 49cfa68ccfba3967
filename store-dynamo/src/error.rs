//! What AWS says, as the seams' errors. Everything that may pass is `Unavailable`; causes are for the log, and so are names
//! of tables and secrets: messages are read by whoever calls.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use mcp_lambda::Error;

/// Whether a write's condition did not hold.
pub(crate) fn is_unmet<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}

/// Whether a transaction about the same item stood in the way: it passes in milliseconds, and the SDK does not wait for it.
pub(crate) fn is_contended<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("TransactionConflictException")
}

/// Writes about the same items went on for too long.
pub(crate) fn contended(table: &str) -> Error {
    Error::unavailable(
        "the users' table has too many writes about the same record at once; try again",
    )
    .with_source(named(table))
}

/// Why a call of DynamoDB failed, other than by its condition.
pub(crate) fn outage<E, R>(table: &str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let message = error.message().unwrap_or_default().to_owned();
    let told = match error.code() {
        Some("ValidationException") if message.contains("size") => {
            Error::too_large("the value is too large for a DynamoDB item (400 KB): split it")
        }
        Some("ValidationException") => return wrong_shape(table),
        Some("ResourceNotFoundException") => Error::unavailable(
            "the users' table does not exist in this account and region; the admin CLI's `aws init` makes it",
        ),
        code => Error::unavailable(format!("the users' table {}", trouble(code))),
    };
    told.with_source(format!("{}: {}", named(table), cause(error)))
}

/// A table as operators are told of it. Its name must be in no message: whoever calls reads those.
fn named(table: &str) -> String {
    format!("DynamoDB table `{table}`")
}

/// An error with all its causes, in words. The SDK's own way prints whole answers too, and those may hold a secret.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What a code of AWS means for whoever waits.
pub(crate) fn trouble(code: Option<&str>) -> &'static str {
    match code {
        Some(
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "ExpiredTokenException",
        ) => "refuses access; check the function's role and policy",
        Some(
            "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded",
        ) => "is throttled; try again later",
        _ => "can't be reached; try again later",
    }
}

/// A table that was not made for this.
pub(crate) fn wrong_shape(table: &str) -> Error {
    let told = "the users' table has another shape; it needs the string keys `pk` and `sk`, and the index `listings` of `listing` and `pk`";
    Error::unavailable(told).with_source(named(table))
}
