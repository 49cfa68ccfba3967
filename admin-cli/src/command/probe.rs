//! `probe`: a ladder from reaching the server to listing its tools. The first rung that breaks is named.
//!
//! It carries a token of its own, which discovers and lists; it never acts as a user.

use mcp_lambda::Error;

use crate::connection::Session;
use crate::exit::Failure;
use crate::ladder;
use crate::output::{Output, Styled, columns_of_states};

pub(crate) async fn run(session: &Session, output: &Output) -> Result<(), Failure> {
    let rungs = ladder::climb(session).await;
    output.answer(&ladder::report(session, &rungs), || {
        let rows = rungs.iter().map(|rung| match &rung.outcome {
            Ok(found) => ["ok".to_owned(), rung.name.clone(), found.clone()],
            Err(error) => ["FAILED".to_owned(), rung.name.clone(), error.chain()],
        });
        Styled::join(
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
