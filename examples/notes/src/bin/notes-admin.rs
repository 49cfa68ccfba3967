//! The admin CLI of notes.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda_admin::run(notes::app())
}
