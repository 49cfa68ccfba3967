//! Standard input and output. Nothing but MCP may be written to standard output while this runs.

use crate::error::{Error, Result};

use super::Seated;

/// Speaks until the input ends.
pub(super) async fn speak<S: Seated>(server: S) -> Result<()> {
    let running = rmcp::serve_server(server, rmcp::transport::stdio()).await;
    // rmcp's own words quote the whole message.
    let running = running
        .map_err(|_| Error::unavailable("the client hung up, or began with something else than `initialize`"))?;
    running.waiting().await.map(drop).map_err(|error| Error::internal("the conversation broke off").with_source(error))
}
