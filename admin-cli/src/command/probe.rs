//! `probe`: a ladder from reaching the server to listing its tools. The first rung that breaks is named.
//!
//! It carries a token of its own, which discovers and lists; it never acts as a user.

use mcp_lambda::Error;

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::{Output, StyledText, format_state_table};
use crate::probe_steps;

pub(crate) async fn run(session: &AdminSession, output: &Output) -> Result<(), CliError> {
    let rungs = probe_steps::run_steps(session).await;
    output.print_answer(&probe_steps::to_json(session, &rungs), || {
        let rows = rungs.iter().map(|rung| match &rung.outcome {
            Ok(found) => ["ok".to_owned(), rung.name.clone(), found.clone()],
            Err(error) => ["FAILED".to_owned(), rung.name.clone(), error.chain()],
        });
        StyledText::join(
            [
                session.describe().into(),
                format_state_table(["", "RUNG", "FOUND"], rows),
            ],
            "\n\n",
        )
    });
    match rungs
        .into_iter()
        .find_map(|rung| rung.outcome.err().map(|error| (rung.name, error)))
    {
        None => Ok(()),
        Some((name, error)) => {
            Err(Error::new(error.kind(), format!("the rung `{name}` does not hold")).into())
        }
    }
}
