//! `health`: the state of the server, of its parts, and their details.

use clap::Args;
use mcp_lambda::Error;
use mcp_lambda::health::{Details, Status};

use crate::context::CommandContext;
use crate::error::CliError;
use crate::output::{StyledText, format_state, format_state_table, format_status, format_table};

/// Show the server's health.
#[derive(Debug, Args)]
pub(crate) struct HealthCommand {}

impl HealthCommand {
    /// Prints the health. An unhealthy server is an error with the exit code of an unreachable one.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let health = context.session().await?.api.health().await?;
        context.output.print_answer(&health, || describe(&health));
        match health.status {
            Status::Healthy | Status::Degraded => Ok(()),
            _ => Err(Error::unavailable("the server can't do its work").into()),
        }
    }
}

fn describe(health: &Details) -> StyledText {
    let checks = health
        .checks
        .iter()
        .map(|(part, state)| [state.clone(), part.clone()]);
    let details = health
        .details
        .iter()
        .map(|(part, detail)| [part.clone(), detail.clone()]);
    let parts = [
        format_state(format_status(health.status)),
        format_state_table(["STATE", "CHECK"], checks),
        format_table(["PART", "DETAIL"], details),
    ];
    StyledText::join(parts, "\n\n")
}
