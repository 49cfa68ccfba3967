//! `aws`: what a deployment needs in AWS, made where it is missing.

use mcp_lambda::Error;
use serde_json::json;

use crate::Subject;
use crate::cli::Aws;
use crate::exit::Failure;
use crate::output::Output;

pub(crate) async fn run(subject: &Subject, command: Aws, output: &Output) -> Result<(), Failure> {
    match command {
        Aws::Init { table, secret, endpoint } => init(subject, &table, &secret, endpoint.as_deref(), output).await,
        Aws::Rotate { secret, endpoint, yes } => rotate(&secret, endpoint.as_deref(), yes, output).await,
    }
}

/// A fault with the place where it was met.
fn met(endpoint: Option<&str>) -> impl Fn(Error) -> Error {
    move |error| match endpoint {
        Some(endpoint) => Error::new(error.kind(), format!("at {endpoint}: {error}")),
        None => error,
    }
}

async fn rotate(secret: &str, endpoint: Option<&str>, yes: bool, output: &Output) -> Result<(), Failure> {
    let question = format!(
        "This makes a new signing key. Tokens of the key before it go on; those of the one before that end. Type `{secret}` to go on:"
    );
    if !yes && output.ask(&question).as_deref() != Some(secret) {
        return Err(Failure::Usage(format!(
            "nothing was rotated; give `--yes` to rotate {secret} without being asked"
        )));
    }
    mcp_lambda_dynamo::rotate(secret, endpoint).await.map_err(met(endpoint))?;
    output.answer(&json!({ "rotated": secret }), || {
        format!(
            "Rotated {secret}. Servers learn of it within a minute of the first token it signs, and until then they refuse this CLI.\n\
             Tokens of the key before it go on; give users new ones before you rotate again."
        )
    });
    Ok(())
}

async fn init(
    subject: &Subject,
    table: &str,
    secret: &str,
    endpoint: Option<&str>,
    output: &Output,
) -> Result<(), Failure> {
    let made = mcp_lambda_dynamo::init(table, secret, endpoint).await.map_err(met(endpoint))?;
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
