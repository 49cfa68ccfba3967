//! `probe`: a ladder from reaching the server to listing its tools. The first rung that breaks is named.
//!
//! It carries a token of its own, which discovers and lists; it never acts as a user.

use mcp_lambda::Error;

use crate::connection::AdminSession;
use crate::error::CliError;
use crate::output::{Output, StyledText, columns_of_states};
use crate::probe_steps;

pub(crate) async fn run(session: &AdminSession, output: &Output) -> Result<(), CliError> {
    let rungs = probe_steps::climb(session).await;
    output.answer(&probe_steps::report(session, &rungs), || {
        let rows = rungs.iter().map(|rung| match &rung.outcome {
            Ok(found) => ["ok".to_owned(), rung.name.clone(), found.clone()],
            Err(error) => ["FAILED".to_owned(), rung.name.clone(), error.chain()],
        });
        StyledText::join(
            [
                session.place().into(),
                columns_of_states(["", "RUNG", "FOUND"], rows),
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
