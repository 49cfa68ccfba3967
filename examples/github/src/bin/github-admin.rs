//! The admin CLI of [`github::app`], by [`mcp_lambda_admin::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run(github::app())
}
