//! `users add`: registers a user, and delivers the first token.

use std::path::Path;

use mcp_lambda::admin::{NewUser, Registered};
use mcp_lambda::{Email, Error, ErrorKind, shell};
use serde_json::json;

use crate::clients::Client;
use crate::connection::Session;
use crate::exit::Failure;
use crate::output::Output;
use crate::subject::Subject;
use crate::token_delivery::{Delivery, TokenDelivery};

/// Registers a user and delivers the first token.
pub(super) async fn add(
    subject: &Subject,
    session: &Session,
    user: NewUser,
    save_to: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let email = user.email.clone();
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
fn report_file(new: &Registered, path: &Path, output: &Output) {
    let answer =
        json!({ "email": new.email, "token_file": path, "duration_seconds": new.duration_seconds });
    output.answer(&answer, || {
        format!(
            "Registered {}. The token is in {}.",
            new.email,
            path.display()
        )
    });
}

/// Prints a new user's first token, once.
async fn show_token(
    subject: &Subject,
    session: &Session,
    new: &Registered,
    line: &str,
    output: &Output,
) -> Result<(), Failure> {
    let token = new.token.expose();
    let life = lifetime(new.duration_seconds);
    let register = shell::line([
        &subject.command(),
        "register",
        "--client",
        "CLIENT",
        "--user",
        new.email.as_str(),
    ]);
    output.answer(&json!({ "email": new.email, "token": token, "duration_seconds": new.duration_seconds, "register": line }), || {
        format!(
            "Registered {}. This token is shown once and lives {life}:\n\n  {token}\n\nConnect {} with\n\n  {line}\n\n`{register}` has the line for another client, with a token of its own.",
            new.email, Client::PRINTED_WITH_TOKENS.title()
        )
    });
    if output.lost().is_some() {
        let error = Error::internal("the token can't be shown");
        return Err(token_failure(session, &new.email, &error).await.into());
    }
    Ok(())
}

/// The fault, after the first token, which nobody has, is ended.
async fn token_failure(session: &Session, email: &Email, error: &Error) -> Error {
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
