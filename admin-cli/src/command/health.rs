//! `health`: how the server is. An unhealthy one ends the command as an unreachable one does.

use mcp_lambda::Error;
use mcp_lambda::health::Status;
use serde_json::json;

use crate::connection::Session;
use crate::exit::Failure;
use crate::output::{Output, Styled, columns, columns_of_states, state};

pub(crate) async fn run(session: &Session, output: &Output) -> Result<(), Failure> {
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
        Styled::join(parts, "\n\n")
    });
    match health.status {
        Status::Unhealthy => Err(Error::unavailable("the server can't do its work").into()),
        Status::Healthy | Status::Degraded => Ok(()),
    }
}
