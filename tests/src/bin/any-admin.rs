//! The generic admin CLI, `mcp-lambda`, which no other package's tests are given.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run_generic()
}
