//! The fixture app's admin CLI.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run(mcp_lambda_tests::fixture::app())
}
