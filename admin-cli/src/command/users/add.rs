//! `users add`: registers a user, and delivers the first token.

use clap::Args;
use std::path::{Path, PathBuf};

use mcp_lambda::admin::{NewUser, RegisteredUser};
use mcp_lambda::{Email, Error, ErrorKind, shell};
use serde_json::{Map, Value, json};

use super::profile;
use crate::clients::KnownClient;
use crate::connection::AdminSession;
use crate::error::CliError;
use crate::input::read_json;
use crate::output::Output;
use crate::target::AdminTarget;
use crate::token_delivery::{Delivery, TokenDelivery};
use crate::values::parse_duration;

/// The user to register, and the place for the first token.
#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// The user's email.
    email: Email,
    /// What the app keeps about the user: JSON, or @FILE.
    #[arg(long, value_name = "JSON|@FILE")]
    profile: Option<String>,
    /// What to call the token, such as laptop.
    #[arg(long)]
    name: Option<String>,
    /// How long the token lives, such as 12h or 90d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<u64>,
    /// What the token is good for; without any, everything the user may do.
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
    /// Returns the request, with the profile of `--profile` and of the fields' own flags.
    fn to_request(&self, flags: Option<Map<String, Value>>) -> Result<NewUser, CliError> {
        let profile = self.profile.as_deref().map(read_json).transpose()?;
        Ok(NewUser {
            email: self.email.clone(),
            profile: profile::merge(profile, flags)?,
            name: self.name.clone(),
            duration_seconds: self.expires,
            scopes: Some(self.scopes.clone()).filter(|scopes| !scopes.is_empty()),
            read_only: self.read_only,
        })
    }
}

/// Registers a user and delivers the first token.
pub(super) async fn run(
    subject: &AdminTarget,
    session: &AdminSession,
    wanted: AddUser,
    flags: Option<Map<String, Value>>,
    output: &Output,
) -> Result<(), CliError> {
    let user = wanted.to_request(flags)?;
    let email = wanted.email;
    let save_to = wanted.save_to.as_deref();
    let delivery = TokenDelivery::prepare(subject, session, save_to).await?;
    let new = session
        .api
        .register(user)
        .await
        .map_err(|error| conflict(error, &email))?;
    match delivery.deliver(&new.token) {
        Ok(Delivery::File(path)) => {
            report_file(&new, &path, output);
            Ok(())
        }
        Ok(Delivery::Print(line)) => show_token(subject, session, &new, &line, output).await,
        Err(error) => Err(token_failure(session, &new.email, &error).await.into()),
    }
}

/// Reports the file that holds a new user's first token.
fn report_file(new: &RegisteredUser, path: &Path, output: &Output) {
    let answer =
        json!({ "email": new.email, "token_file": path, "duration_seconds": new.duration_seconds });
    output.print_answer(&answer, || {
        format!(
            "RegisteredUser {}. The token is in {}.",
            new.email,
            path.display()
        )
    });
}

/// Prints a new user's first token, once.
async fn show_token(
    subject: &AdminTarget,
    session: &AdminSession,
    new: &RegisteredUser,
    line: &str,
    output: &Output,
) -> Result<(), CliError> {
    let token = new.token.expose();
    let life = lifetime(new.duration_seconds);
    let register = shell::line([
        &subject.program_name(),
        "register",
        "--client",
        "CLIENT",
        "--user",
        new.email.as_str(),
    ]);
    output.print_answer(&json!({ "email": new.email, "token": token, "duration_seconds": new.duration_seconds, "register": line }), || {
        format!(
            "RegisteredUser {}. This token is shown once and lives {life}:\n\n  {token}\n\nConnect {} with\n\n  {line}\n\n`{register}` has the line for another client, with a token of its own.",
            new.email, KnownClient::PRINTED_WITH_TOKENS.title()
        )
    });
    if output.write_error().is_some() {
        let error = Error::internal("the token can't be shown");
        return Err(token_failure(session, &new.email, &error).await.into());
    }
    Ok(())
}

/// The fault, after the first token, which nobody has, is ended.
async fn token_failure(session: &AdminSession, email: &Email, error: &Error) -> Error {
    let create = shell::line(["tokens", "create", email.as_str()]);
    let words = match session.api.revoke(email).await {
        Ok(()) => "its token was revoked".to_owned(),
        Err(fault) => {
            format!(
                "its token could not be revoked ({fault}): `{}` does it",
                shell::line(["users", "revoke", email.as_str()])
            )
        }
    };
    Error::new(
        error.kind(),
        format!("{error}; {email} is registered, and {words}; `{create}` makes another"),
    )
}

/// Adds the next step to the error of a user who is there already.
fn conflict(error: Error, email: &Email) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => {
            let create = shell::line(["tokens", "create", email.as_str()]);
            Error::already_exists(format!("{error}; `{create}` makes another token"))
        }
        _ => error,
    }
}

/// A time in the largest unit that it is a whole number of.
fn lifetime(seconds: u64) -> String {
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
