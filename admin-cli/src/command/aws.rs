//! `aws`: creates what a deployment needs in AWS, and rotates its signing key.

use clap::{Args, Subcommand};
use mcp_lambda::{Error, shell};
use serde_json::json;

use crate::context::CommandContext;
use crate::error::CliError;

/// Make what a deployment needs in AWS, or in an emulator of it, and rotate its signing key.
#[derive(Debug, Subcommand)]
pub(crate) enum AwsCommand {
    Init(InitAws),
    Rotate(RotateKey),
}

impl AwsCommand {
    /// Runs the command with the AWS credentials of this shell. No connection is used.
    pub(crate) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        match self {
            Self::Init(command) => command.run(context).await,
            Self::Rotate(command) => command.run(context).await,
        }
    }
}

/// Make the table and the signing key's secret; what is there already is left as it is.
#[derive(Debug, Args)]
pub(crate) struct InitAws {
    /// The DynamoDB table, as in `USERS_TABLE`.
    #[arg(long)]
    table: String,
    /// The Secrets Manager secret, as in `SIGNING_KEY_SECRET`.
    #[arg(long)]
    secret: String,
    /// Another endpoint than AWS's own, such as an emulator's; `AWS_ENDPOINT_URL` does the same.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

impl InitAws {
    async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let Self {
            table,
            secret,
            endpoint,
        } = self;
        let endpoint = endpoint.as_deref();
        let made = mcp_lambda_dynamo::init(&table, &secret, endpoint)
            .await
            .map_err(name_endpoint(endpoint))?;
        let answer = json!({ "table": table, "table_is_new": made.table, "secret": secret, "secret_is_new": made.secret });
        context.output.print_answer(&answer, || {
            let state = |is_new| if is_new { "made" } else { "was there" };
            let program = context.target.program_name();
            format!(
                "table   {table}: {}\nsecret  {secret}: {}\n\nStart the server with USERS_TABLE={table} and SIGNING_KEY_SECRET={secret}; then\n  {}",
                state(made.table), state(made.secret),
                shell::line([&program, "connect", "URL", "--signing-key-secret", &secret])
            )
        });
        Ok(())
    }
}

/// Put a new signing key into the secret. Users' tokens of the key before it go on, and end at the next rotation.
#[derive(Debug, Args)]
pub(crate) struct RotateKey {
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
}

impl RotateKey {
    /// The effect of one rotation on tokens: the server verifies with the new key and with the one before it.
    const ONE_ROTATION: &str =
        "Users' tokens of the key before it go on; those of the one before that end.";

    /// The effect of two rotations: the key that was current is not known any more.
    const TWO_ROTATIONS: &str = "Every token of every user ends; each needs a new one.";

    /// The time after which servers know of one rotation, and what a leak needs beyond it.
    const AFTER_ONE: &str = "Operators' tokens of the key before are refused as soon as a server knows the new key: within ten minutes, or a minute after the first new token; until then it refuses this CLI.\n\
         If the key before has leaked, it still makes users' tokens: `--revoke-previous` ends it.";

    /// The time after which servers know of both rotations.
    const AFTER_TWO: &str = "Every key before is out: new servers refuse all its tokens at once, those that run within ten minutes, or a minute after the first new token.";

    async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let secret = self.secret.as_str();
        let endpoint = self.endpoint.as_deref();
        self.confirm(context)?;
        mcp_lambda_dynamo::rotate(secret, endpoint)
            .await
            .map_err(name_endpoint(endpoint))?;
        if self.revoke_previous {
            mcp_lambda_dynamo::rotate(secret, endpoint)
                .await
                .map_err(name_endpoint(endpoint))
                .map_err(|error| second_rotation_error(secret, &error))?;
        }
        let answer = json!({ "rotated": secret, "previous_revoked": self.revoke_previous });
        context.output.print_answer(&answer, || {
            let effect = self.effect();
            let after = if self.revoke_previous {
                Self::AFTER_TWO
            } else {
                Self::AFTER_ONE
            };
            format!("Rotated {secret}. {effect}\n{after}")
        });
        Ok(())
    }

    const fn effect(&self) -> &'static str {
        if self.revoke_previous {
            Self::TWO_ROTATIONS
        } else {
            Self::ONE_ROTATION
        }
    }

    /// Asks for the secret's name, unless `--yes` is given.
    fn confirm(&self, context: &CommandContext) -> Result<(), CliError> {
        let secret = &self.secret;
        let effect = self.effect();
        let question = format!("This makes a new signing key. {effect} Type `{secret}` to go on:");
        if self.yes || context.output.ask(&question).as_ref() == Some(secret) {
            return Ok(());
        }
        Err(CliError::Usage(format!(
            "nothing was rotated; give `--yes` to rotate {secret} without being asked"
        )))
    }
}

/// Names the endpoint in an error, if it is not AWS's own.
fn name_endpoint(endpoint: Option<&str>) -> impl Fn(Error) -> CliError {
    move |error| {
        CliError::from_settings(match endpoint {
            Some(endpoint) => Error::new(error.kind(), format!("at {endpoint}: {error}")),
            None => error,
        })
    }
}

/// Returns the error of a rotation that failed after the first: the key that was to end is still verified with.
fn second_rotation_error(secret: &str, error: &CliError) -> CliError {
    Error::unavailable(format!(
        "{secret} was rotated once, and not twice ({error}): the key before still makes users' tokens; say it again"
    ))
    .into()
}
