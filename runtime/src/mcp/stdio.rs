//! Standard input and output. Nothing but MCP may be written to standard output while this runs.

use crate::error::{Error, Result};

use super::Seated;

/// Speaks until the input ends.
pub(super) async fn speak<S: Seated>(server: S) -> Result<()> {
    let running = rmcp::serve_server(server, rmcp::transport::stdio()).await;
    let running =
        running.map_err(|error| Error::unavailable("the client hung up before it spoke MCP").with_source(error))?;
    running.waiting().await.map(drop).map_err(|error| Error::internal("the conversation broke off").with_source(error))
}
