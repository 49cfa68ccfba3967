//! `aws`: what a deployment needs in AWS, made where it is missing.

use mcp_lambda::Error;
use serde_json::json;

use crate::Subject;
use crate::cli::Aws;
use crate::exit::Failure;
use crate::output::Output;

pub(crate) async fn run(subject: &Subject, command: Aws, output: &Output) -> Result<(), Failure> {
    let Aws::Init { table, secret, endpoint } = command;
    let made = mcp_lambda_dynamo::init(&table, &secret, endpoint.as_deref()).await;
    let made = made.map_err(|error| match &endpoint {
        Some(endpoint) => Error::new(error.kind(), format!("at {endpoint}: {error}")),
        None => error,
    })?;
    let answer = json!({ "table": table, "table_is_new": made.table, "secret": secret, "secret_is_new": made.secret });
    output.answer(&answer, || {
        let state = |is_new| if is_new { "made" } else { "was there" };
        format!(
            "table   {table}: {}\nsecret  {secret}: {}\n\nStart the server with USERS_TABLE={table} and SIGNING_KEY_SECRET={secret}; then\n  {} connect URL --signing-key-secret {secret}",
            state(made.table), state(made.secret), subject.command()
        )
    });
    Ok(())
}
