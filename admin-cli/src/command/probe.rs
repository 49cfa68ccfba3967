//! `probe`: the steps from reaching the server to listing its tools; the first that fails is named.

use clap::Args;
use mcp_lambda::Error;

use crate::context::CommandContext;
use crate::error::CliError;
use crate::output::{StyledText, format_state_table};
use crate::probe_steps::{StepResult, run_steps, to_json};

/// Try everything a client needs, step by step, and name the one that fails. It never acts as a user.
#[derive(Debug, Args)]
pub(crate) struct ProbeCommand {}

impl ProbeCommand {
    /// Runs the steps, prints all results, and returns the error of the step that failed.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let session = context.session().await?;
        let results = run_steps(session).await;
        context
            .output
            .print_answer(&to_json(session, &results), || {
                let table = format_state_table(["", "STEP", "FOUND"], results.iter().map(to_row));
                StyledText::join([session.describe().into(), table], "\n\n")
            });
        let failed = results
            .into_iter()
            .find_map(|result| Some((result.name, result.outcome.err()?)));
        match failed {
            None => Ok(()),
            Some((name, error)) => {
                Err(Error::new(error.kind(), format!("the step `{name}` failed")).into())
            }
        }
    }
}

fn to_row(result: &StepResult) -> [String; 3] {
    match &result.outcome {
        Ok(found) => ["ok".to_owned(), result.name.clone(), found.clone()],
        Err(error) => ["FAILED".to_owned(), result.name.clone(), error.chain()],
    }
}
