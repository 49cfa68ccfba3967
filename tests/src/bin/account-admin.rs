//! The admin CLI of the fixture app that keeps a profile.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run(mcp_lambda_tests::fixture::app_with_profile())
}
