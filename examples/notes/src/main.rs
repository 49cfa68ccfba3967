//! The server of [`notes::app`], by [`mcp_lambda::run`]: Lambda, HTTP or stdio.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run(notes::app().backend(mcp_lambda_dynamo::from_env()))
}
