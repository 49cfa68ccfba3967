//! The echo as an app: the same work as the bare ones, with identity, users, limits and logs.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run(mcp_lambda_tests::fixture::echo_app().backend(mcp_lambda_dynamo::from_env()))
}
