//! `users add`: registers a user, and delivers the first token.

use std::path::{Path, PathBuf};

use clap::Args;
use mcp_lambda::admin::{NewUser, RegisteredUser};
use mcp_lambda::{Email, Error, ErrorKind, shell};
use serde_json::json;

use super::profile::read_profile;
use crate::clients::KnownClient;
use crate::connection::AdminSession;
use crate::context::CommandContext;
use crate::error::CliError;
use crate::token_delivery::{Delivery, TokenDelivery};
use crate::values::parse_duration;

/// Register a user and print the first token, once.
#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// The user's email.
    email: Email,
    /// Profile of the user: JSON, or @FILE.
    #[arg(long, value_name = "JSON|@FILE")]
    profile: Option<String>,
    /// Name of the token, such as laptop.
    #[arg(long)]
    name: Option<String>,
    /// Lifetime of the token, such as 12h or 90d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<u64>,
    /// Scope of the token, may be given several times; without any, everything the user may do.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Let the token call only tools that are marked as changing nothing.
    #[arg(long)]
    read_only: bool,
    /// Write the token into this file, readable by you alone, and don't show it.
    #[arg(long, value_name = "FILE")]
    save_to: Option<PathBuf>,
}

impl AddUser {
    /// Registers the user, and delivers the token. A token that can't be delivered is revoked; the user stays.
    pub(super) async fn run(self, context: &CommandContext) -> Result<(), CliError> {
        let session = context.session().await?;
        let profile = read_profile(context, self.profile.as_deref())?;
        let delivery = TokenDelivery::prepare(context, self.save_to.as_deref()).await?;
        let mut request = NewUser::new(self.email.clone());
        request.profile = profile;
        request.name = self.name;
        request.duration_seconds = self.expires;
        request.scopes = Some(self.scopes).filter(|scopes| !scopes.is_empty());
        request.read_only = self.read_only;
        let user = session
            .api
            .register(request)
            .await
            .map_err(|error| add_advice(error, &self.email))?;
        match delivery.deliver(&user.token) {
            Ok(Delivery::File(path)) => {
                print_file(context, &user, &path);
                Ok(())
            }
            Ok(Delivery::Print(command)) => print_token(context, &user, &command).await,
            Err(error) => Err(revoke_undelivered(session, &user.email, &error)
                .await
                .into()),
        }
    }
}

/// Prints the path of the file that holds a new user's first token.
fn print_file(context: &CommandContext, user: &RegisteredUser, path: &Path) {
    let answer = json!({ "email": user.email, "token_file": path, "duration_seconds": user.duration_seconds });
    context.output.print_answer(&answer, || {
        let (email, path) = (&user.email, path.display());
        format!("Registered {email}. The token is in {path}.")
    });
}

/// Prints a new user's first token, once, with the command that registers a client. A token that can't be written is revoked.
async fn print_token(
    context: &CommandContext,
    user: &RegisteredUser,
    command: &str,
) -> Result<(), CliError> {
    let answer = json!({ "email": user.email, "token": user.token.expose(), "duration_seconds": user.duration_seconds, "register": command });
    context.output.print_answer(&answer, || {
        let register = register_line(&context.target.program_name(), &user.email);
        let lifetime = format_duration(user.duration_seconds);
        format!(
            "Registered {}. This token is shown once and lives {lifetime}:\n\n  {}\n\nConnect {} with\n\n  {command}\n\n`{register}` has the line for another client, with a token of its own.",
            user.email, user.token.expose(), KnownClient::PRINTED_WITH_TOKENS.title()
        )
    });
    if context.output.write_error().is_some() {
        let session = context.session().await?;
        let error = Error::internal("the token can't be shown");
        return Err(revoke_undelivered(session, &user.email, &error)
            .await
            .into());
    }
    Ok(())
}

/// Returns the command that prints the instructions for another client.
fn register_line(program: &str, email: &Email) -> String {
    shell::line([
        program,
        "register",
        "--client",
        "CLIENT",
        "--user",
        email.as_str(),
    ])
}

/// Revokes the first token, which nobody has, and returns the error with what became of the token.
async fn revoke_undelivered(session: &AdminSession, email: &Email, error: &Error) -> Error {
    let create = shell::line(["tokens", "create", email.as_str()]);
    let outcome = match session.api.revoke(email).await {
        Ok(()) => "its token was revoked".to_owned(),
        Err(problem) => format!(
            "its token could not be revoked ({problem}): `{}` does it",
            shell::line(["users", "revoke", email.as_str()])
        ),
    };
    Error::new(
        error.kind(),
        format!("{error}; {email} is registered, and {outcome}; `{create}` makes another"),
    )
}

/// Adds the next step to the error for a user who is registered already.
fn add_advice(error: Error, email: &Email) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => {
            let create = shell::line(["tokens", "create", email.as_str()]);
            Error::already_exists(format!("{error}; `{create}` makes another token"))
        }
        _ => error,
    }
}

/// Formats a duration in the largest unit that it is a whole number of.
fn format_duration(seconds: u64) -> String {
    let units = [
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
        (1, "seconds"),
    ];
    let (factor, unit) = units
        .into_iter()
        .find(|(factor, _)| seconds.is_multiple_of(*factor))
        .unwrap_or((1, "seconds"));
    format!("{} {unit}", seconds / factor)
}
