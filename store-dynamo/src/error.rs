//! Errors of AWS as [`Error`]s of the runtime. Every problem that may pass is `Unavailable`.
//! Callers read messages, so causes and the names of tables and secrets go into the error's source,
//! which only the log shows.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use mcp_lambda::Error;

/// Returns true if a write's condition did not hold.
pub(crate) fn is_unmet<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}

/// Returns true if a transaction about the same item was in progress
/// (`TransactionConflictException`, AWS DynamoDB Developer Guide, "Amazon DynamoDB Transactions"):
/// it passes in milliseconds, and the SDK does not wait for it.
pub(crate) fn is_contended<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("TransactionConflictException")
}

/// Returns the error of a write that met transactions about the same items for too long.
pub(crate) fn report_contention(table: &str) -> Error {
    Error::unavailable(
        "the users' table has too many writes about the same record at once; try again",
    )
    .with_source(name_table(table))
}

/// Returns the [`Error`] of a DynamoDB call that failed for another reason than its condition.
pub(crate) fn explain_failure<E, R>(table: &str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let message = error.message().unwrap_or_default().to_owned();
    let message = match error.code() {
        // DynamoDB has one code for both: an item over 400 KB, and keys that do not match the
        // table. Only the text distinguishes them.
        Some("ValidationException") if message.contains("size") => {
            Error::too_large("the value is too large for a DynamoDB item (400 KB): split it")
        }
        Some("ValidationException") => return report_wrong_schema(table),
        Some("ResourceNotFoundException") => Error::unavailable(
            "the users' table does not exist in this account and region; the admin CLI's `aws init` makes it",
        ),
        code => Error::unavailable(format!("the users' table {}", describe_code(code))),
    };
    message.with_source(format!("{}: {}", name_table(table), join_causes(error)))
}

/// Names a table for operators. Its name must be in no message: callers read those.
fn name_table(table: &str) -> String {
    format!("DynamoDB table `{table}`")
}

/// Joins an error and all its causes. The SDK's `Debug` format prints whole responses too, and
/// those may hold a secret.
pub(crate) fn join_causes(error: &dyn std::error::Error) -> String {
    // Only `Display` of each cause: the SDK's `Debug` includes raw responses.
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Returns a phrase for an error code that tells the caller what to do (AWS DynamoDB Developer
/// Guide, "Error handling with DynamoDB").
pub(crate) fn describe_code(code: Option<&str>) -> &'static str {
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

/// Returns the error of a table with another key schema.
pub(crate) fn report_wrong_schema(table: &str) -> Error {
    let message = "the users' table has another shape; it needs the string keys `pk` and `sk`, and the index `listings` of `listing` and `pk`";
    Error::unavailable(message).with_source(name_table(table))
}

/// Returns the error of a request that the SDK can't build from its parts.
pub(crate) fn explain_malformed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a request to AWS is malformed").with_source(error)
}
