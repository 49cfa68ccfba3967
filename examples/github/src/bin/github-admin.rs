//! The admin CLI of github.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run(github::app())
}
