//! `health`: how the server is. An unhealthy one ends the command as an unreachable one does.

use mcp_lambda::Error;
use mcp_lambda::health::Status;
use serde_json::json;

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::{Output, StyledText, columns, columns_of_states, state};

pub(crate) async fn run(session: &AdminSession, output: &Output) -> Result<(), CliError> {
    let health = session.api.health().await?;
    output.answer(&health, || {
        let checks = health
            .checks
            .iter()
            .map(|(part, word)| [word.clone(), part.clone()]);
        let details = health
            .details
            .iter()
            .map(|(part, told)| [part.clone(), told.clone()]);
        let status = json!(health.status);
        let parts = [
            state(status.as_str().unwrap_or_default()),
            columns_of_states(["STATE", "CHECK"], checks),
            columns(["PART", "DETAIL"], details),
        ];
        StyledText::join(parts, "\n\n")
    });
    match health.status {
        Status::Unhealthy => Err(Error::unavailable("the server can't do its work").into()),
        Status::Healthy | Status::Degraded => Ok(()),
    }
}
