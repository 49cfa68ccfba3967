//! The admin CLI of crm.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run(crm::app())
}
