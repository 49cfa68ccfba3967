//! The app with what MCP has beyond plain tools, opened to anyone.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_lambda::run(mcp_lambda_tests::protocol::app().allow_anonymous())
}
