//! The fixture app in memory.

use mcp_lambda::testkit::TestApp;

/// The fixture app, as a laptop would have it.
pub async fn house() -> TestApp {
    TestApp::new(crate::fixture::app()).await
}
