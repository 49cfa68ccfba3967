//! The server of [`crm::app`], by [`mcp_lambda::run`]: Lambda, HTTP or stdio.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run(crm::app().backend(mcp_lambda_dynamo::from_env()))
}
