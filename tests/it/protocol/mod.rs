//! What MCP has beyond plain tools: asking, reporting, prompts, resources, lists in pages, headers, and apps that are open.

mod ask;
mod context;
mod headers;
mod open;
mod pages;
mod prompts;
mod resources;
mod stdio;

use mcp_lambda::testkit::TestApp;
use mcp_lambda_tests::protocol;

/// The app with all of it, in memory.
async fn server() -> TestApp {
    TestApp::new(protocol::app()).await
}
