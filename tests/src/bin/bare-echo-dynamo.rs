//! A bare rmcp echo on `lambda_http` that reads one item of DynamoDB before each answer: `AWS_ENDPOINT_URL_DYNAMODB` says where.

use mcp_lambda_tests::aws::dynamo_client;
use mcp_lambda_tests::bare::{OneRead, on_lambda};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "it has no settings but this one")]
async fn main() -> Result<(), lambda_http::Error> {
    on_lambda(OneRead(dynamo_client(&std::env::var(
        "AWS_ENDPOINT_URL_DYNAMODB",
    )?)))
    .await
}
