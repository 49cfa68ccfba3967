//! The server of [`everything::app`], by [`mcp_lambda::run`]: Lambda, HTTP or stdio.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run(everything::app().backend(mcp_lambda_dynamo::from_env()))
}
