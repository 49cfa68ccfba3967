//! `aws`: what a deployment needs in AWS, made where it is missing.

use clap::Subcommand;
use mcp_lambda::{Error, shell};
use serde_json::json;

use crate::error::CliError;
use crate::output::Output;
use crate::target::AdminTarget;

#[derive(Debug, Subcommand)]
pub(crate) enum AwsCommand {
    /// Make the table and the signing key's secret; what is there already is left as it is.
    Init {
        /// The DynamoDB table, as in `USERS_TABLE`.
        #[arg(long)]
        table: String,
        /// The Secrets Manager secret, as in `SIGNING_KEY_SECRET`.
        #[arg(long)]
        secret: String,
        /// Another endpoint than AWS's own, such as an emulator's; `AWS_ENDPOINT_URL` does the same.
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
    },
    /// Put a new signing key into the secret. Users' tokens of the key before it go on, and end at the next rotation.
    Rotate {
        /// The Secrets Manager secret, as in `SIGNING_KEY_SECRET`.
        #[arg(long)]
        secret: String,
        /// Another endpoint than AWS's own, such as an emulator's; `AWS_ENDPOINT_URL` does the same.
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
        /// After a leak: rotate twice, so that the key before is out at once, and all tokens with it.
        #[arg(long)]
        revoke_previous: bool,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(
    subject: &AdminTarget,
    command: AwsCommand,
    output: &Output,
) -> Result<(), CliError> {
    match command {
        AwsCommand::Init {
            table,
            secret,
            endpoint,
        } => init(subject, &table, &secret, endpoint.as_deref(), output).await,
        AwsCommand::Rotate {
            secret,
            endpoint,
            revoke_previous,
            yes,
        } => rotate(&secret, endpoint.as_deref(), revoke_previous, yes, output).await,
    }
}

/// A fault with the place where it was met.
fn met(endpoint: Option<&str>) -> impl Fn(Error) -> CliError {
    move |error| {
        CliError::from_settings(match endpoint {
            Some(endpoint) => Error::new(error.kind(), format!("at {endpoint}: {error}")),
            None => error,
        })
    }
}

/// Describes the tokens that a rotation keeps, and those that it ends.
const GOES_ON: &str = "Users' tokens of the key before it go on; those of the one before that end.";
const ALL_ENDS: &str = "Every token of every user ends; each needs a new one.";

async fn rotate(
    secret: &str,
    endpoint: Option<&str>,
    revoke_previous: bool,
    yes: bool,
    output: &Output,
) -> Result<(), CliError> {
    let ends = if revoke_previous { ALL_ENDS } else { GOES_ON };
    let question = format!("This makes a new signing key. {ends} Type `{secret}` to go on:");
    if !yes && output.ask(&question).as_deref() != Some(secret) {
        return Err(CliError::Usage(format!(
            "nothing was rotated; give `--yes` to rotate {secret} without being asked"
        )));
    }
    mcp_lambda_dynamo::rotate(secret, endpoint)
        .await
        .map_err(met(endpoint))?;
    if revoke_previous {
        let again = mcp_lambda_dynamo::rotate(secret, endpoint)
            .await
            .map_err(met(endpoint));
        again.map_err(|failure| half_done(secret, &failure))?;
    }
    let answer = json!({ "rotated": secret, "previous_revoked": revoke_previous });
    output.print_answer(&answer, || {
        let after = if revoke_previous {
            "Every key before is out: new servers refuse all its tokens at once, those that run within ten minutes, or a minute after the first new token."
        } else {
            "Operators' tokens of the key before are refused as soon as a server knows the new key: within ten minutes, or a minute after the first new token; until then it refuses this CLI.\n\
             If the key before has leaked, it still makes users' tokens: `--revoke-previous` ends it."
        };
        format!("Rotated {secret}. {ends}\n{after}")
    });
    Ok(())
}

/// One rotation was made, and the second was not: what was to end goes on.
fn half_done(secret: &str, failure: &CliError) -> CliError {
    Error::unavailable(format!(
        "{secret} was rotated once, and not twice ({failure}): the key before still makes users' tokens; say it again"
    ))
    .into()
}

async fn init(
    subject: &AdminTarget,
    table: &str,
    secret: &str,
    endpoint: Option<&str>,
    output: &Output,
) -> Result<(), CliError> {
    let made = mcp_lambda_dynamo::init(table, secret, endpoint)
        .await
        .map_err(met(endpoint))?;
    let answer = json!({ "table": table, "table_is_new": made.table, "secret": secret, "secret_is_new": made.secret });
    output.print_answer(&answer, || {
        let state = |is_new| if is_new { "made" } else { "was there" };
        format!(
            "table   {table}: {}\nsecret  {secret}: {}\n\nStart the server with USERS_TABLE={table} and SIGNING_KEY_SECRET={secret}; then\n  {}",
            state(made.table), state(made.secret),
            shell::line([&subject.program_name(), "connect", "URL", "--signing-key-secret", secret])
        )
    });
    Ok(())
}
