//! The fixture app as a server binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run(mcp_lambda_tests::fixture::app().backend(mcp_lambda_dynamo::from_env()))
}
