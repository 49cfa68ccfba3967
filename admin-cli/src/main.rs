//! The generic admin CLI: any deployment, by its URL, without the app's code.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run_generic()
}
