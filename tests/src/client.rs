//! The fixture app in memory.

use mcp_lambda::testkit::TestApp;

/// The fixture app, as a laptop would have it.
pub async fn server() -> TestApp {
    TestApp::new(crate::fixture::app()).await
}
