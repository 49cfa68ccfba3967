//! `health`: how the server is. An unhealthy one ends the command as an unreachable one does.

use mcp_lambda::Error;
use mcp_lambda::health::Status;
use serde_json::json;

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::{Output, StyledText, format_state, format_state_table, format_table};

pub(crate) async fn run(session: &AdminSession, output: &Output) -> Result<(), CliError> {
    let health = session.api.health().await?;
    output.print_answer(&health, || {
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
            format_state(status.as_str().unwrap_or_default()),
            format_state_table(["STATE", "CHECK"], checks),
            format_table(["PART", "DETAIL"], details),
        ];
        StyledText::join(parts, "\n\n")
    });
    match health.status {
        Status::Unhealthy => Err(Error::unavailable("the server can't do its work").into()),
        Status::Healthy | Status::Degraded => Ok(()),
    }
}
